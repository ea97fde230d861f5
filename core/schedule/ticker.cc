#include "core/schedule/ticker.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
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

/// In [0, jitter). FNV-1a of name and instant, its bits mixed (the end of SplitMix64): neighbours must not get similar delays. For ever the same: a change
/// would move the ticks of everybody.
Millis jitter_delay(std::string_view name, WallTime instant, Millis jitter) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  const auto add = [&](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3ULL; };
  for (const unsigned char byte : name) add(byte);
  auto number = static_cast<std::uint64_t>(instant.time_since_epoch().count());
  for (int i = 0; i < 8; ++i, number >>= 8) add(static_cast<unsigned char>(number));
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
  hash ^= hash >> 31;
  return Millis(static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(jitter.count())));
}

/// The cron that a fingerprint is of.
std::optional<CronSchedule> cron_of(const std::string& fingerprint) {
  const auto blank = fingerprint.rfind(' ');  // none is in the name of a zone
  if (blank == std::string::npos) return std::nullopt;
  auto cron = CronSchedule::parse(std::string_view(fingerprint).substr(0, blank), std::string_view(fingerprint).substr(blank + 1));
  return cron ? std::optional(*std::move(cron)) : std::nullopt;
}

/// The instant that waits for its moment and has not been dealt with.
std::optional<WallTime> waiting(const Ticker::Entry& entry, WallTime now) {
  const auto settled = entry.settled(now);
  return settled == now || *entry.position.cursor > settled ? std::nullopt : entry.cron.next(settled);
}

/// Of a schedule whose cron was edited: does an instant wait for its moment that was one before the edit, and had not been dealt with then?
bool still_waits(const Ticker::Entry& entry, WallTime now) {
  const auto instant = waiting(entry, now);
  const auto before = instant ? cron_of(entry.position.fingerprint) : std::nullopt;
  return before && before->previous(*instant) == instant;
}

}  // namespace

WallTime Ticker::Entry::moment_of(WallTime instant) const {
  if (spec.jitter <= Millis{0}) return instant;
  const auto moment = instant + jitter_delay(spec.name, instant, spec.jitter);
  const auto following = cron.next(instant);
  return following ? std::min(moment, *following) : moment;
}

WallTime Ticker::Entry::settled(WallTime now) const {
  if (spec.jitter <= Millis{0}) return now;
  const auto newest = cron.previous(now);
  return newest && moment_of(*newest) > now ? *newest - Millis{1} : now;
}

void Ticker::requeue(Entry& entry) {
  if (entry.moment) queue_.erase({*entry.moment, entry.spec.name});
  entry.next = entry.cron.next(*entry.position.cursor);
  entry.moment = entry.next ? std::optional(entry.moment_of(*entry.next)) : std::nullopt;
  if (entry.moment && !entry.paused()) queue_.emplace(*entry.moment, entry.spec.name);
}

void Ticker::pass_over(Entry& entry, WallTime now) {
  auto& cursor = entry.position.cursor;
  if (cursor) cursor = std::max(*cursor, entry.settled(now));
}

void Ticker::place(Entry& entry, WallTime now) {
  auto& cursor = entry.position.cursor;
  const auto edited = entry.position.fingerprint != fingerprint(entry.spec);
  if (!cursor || (edited && !still_waits(entry, now))) cursor = now;
  else if (edited || *cursor > now + kSetBack) cursor = entry.settled(now);
  entry.position.fingerprint = fingerprint(entry.spec);
}

void Ticker::define(const std::vector<ScheduleSpec>& schedules, const std::map<std::string, SchedulePosition>& stored, WallTime now) {
  auto before = std::move(entries_);
  entries_.clear();
  queue_.clear();
  for (const auto& spec : schedules) {
    auto cron = CronSchedule::parse(spec.cron, spec.timezone);
    if (!cron) continue;  // the loader has refused it; a stored version from another assetd must not stop a start
    Entry entry{spec, std::move(*cron), {}, {}, {}, {}};
    if (const auto old = before.find(spec.name); old != before.end()) {
      entry.position = old->second.position;
      if (old->second.paused()) pass_over(entry, now);
      else entry.hurried = waiting(old->second, now);
    } else if (const auto kept = stored.find(spec.name); kept != stored.end()) {
      entry.position = kept->second;
      if (defined_) pass_over(entry, now);
    }
    place(entry, now);
    auto& placed = entries_.emplace(spec.name, std::move(entry)).first->second;
    requeue(placed);
  }
  defined_ = true;
}

std::optional<WallTime> Ticker::next_moment() const { return queue_.empty() ? std::nullopt : std::optional(queue_.begin()->first); }

void Ticker::return_cursors(WallTime now) {
  for (auto& [name, entry] : entries_) {
    if (*entry.position.cursor <= now) continue;
    entry.position.cursor = entry.settled(now);
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
  std::stable_sort(out.begin(), out.end(), [](const DueTick& a, const DueTick& b) { return a.moment < b.moment; });
  return out;
}

// From the newest back: what runs is among the newest, and of what does not run only the newest is worth a record.
void Ticker::collect(Entry& entry, WallTime now, const HadTick& had, std::vector<DueTick>& out) {
  const auto since = std::exchange(entry.position.cursor, entry.settled(now));
  const auto& [name, misfire] = std::tie(entry.spec.name, entry.spec.misfire);
  std::vector<DueTick> newest_first;
  std::optional<WallTime> missed;
  std::size_t count = 0, looked_at = 0;
  auto at = entry.cron.previous(*entry.position.cursor);
  for (; at && *at > *since && looked_at < kMostLookedAt; at = entry.cron.previous(*at - Millis{1}), ++looked_at) {
    if (had(name, *at)) continue;
    const auto moment = entry.moment_of(*at);
    if (runs(misfire, at == entry.hurried ? Millis{0} : now - moment, newest_first.size())) {
      newest_first.push_back({name, *at, moment, true, ""});
    } else {
      if (count++ == 0) missed = *at;
    }
  }
  if (missed) {
    const bool more = at && *at > *since;
    newest_first.push_back({name, *missed, entry.moment_of(*missed), false, (more ? "more than " : "") + std::to_string(count) + (count == 1 ? " tick: " : " ticks: ") + why_missed(misfire)});
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
  pass_over(entry, now);
  requeue(entry);
  return true;
}

}  // namespace assetd
