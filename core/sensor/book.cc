#include "core/sensor/book.h"

#include <algorithm>

#include "core/definition/names.h"

namespace assetd {
namespace {

constexpr Millis kLeastGap{500};        // between the begins of two evaluations, however much happens
constexpr Millis kFollowedPace{60'000}; // of a sensor that is told: what was not told is found all the same

bool looks_by_itself(const SensorSpec& spec) { return spec.kind != SensorKind::webhook; }

/// In a process of somebody else's, which may hang.
bool asks(const SensorSpec& spec) { return spec.kind == SensorKind::program || spec.kind == SensorKind::sql; }

/// Does it find the same? Else what is under way says nothing about it.
bool watches_the_same(const SensorSpec& a, const SensorSpec& b) {
  return a.kind == b.kind && a.file == b.file && a.asset == b.asset && a.sql == b.sql && a.run == b.run;
}

/// What a cursor is of: the value of one query says nothing of another's.
std::string owner_of_cursor(const SensorSpec& spec) {
  std::string owner(name_of(spec.kind));
  if (spec.kind != SensorKind::sql) return owner;
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const unsigned char byte : spec.sql.resource + "\n" + spec.sql.query) hash = (hash ^ byte) * 16777619u;
  return owner + " " + std::to_string(hash);
}

}  // namespace

Millis SensorBook::pace(const Entry& entry) const {
  const bool is_told = entry.followed || entry.spec.kind == SensorKind::asset;
  return is_told ? std::max(entry.spec.every, kFollowedPace) : entry.spec.every;
}

void SensorBook::define(const std::vector<SensorSpec>& sensors, const std::map<std::string, SensorState>& stored, const std::map<std::string, SensorTick>& last_ticks,
                        const Now& now) {
  std::map<std::string, Entry> next;
  for (const auto& spec : sensors) {
    auto& entry = next[spec.name];
    const auto before = entries_.find(spec.name);
    if (before != entries_.end() && watches_the_same(before->second.spec, spec)) {
      entry = std::move(before->second);
      entry.due = entry.due && !entry.evaluation ? std::min(*entry.due, std::max(now.boot, entry.begun + pace(entry))) : entry.due;
      entry.spec = spec;
      continue;
    }
    entry.spec = spec;
    const auto kind = owner_of_cursor(spec);
    if (before != entries_.end()) {
      entry.state = before->second.state;
      entry.last_tick = before->second.last_tick;
      entry.evaluation = before->second.evaluation;
      entry.stale = true;
    } else if (const auto known = stored.find(spec.name); known != stored.end()) {
      entry.state = known->second;
      if (const auto tick = last_ticks.find(spec.name); tick != last_ticks.end()) entry.last_tick = tick->second;
    }
    if (entry.state.kind != kind) entry.state.cursor.clear();
    entry.state.sensor = spec.name;
    entry.state.kind = kind;
    if (looks_by_itself(spec)) entry.due = now.boot;
  }
  entries_ = std::move(next);
}

/// For programs and queries beside those under way.
std::size_t SensorBook::room(const Now& now) const {
  std::size_t all = 0, recent = 0;
  for (const auto& [name, entry] : entries_) {
    if (!entry.evaluation || !asks(entry.spec)) continue;
    ++all;
    if (now.boot - entry.begun < kLongLook) ++recent;
  }
  return std::min(kMostAsking - std::min(kMostAsking, recent), kMostProcesses - std::min(kMostProcesses, all));
}

std::vector<std::string> SensorBook::due(const Now& now) const {
  std::vector<std::pair<Millis, std::string>> found;
  for (const auto& [name, entry] : entries_)
    if (entry.due && *entry.due <= now.boot && !entry.evaluation && !entry.paused()) found.emplace_back(*entry.due, name);
  std::ranges::sort(found);
  std::vector<std::string> names;
  auto room = this->room(now);
  for (const auto& [at, name] : found) {
    const bool takes_room = asks(entries_.at(name).spec);
    if (takes_room && room == 0) continue;
    if (takes_room) --room;
    names.push_back(name);
  }
  return names;
}

std::optional<Millis> SensorBook::next_due(const Now& now) const {
  std::optional<Millis> next, first_to_be_long;
  for (const auto& [name, entry] : entries_)
    if (entry.evaluation && asks(entry.spec) && now.boot - entry.begun < kLongLook)
      first_to_be_long = std::min(first_to_be_long.value_or(entry.begun + kLongLook), entry.begun + kLongLook);
  const bool is_full = room(now) == 0;
  for (const auto& [name, entry] : entries_) {
    if (!entry.due || entry.evaluation || entry.paused()) continue;
    const auto at = is_full && asks(entry.spec) ? first_to_be_long : entry.due;
    if (at) next = std::min(next.value_or(*at), *at);
  }
  return next;
}

std::uint64_t SensorBook::begin(const std::string& name, const Now& now) {
  auto& entry = entries_.at(name);
  entry.begun = now.boot;
  entry.told = entry.stale = false;
  return entry.evaluation = ++last_evaluation_;
}

const SensorBook::Entry* SensorBook::end(const std::string& name, std::uint64_t evaluation) {
  const auto it = entries_.find(name);
  if (it == entries_.end() || it->second.evaluation != evaluation) return nullptr;
  it->second.evaluation = 0;
  return std::exchange(it->second.stale, false) ? nullptr : &it->second;
}

bool SensorBook::settle(const std::string& name, Told told, const Now& now) {
  auto& entry = entries_.at(name);
  auto& state = entry.state;
  auto& finding = told.finding;
  const bool failed = !finding.error.empty(), fired = !told.runs.empty();
  const auto outcome = failed ? SensorOutcome::failed : fired ? SensorOutcome::fired : SensorOutcome::skipped;
  std::string reason = failed ? finding.error : fired ? "" : finding.skip_reason;
  if (!failed && !fired && told.known > 0) reason = "what it asks for was asked for before";
  if (!failed && !told.muted.empty()) reason = told.muted;
  const auto before = state.cursor;
  const bool moved = !failed && finding.cursor && *finding.cursor != state.cursor;
  if (moved) state.cursor = *finding.cursor;
  state.failures = failed ? state.failures + 1 : 0;
  state.evaluated_at = told.at;
  if (fired) state.fired_at = told.at;

  const bool same = !fired && entry.last_tick && entry.last_tick->outcome == outcome && entry.last_tick->reason == reason;
  if (same) {
    auto& tick = *entry.last_tick;
    ++tick.repeats;
    tick.last_at = told.at;
    tick.took = told.took;
    tick.cursor_after = shown_cursor(entry.spec.kind, state.cursor);
    tick.log = std::move(told.log);
  } else {
    entry.last_tick = SensorTick{name, ++state.ticks, told.at, told.at, told.took, outcome, reason, told.runs, told.known, 0,
                                 shown_cursor(entry.spec.kind, before), shown_cursor(entry.spec.kind, state.cursor), std::move(told.log)};
  }
  if (looks_by_itself(entry.spec)) {
    auto next = failed ? now.boot + sensor_back_off(entry.spec.every, state.failures) : std::max(now.boot, entry.begun + pace(entry));
    if (!failed && finding.look_at) next = std::min(next, now.boot + std::max(Millis{0}, *finding.look_at - now.wall));
    if (!failed && (finding.more || entry.told)) next = now.boot;
    entry.due = std::max(next, entry.begun + kLeastGap);
  }
  entry.told = false;
  // Of asset sensors the cursor moves with every event there is: what lies between was about others and is only looked through again.
  const bool matters = moved && entry.spec.kind != SensorKind::asset;
  const bool urgent = fired || failed || matters || !same;
  entry.unsaved = !urgent;
  return urgent;
}

void SensorBook::tell(const std::string& name, const Now& now) {
  const auto it = entries_.find(name);
  if (it == entries_.end()) return;
  auto& entry = it->second;
  if (entry.evaluation) entry.told = true;
  else if (entry.due && entry.state.failures == 0) entry.due = std::min(*entry.due, std::max(now.boot, entry.begun + kLeastGap));
}

void SensorBook::tell(SensorKind kind, const Now& now) {
  for (const auto& [name, entry] : entries_)
    if (entry.spec.kind == kind) tell(name, now);
}

void SensorBook::follow(const std::string& name, bool followed, const Now& now) {
  const auto it = entries_.find(name);
  if (it == entries_.end() || it->second.followed == followed) return;
  it->second.followed = followed;
  if (!followed) tell(name, now);
}

bool SensorBook::pause(const std::string& name, bool paused, const std::string& by, const std::string& reason, const Now& now) {
  const auto it = entries_.find(name);
  if (it == entries_.end()) return false;
  auto& entry = it->second;
  entry.state.paused = paused;
  entry.state.paused_by = paused ? by : "";
  entry.state.pause_reason = paused ? reason : "";
  if (!paused) {
    entry.state.failures = 0;
    if (looks_by_itself(entry.spec)) entry.due = now.boot;
  }
  entry.unsaved = false;
  return true;
}

void SensorBook::reset(const std::string& name, const std::string& cursor, const Now& now) {
  const auto it = entries_.find(name);
  if (it == entries_.end()) return;
  auto& entry = it->second;
  entry.state.cursor = cursor;
  entry.state.failures = 0;
  entry.stale = entry.evaluation != 0;
  entry.unsaved = false;
  if (looks_by_itself(entry.spec)) entry.due = now.boot;
}

const SensorBook::Entry* SensorBook::find(const std::string& name) const {
  const auto it = entries_.find(name);
  return it == entries_.end() ? nullptr : &it->second;
}

std::vector<std::string> SensorBook::take_unsaved() {
  std::vector<std::string> names;
  for (auto& [name, entry] : entries_)
    if (std::exchange(entry.unsaved, false)) names.push_back(name);
  return names;
}

}  // namespace assetd
