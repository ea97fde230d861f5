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
  for (const auto& cause : change.causes) {
    auto& each = all.emplace_back(of_run(AlertEvent::run_failed, run));
    each.asset = text_at(cause, "key");
    each.check = text_at(cause, "check");
    each.reason = text_at(cause, "reason");
    each.detail = text_at(cause, "detail");
    each.skipped = cause.value("skipped", 0u);
  }
  if (all.empty()) all.push_back(of_run(AlertEvent::run_failed, run));
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
  return happening;
}

// A run without a root cause, or one that went well, is like no other: nothing tells it from the next by more than its id.
std::string cause_of(const Happening& happening) {
  if (happening.asset.empty()) return "run " + std::to_string(happening.run);
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
  open_[cause] = {alert.id, alert.at, alert.run, alert.state == AlertState::silenced, alert.asset, alert.check};
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
  if (const auto told = open_.find({rule.name, cause}); told != open_.end()) {
    const auto& mark = told->second;
    if (mark.run == happening.run) return std::nullopt;  // its check was told, now its run ends because of that
    if (!mark.silenced && (happening.acknowledged || happening.at - mark.at < rule.repeat)) return AlertRepeated{mark.id};
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

std::vector<AlertChange> AlertBook::mend(const std::string& asset, const std::string& check, WallTime now) {
  std::vector<AlertChange> changes;
  const auto open = open_by_asset_.find(asset);
  if (open == open_by_asset_.end()) return changes;
  std::erase_if(open->second, [&](const Cause& cause) {
    const auto mark = open_.find(cause);
    if (mark == open_.end() || mark->second.check != check) return false;
    changes.push_back(AlertResolved{cause.first, cause.second, now});
    open_.erase(mark);
    return true;
  });
  if (open->second.empty()) open_by_asset_.erase(open);
  return changes;
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
