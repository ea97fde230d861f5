// What daemon/execution does: launches, stops, message files.

#include <algorithm>

#include "core/engine/not_started.h"
#include "tests/simulation/daemon_host.h"

namespace assetd::simulation {
namespace sv = assetd::supervisor;
namespace {

ExitReport::Kind kind_of(sv::Outcome outcome) {
  switch (outcome) {
    case sv::Outcome::exited: return ExitReport::Kind::exited;
    case sv::Outcome::signaled: return ExitReport::Kind::signaled;
    case sv::Outcome::never_started: return ExitReport::Kind::never_started;
    case sv::Outcome::lost: break;
  }
  return ExitReport::Kind::lost;
}

int number_of(const std::string& signal) { return signal == "INT" ? 2 : 15; }

}  // namespace

void DaemonHost::report(Input input) {
  tasks_.push_back([this, input = std::move(input)](Turn& turn) { feed(turn, input); });
}

/// Of one that never left. After a failed commit it may have left since.
void DaemonHost::report_unless_sent(AttemptExited input) {
  tasks_.push_back([this, input = std::move(input)](Turn& turn) {
    const auto sent = sent_.find(input.attempt);
    if (sent != sent_.end() && sent->second == kWontBeSent) feed(turn, input);
  });
}

/// A context cannot be written, a program is not there: then nothing is asked of the supervisor.
void DaemonHost::start(const AttemptRecord& attempt) {
  if (machine_.disk.full || (machine_.faults && machine_.random.in_ten_thousand(machine_.options.launch_fails))) {
    machine_.trace.add([&] { return "daemon: " + attempt.id.substr(0, 6) + " cannot be launched"; });
    sent_[attempt.id] = kWontBeSent;  // its end is on the way
    AttemptExited input{attempt.id, {}, {attempt.id, 0, {}}};
    if (machine_.disk.full) input.exit.kind = ExitReport::Kind::never_started;
    input.exit.reason = machine_.disk.full ? kNoSpace : "plugin_error";
    input.exit.detail = "cannot write its context";
    input.exit.ended_at = machine_.now.wall;
    return report_unless_sent(std::move(input));
  }
  places_.try_emplace(attempt.id, attempt.message_offset);
  if (send(sv::Spawn{.attempt = attempt.id, .argv = {"true"}})) sent_[attempt.id] = *connection_;
}

void DaemonHost::stop(const StopAttempt& stop) {
  sv::StopOrder order{{}, stop.grace.count()};
  for (const auto& signal : stop.signals) order.signals.push_back(number_of(signal));
  send(sv::Stop{stop.attempt, std::move(order)});
}

void DaemonHost::forget(const AttemptId& attempt) {
  machine_.disk.remove_messages(attempt);
  sent_.erase(attempt);
  if (connection_ && welcome_) later_.push_back(attempt);
}

void DaemonHost::flush() {
  if (later_.empty() || !connection_ || !welcome_) return;
  auto* connection = machine_.channel.find(*connection_);
  if (connection->supervisor_open) connection->to_supervisor.push_back(sv::Ack{std::exchange(later_, {})});
}

void DaemonHost::report_lost(const AttemptRecord& attempt) {
  sent_[attempt.id] = kWontBeSent;
  AttemptExited input{attempt.id, {}, finish_reading(attempt.id, attempt.message_offset)};
  input.exit.kind = ExitReport::Kind::lost;
  input.exit.started_at = attempt.started_at;
  input.exit.ended_at = machine_.now.wall;
  input.exit.detail = "the supervisor does not know it";
  report_unless_sent(std::move(input));
}

AttemptExited DaemonHost::exited(const sv::Ended& event) {
  const auto& end = event.end;
  AttemptExited input{event.attempt, {}, finish_reading(event.attempt, 0)};
  input.exit.kind = kind_of(end.outcome);
  input.exit.code = end.exit_code;
  input.exit.signal = end.signal;
  input.exit.stopped = end.stopped;
  if (end.cause == sv::Cause::no_space) input.exit.reason = kNoSpace;
  input.exit.detail = end.detail;
  if (end.started_at_ms > 0) input.exit.started_at = WallTime(Millis(end.started_at_ms));
  input.exit.ended_at = WallTime(Millis(end.ended_at_ms));
  return input;
}

// ---- Message files

MessagesArrived DaemonHost::read_new(const AttemptId& attempt, std::int64_t from) const {
  const auto& lines = machine_.disk.messages(attempt);
  const auto size = static_cast<std::int64_t>(lines.size()) * kLine;
  if (from >= size) return {attempt, from, {}, from};
  MessagesArrived arrived{attempt, size, {lines.begin() + from / kLine, lines.end()}, from};
  for (auto& message : arrived.messages) message.end = from += kLine;
  return arrived;
}

std::vector<AttemptId> DaemonHost::unread() const {
  std::vector<AttemptId> found;
  for (const auto& [attempt, place] : places_)
    if (static_cast<std::int64_t>(machine_.disk.messages(attempt).size()) * kLine > place) found.push_back(attempt);
  return found;
}

void DaemonHost::read(const AttemptId& attempt) {
  auto arrived = read_new(attempt, places_.at(attempt));
  places_.at(attempt) = arrived.offset;
  report(std::move(arrived));
}

MessagesArrived DaemonHost::finish_reading(const AttemptId& attempt, std::int64_t offset_if_unknown) {
  const auto place = places_.extract(attempt);
  return read_new(attempt, place ? place.mapped() : offset_if_unknown);
}

}  // namespace assetd::simulation
