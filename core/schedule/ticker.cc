#include "core/schedule/ticker.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace assetd {
namespace {

constexpr Millis kLate = std::chrono::minutes{1};     // later than this is a misfire
constexpr Millis kSetBack = std::chrono::minutes{1};  // smaller steps back are waited out
constexpr std::size_t kMostCaughtUp = 100;
constexpr std::size_t kMostLookedAt = 1'000;  // instants of one schedule after a long stop, the newest

std::string why_missed(Misfire misfire) {
  switch (misfire) {
    case Misfire::all: return "more than 100 ticks were missed";
    case Misfire::once: return "one run stands for all missed ticks";
    case Misfire::skip: break;
  }
  return "missed while the daemon was not running";
}

bool runs(Misfire misfire, Millis late, std::size_t newer) {
  if (misfire == Misfire::skip) return late <= kLate;
  return newer < (misfire == Misfire::once ? 1 : kMostCaughtUp);
}

}  // namespace

void Ticker::requeue(Entry& entry) {
  if (entry.next) queue_.erase({*entry.next, entry.spec.name});
  entry.next = entry.cron.next(*entry.position.cursor);
  if (entry.next && !entry.paused()) queue_.emplace(*entry.next, entry.spec.name);
}

void Ticker::define(const std::vector<ScheduleSpec>& schedules, const std::map<std::string, SchedulePosition>& stored, WallTime now) {
  auto before = std::move(entries_);
  entries_.clear();
  queue_.clear();
  for (const auto& spec : schedules) {
    auto cron = CronSchedule::parse(spec.cron, spec.timezone);
    if (!cron) continue;  // the loader has refused it; a stored version from another assetd must not stop a start
    Entry entry{spec, std::move(*cron), {}, std::nullopt};
    if (const auto old = before.find(spec.name); old != before.end()) {
      entry.position = old->second.position;
    } else if (const auto kept = stored.find(spec.name); kept != stored.end()) {
      entry.position = kept->second;
    }
    auto& cursor = entry.position.cursor;
    if (!cursor || entry.position.fingerprint != fingerprint(spec) || *cursor > now + kSetBack) cursor = now;
    entry.position.fingerprint = fingerprint(spec);
    auto& placed = entries_.emplace(spec.name, std::move(entry)).first->second;
    requeue(placed);
  }
}

std::optional<WallTime> Ticker::next_instant() const { return queue_.empty() ? std::nullopt : std::optional(queue_.begin()->first); }

void Ticker::return_cursors(WallTime now) {
  for (auto& [name, entry] : entries_) {
    if (*entry.position.cursor <= now) continue;
    entry.position.cursor = now;
    requeue(entry);
  }
}

std::vector<DueTick> Ticker::due(WallTime now, const HadTick& had, std::size_t enough) {
  if (last_now_ && now < *last_now_ - kSetBack) return_cursors(now);
  last_now_ = now;
  std::vector<DueTick> out;
  while (!queue_.empty() && queue_.begin()->first <= now && out.size() < enough) {
    auto& entry = entries_.at(queue_.begin()->second);
    collect(entry, now, had, out);
    requeue(entry);
  }
  std::stable_sort(out.begin(), out.end(), [](const DueTick& a, const DueTick& b) { return a.instant < b.instant; });
  return out;
}

// From the newest back: what runs is among the newest, and of what does not run only the newest is worth a record.
void Ticker::collect(Entry& entry, WallTime now, const HadTick& had, std::vector<DueTick>& out) {
  const auto since = std::exchange(entry.position.cursor, now);
  const auto& [name, misfire] = std::tie(entry.spec.name, entry.spec.misfire);
  std::vector<DueTick> newest_first;
  std::optional<WallTime> missed;
  std::size_t count = 0, looked_at = 0;
  auto at = entry.cron.previous(now);
  for (; at && *at > *since && looked_at < kMostLookedAt; at = entry.cron.previous(*at - Millis{1}), ++looked_at) {
    if (had(name, *at)) continue;
    if (runs(misfire, now - *at, newest_first.size())) {
      newest_first.push_back({name, *at, true, ""});
    } else {
      if (count++ == 0) missed = *at;
    }
  }
  if (missed) {
    const bool more = at && *at > *since;
    newest_first.push_back({name, *missed, false, (more ? "more than " : "") + std::to_string(count) + (count == 1 ? " tick: " : " ticks: ") + why_missed(misfire)});
  }
  out.insert(out.end(), newest_first.rbegin(), newest_first.rend());
}

bool Ticker::pause(const std::string& schedule, bool paused, const std::string& by, const std::string& reason, WallTime now) {
  const auto it = entries_.find(schedule);
  if (it == entries_.end()) return false;
  auto& entry = it->second;
  entry.position.paused = paused;
  entry.position.paused_by = paused ? by : "";
  entry.position.pause_reason = paused ? reason : "";
  // What fell into the pause is not made up for.
  entry.position.cursor = std::max(*entry.position.cursor, now);
  requeue(entry);
  return true;
}

}  // namespace assetd
