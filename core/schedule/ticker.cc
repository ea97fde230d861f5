#include "core/schedule/ticker.h"

#include <algorithm>

namespace assetd {
namespace {

constexpr Millis kLate = std::chrono::minutes{1};     // later than this is a misfire
constexpr Millis kSetBack = std::chrono::minutes{1};  // smaller steps back are waited out
constexpr std::size_t kMostCaughtUp = 100;
constexpr std::size_t kMostLookedAt = 100'000;        // instants of one schedule after a long stop
constexpr std::size_t kRecentKept = 1'000;

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
    Entry entry{spec, std::move(*cron), {}, std::nullopt, {}};
    if (const auto old = before.find(spec.name); old != before.end()) {
      entry.position = old->second.position;
      entry.recent = std::move(old->second.recent);
    } else if (const auto kept = stored.find(spec.name); kept != stored.end()) {
      entry.position = kept->second;
    }
    if (!entry.position.cursor || entry.position.fingerprint != fingerprint(spec)) entry.position.cursor = now;
    entry.position.fingerprint = fingerprint(spec);
    auto& placed = entries_.emplace(spec.name, std::move(entry)).first->second;
    requeue(placed);
  }
}

std::optional<WallTime> Ticker::next_instant() const { return queue_.empty() ? std::nullopt : std::optional(queue_.begin()->first); }

std::vector<DueTick> Ticker::due(WallTime now) {
  if (last_now_ && now < *last_now_ - kSetBack)
    for (auto& [name, entry] : entries_)
      if (*entry.position.cursor > now) {
        entry.position.cursor = now;
        requeue(entry);
      }
  last_now_ = now;
  std::vector<DueTick> out;
  while (!queue_.empty() && queue_.begin()->first <= now) {
    auto& entry = entries_.at(queue_.begin()->second);
    collect(entry, now, out);
    requeue(entry);
  }
  std::stable_sort(out.begin(), out.end(), [](const DueTick& a, const DueTick& b) { return a.instant < b.instant; });
  return out;
}

void Ticker::collect(Entry& entry, WallTime now, std::vector<DueTick>& out) {
  std::vector<WallTime> instants;
  for (auto at = entry.next; at && *at <= now && instants.size() < kMostLookedAt; at = entry.cron.next(*at))
    if (!entry.recent.contains(*at)) instants.push_back(*at);
  entry.position.cursor = now;
  if (instants.empty()) return;
  std::size_t first = 0;  // of those that run
  std::string why = "missed while the daemon was not running";
  switch (entry.spec.misfire) {
    case Misfire::all:
      first = instants.size() > kMostCaughtUp ? instants.size() - kMostCaughtUp : 0;
      why = "more than 100 ticks were missed";
      break;
    case Misfire::once:
      first = instants.size() - 1;
      why = "one run stands for all missed ticks";
      break;
    case Misfire::skip:
      while (first < instants.size() && now - instants[first] > kLate) ++first;
      break;
  }
  // Of those that do not run only the newest is worth a record: a year of minutes would be half a million.
  if (first > 0) out.push_back({entry.spec.name, instants[first - 1], false, std::to_string(first) + (first == 1 ? " tick: " : " ticks: ") + why});
  for (auto i = first; i < instants.size(); ++i) out.push_back({entry.spec.name, instants[i], true, ""});
  for (auto i = first > 0 ? first - 1 : 0; i < instants.size(); ++i) entry.recent.insert(instants[i]);
  while (entry.recent.size() > kRecentKept) entry.recent.erase(entry.recent.begin());
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
