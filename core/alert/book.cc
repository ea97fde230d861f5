#include "core/alert/book.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "core/definition/names.h"

namespace assetd {
namespace {

constexpr Millis kFirstDelay{1'000};
constexpr Millis kLongestDelay{600'000};  // a receiver that is back is told within that time
constexpr int kMostDoublings = 10;
constexpr std::size_t kMostPartitions = 20;  // that an alert names; of more it says how many

constexpr std::array<std::pair<AlertState, std::string_view>, 4> kStates{{{AlertState::pending, "pending"},
                                                                          {AlertState::delivered, "delivered"},
                                                                          {AlertState::failed, "failed"},
                                                                          {AlertState::silenced, "silenced"}}};

bool lasts(AlertEvent event) { return event != AlertEvent::run_succeeded && event != AlertEvent::run_canceled; }

bool contains(const std::vector<AlertEvent>& events, AlertEvent event) {
  return std::ranges::find(events, event) != events.end();
}

bool shares_owner(const std::vector<std::string>& wanted, const std::vector<std::string>& owners) {
  return std::ranges::any_of(wanted, [&](const auto& each) { return std::ranges::find(owners, each) != owners.end(); });
}

Happening of_run(AlertEvent event, const RunRecord& run) {
  Happening whole;
  whole.event = event;
  whole.at = run.ended_at.value_or(run.created_at);
  whole.run = run.id;
  whole.reason = run.reason;
  whole.detail = run.detail;
  return whole;
}

/// Partitions of the same asset that fail in one run are one root cause.
Happening& entry_of(std::vector<Happening>& all, const RunRecord& run, const std::string& asset, const std::string& check) {
  const auto found = std::ranges::find_if(all, [&](const Happening& each) { return each.asset == asset && each.check == check; });
  if (found != all.end()) return *found;
  auto& each = all.emplace_back(of_run(AlertEvent::run_failed, run));
  each.asset = asset;
  each.check = check;
  each.reason.clear();  // its own, not the run's
  each.detail.clear();
  return each;
}

std::vector<std::string> partitions_of(const nlohmann::json& body) {
  const auto named = body.find("partitions");
  return named != body.end() && named->is_array() ? named->get<std::vector<std::string>>() : std::vector<std::string>{};
}

std::string text_at(const nlohmann::json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

}  // namespace

std::string_view to_string(AlertState state) {
  for (const auto& [known, name] : kStates)
    if (known == state) return name;
  return {};
}

std::optional<AlertState> parse_alert_state(std::string_view text) {
  for (const auto& [state, name] : kStates)
    if (name == text) return state;
  return std::nullopt;
}

std::vector<Happening> happenings_of(const RunChanged& change) {
  const auto& run = change.run;
  if (run.status == RunStatus::succeeded) return {of_run(AlertEvent::run_succeeded, run)};
  if (run.status == RunStatus::canceled) return {of_run(AlertEvent::run_canceled, run)};
  if (run.status != RunStatus::failed) return {};
  std::vector<Happening> all;
  std::uint32_t failed_steps = 0;
  for (const auto& cause : change.causes) {
    auto& each = entry_of(all, run, text_at(cause, "key"), text_at(cause, "check"));
    if (each.reason.empty()) each.reason = text_at(cause, "reason");
    if (each.detail.empty()) each.detail = text_at(cause, "detail");
    each.skipped += cause.value("skipped", 0u);
    if (auto partition = text_at(cause, "partition"); !partition.empty()) each.partitions.push_back(std::move(partition));
    if (text_at(cause, "status") == "failed") ++failed_steps;
  }
  if (all.empty()) all.push_back(of_run(AlertEvent::run_failed, run));
  // A run names its first causes only, in the order of its steps: what else failed follows the last of them.
  const auto counted = change.counts.find("failed");
  if (counted != change.counts.end() && counted->second > failed_steps && !all.back().partitions.empty()) all.back().more_partitions = counted->second - failed_steps;
  return all;
}

std::optional<Happening> happening_of(const CheckResult& result) {
  const bool failing = result.status == CheckStatus::failed || result.status == CheckStatus::error;
  if (!failing || result.severity != Severity::error) return std::nullopt;
  Happening happening;
  happening.event = AlertEvent::check_failed;
  happening.at = result.at;
  happening.run = result.run;
  happening.asset = result.home;
  happening.check = result.name;
  happening.reason = "check_failed";
  happening.detail = result.detail;
  if (!result.partition.empty()) happening.partitions = {result.partition};
  return happening;
}

// A run without a root cause, or one that went well, is like no other: nothing tells it from the next by more than its id.
// That data is too old is not that its asset fails: each is told, and each is over by itself. No key has a space.
std::string cause_of(const Happening& happening) {
  if (happening.asset.empty()) return "run " + std::to_string(happening.run);
  if (happening.event == AlertEvent::freshness_violated) return "freshness " + happening.asset;
  return happening.asset + (happening.check.empty() ? "" : ":" + happening.check);
}

Millis delay_after(int attempt) {
  const auto doublings = std::clamp(attempt - 1, 0, kMostDoublings);
  return std::min(kFirstDelay * (1 << doublings), kLongestDelay);
}

AlertBook::AlertBook(std::vector<AlertRecord> alerts, std::vector<Silence> silences) {
  for (const auto& alert : alerts) take(alert);
  for (auto& silence : silences) add(silence);
}

void AlertBook::mark(const AlertRecord& alert) {
  const Cause cause{alert.rule, alert.cause};
  Mark mark{alert.id, alert.at, alert.run, alert.state == AlertState::silenced, alert.asset, alert.check};
  mark.freshness = alert.event == name_of(AlertEvent::freshness_violated);
  mark.partitions = alert.partitions.empty() ? partitions_of(alert.body) : alert.partitions;  // one that the store gave has them in its body only
  // A check is told with the first partition in which it fails: of the others of that run the alert cannot know.
  mark.wide = mark.partitions.empty() || !alert.check.empty() || alert.repeats > 0 || alert.more_partitions > 0 || alert.body.value("more_partitions", 0) > 0;
  open_[cause] = std::move(mark);
  open_by_asset_[alert.asset].insert(cause);
}

void AlertBook::take(const AlertRecord& alert) {
  if (alert.open) mark(alert);
  if (alert.state != AlertState::pending) return;
  const auto& pending = pending_[alert.id] = {alert, taken_++};
  if (const auto line = line_of(alert)) {
    auto& waiting = lines_[*line];
    waiting.push_back(alert.id);
    if (waiting.size() > 1) return;
  }
  await_turn(pending);
}

std::optional<AlertBook::Line> AlertBook::line_of(const AlertRecord& alert) {
  if (alert.event != kOpenLineage) return std::nullopt;
  return Line{alert.rule, alert.run, alert.asset, alert.cause};
}

void AlertBook::await_turn(const Pending& pending) {
  const auto& alert = pending.alert;
  waiting_.emplace(alert.next_attempt_at.value_or(alert.at), pending.number, alert.id);
}

/// The next in its line may go.
void AlertBook::leave_line(const AlertRecord& alert) {
  const auto line = line_of(alert);
  if (!line) return;
  const auto found = lines_.find(*line);
  found->second.pop_front();
  if (found->second.empty()) lines_.erase(found);
  else await_turn(pending_.at(found->second.front()));
}

const Silence* AlertBook::silence_of(const AlertSpec& rule, const Happening& happening,
                                     const IsSelected& is_selected) const {
  for (const auto& [id, silence] : silences_) {
    if (silence.until <= happening.at || (!silence.rule.empty() && silence.rule != rule.name)) continue;
    if (silence.select.empty() || is_selected(silence.select)) return &silence;
  }
  return nullptr;
}

std::optional<AlertChange> AlertBook::tell(const AlertSpec& rule, const Happening& happening,
                                           const IsSelected& is_selected, const std::string& id) {
  if (!contains(rule.on, happening.event)) return std::nullopt;
  if (!rule.owners.empty() && !shares_owner(rule.owners, happening.owners)) return std::nullopt;
  if (!rule.select.empty() && !is_selected(rule.select)) return std::nullopt;
  const auto cause = cause_of(happening);
  const auto told = open_.find({rule.name, cause});
  if (told != open_.end()) {
    auto& mark = told->second;
    if (happening.run != 0 && mark.run == happening.run) return std::nullopt;  // its check was told, now its run ends because of that
    if (!mark.silenced && (happening.acknowledged || happening.at - mark.at < rule.repeat)) {
      mark.wide = true;  // perhaps it failed in others than those that the alert names
      return AlertRepeated{mark.id};
    }
  }
  AlertRecord alert;
  alert.id = id;
  alert.rule = rule.name;
  alert.event = name_of(happening.event);
  alert.at = happening.at;
  alert.run = happening.run;
  alert.asset = happening.asset;
  alert.check = happening.check;
  alert.reason = happening.reason;
  alert.detail = happening.detail;
  alert.skipped = happening.skipped;
  const auto named = std::min(happening.partitions.size(), kMostPartitions);
  alert.partitions.assign(happening.partitions.begin(), happening.partitions.begin() + static_cast<std::ptrdiff_t>(named));
  alert.more_partitions = happening.partitions.size() - named + happening.more_partitions;
  // What was told before and is not mended is this alert's from now on.
  if (named > 0 && told != open_.end() && happening.failed_partitions > named + alert.more_partitions) alert.more_partitions = happening.failed_partitions - named;
  alert.cause = cause;
  alert.open = lasts(happening.event) && !happening.asset.empty();
  if (const auto* silence = silence_of(rule, happening, is_selected)) {
    alert.state = AlertState::silenced;
    alert.silence = silence->id;
  } else {
    alert.next_attempt_at = happening.at;
  }
  return AlertRaised{std::move(alert)};
}

AlertRaised AlertBook::test(const AlertSpec& rule, WallTime now, const std::string& id) const {
  AlertRecord alert;
  alert.id = id;
  alert.rule = rule.name;
  alert.event = "test";
  alert.at = now;
  alert.detail = "somebody asked for this alert, to see whether it arrives";
  alert.cause = "test " + id;
  alert.next_attempt_at = now;
  return {std::move(alert)};
}

std::vector<AlertChange> AlertBook::mend(const std::string& asset, const std::string& check, WallTime now, const IsFailed& is_failed) {
  return resolve(asset, now, [&](Mark& mark) {
    if (mark.freshness || mark.check != check) return false;
    std::erase_if(mark.partitions, [&](const std::string& partition) { return !is_failed(partition); });
    return mark.partitions.empty() && !(mark.wide && is_failed(""));
  });
}

std::vector<AlertChange> AlertBook::refresh(const std::string& asset, WallTime now) {
  return resolve(asset, now, [](const Mark& mark) { return mark.freshness; });
}

std::vector<AlertChange> AlertBook::resolve(const std::string& asset, WallTime now, const std::function<bool(Mark&)>& is_over) {
  std::vector<AlertChange> changes;
  const auto open = open_by_asset_.find(asset);
  if (open == open_by_asset_.end()) return changes;
  std::erase_if(open->second, [&](const Cause& cause) {
    const auto mark = open_.find(cause);
    if (mark == open_.end() || !is_over(mark->second)) return false;
    changes.push_back(AlertResolved{cause.first, cause.second, now});
    open_.erase(mark);
    return true;
  });
  if (open->second.empty()) open_by_asset_.erase(open);
  return changes;
}

void AlertBook::rename(const std::string& former, const std::string& present) {
  for (auto& [id, silence] : silences_)
    if (silence.select == former) silence.select = present;
  auto open = open_by_asset_.extract(former);
  if (!open) return;
  for (const auto& replaced : open_by_asset_[present]) open_.erase(replaced);  // from when that was another asset's; the store closes them too
  open_by_asset_[present].clear();
  for (const auto& [rule, cause] : open.mapped()) {
    auto mark = open_.extract({rule, cause});
    mark.mapped().asset = present;
    const auto renamed = cause_of({.event = mark.mapped().freshness ? AlertEvent::freshness_violated : AlertEvent::run_failed, .asset = present, .check = mark.mapped().check});
    open_[{rule, renamed}] = std::move(mark.mapped());
    open_by_asset_[present].insert({rule, renamed});
  }
}

void AlertBook::add(const Silence& silence) { silences_[silence.id] = silence; }

bool AlertBook::end(const std::string& silence, WallTime now) {
  const auto found = silences_.find(silence);
  if (found == silences_.end()) return false;
  const bool stood = found->second.until > now;
  silences_.erase(found);
  return stood;
}

// A clock that was set back must not leave an alert waiting for longer than a delay ever is.
std::vector<AlertRecord> AlertBook::due(WallTime now) {
  std::vector<AlertRecord> result;
  const auto begin = [&](auto waiting) {
    result.push_back(pending_.at(std::get<std::string>(*waiting)).alert);
    waiting_.erase(waiting);
  };
  while (!waiting_.empty() && std::get<WallTime>(*waiting_.begin()) <= now) begin(waiting_.begin());
  while (!waiting_.empty() && std::get<WallTime>(*waiting_.rbegin()) - now > kLongestDelay) begin(std::prev(waiting_.end()));
  return result;
}

std::optional<WallTime> AlertBook::next_due() const {
  return waiting_.empty() ? std::nullopt : std::optional(std::get<WallTime>(*waiting_.begin()));
}

std::optional<AlertAttempted> AlertBook::attempted(const std::string& id, const std::optional<std::string>& error,
                                                   WallTime now,
                                                   const std::function<Millis(const AlertRecord&)>& give_up) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return std::nullopt;
  auto& alert = found->second.alert;
  // An attempt from before the store was read anew: by what was read it waits for the same attempt, which has been made.
  waiting_.erase({alert.next_attempt_at.value_or(alert.at), found->second.number, id});
  ++alert.attempts;
  alert.next_attempt_at.reset();
  alert.last_error = error.value_or("");
  if (!error) {
    alert.state = AlertState::delivered;
    alert.delivered_at = now;
  } else if (const auto next = now + delay_after(alert.attempts); next >= alert.at + give_up(alert)) {
    alert.state = AlertState::failed;
  } else {
    alert.next_attempt_at = next;
    await_turn(found->second);
  }
  AlertAttempted change{alert};
  if (alert.state != AlertState::pending) {
    leave_line(change.alert);
    pending_.erase(found);
  }
  return change;
}

}  // namespace assetd
