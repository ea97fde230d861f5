#include "daemon/execution/execution.h"

#include "core/engine/not_started.h"

namespace assetd {
namespace {

WallTime wall(std::int64_t ms) { return WallTime(Millis(ms)); }

WallTime wall_now() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }

ExitReport::Kind kind_of(EndKind kind) {
  switch (kind) {
    case EndKind::exited: return ExitReport::Kind::exited;
    case EndKind::signaled: return ExitReport::Kind::signaled;
    case EndKind::never_started: return ExitReport::Kind::never_started;
    case EndKind::lost: break;
  }
  return ExitReport::Kind::lost;
}

}  // namespace

Execution::Execution(LauncherOptions launcher, SupervisorClientOptions supervisor, const std::vector<AttemptRecord>& adopted, Handlers handlers)
    : handlers_(std::move(handlers)) {
  auto paths = launcher.paths;
  launcher_ = std::make_unique<Launcher>(std::move(launcher));
  tail_ = std::make_unique<MessageTail>(paths, [this](MessagesArrived arrived) { handlers_.report(std::move(arrived)); });
  // Before the first report of the supervisor: what is committed of their messages must not be read again.
  for (const auto& attempt : adopted) tail_->follow(attempt.id, attempt.message_offset);
  client_ = std::make_unique<SupervisorClient>(std::move(supervisor), [this](const SupervisorEvent& event) { on_event(event); });
}

Execution::~Execution() {
  client_.reset();  // its thread uses the tail
  tail_.reset();
}

void Execution::replace_plugins(LauncherOptions launcher) { launcher_ = std::make_unique<Launcher>(std::move(launcher)); }

void Execution::start(const Launch& launch) {
  const auto& id = launch.attempt.id;
  if (preparing_.contains(id)) return;
  const auto spec = launcher_->environment_of(launch);
  if (!launcher_->may_take_time(spec)) return leave(launch, launcher_->environment(spec));
  const auto ticket = preparing_[id] = ++tickets_;
  sent_[id] = kNeverLeaves;  // for a listing it is on its way
  environments_.resolve(spec, launcher_->daemon_env(), [this, launch, ticket](Environment environment) {
    handlers_.later([this, launch, ticket, environment = std::move(environment)] { prepared(launch, ticket, environment); });
  });
}

void Execution::prepared(const Launch& launch, std::uint64_t ticket, Environment environment) {
  const auto waits = preparing_.find(launch.attempt.id);
  if (waits == preparing_.end() || waits->second != ticket) return;  // stopped meanwhile
  preparing_.erase(waits);
  leave(launch, std::move(environment));
}

void Execution::leave(const Launch& launch, Environment environment) {
  if (!environment) return report_not_launched(launch.attempt, {environment.error()});
  auto request = launcher_->prepare(launch, std::move(*environment));
  if (!request) return report_not_launched(launch.attempt, request.error());
  tail_->follow(launch.attempt.id, launch.attempt.message_offset);
  if (request->warm) forked_.insert(launch.attempt.id);
  sent_[launch.attempt.id] = client_->spawn(*request);
}

void Execution::report_not_launched(const AttemptRecord& attempt, LaunchError error) {
  sent_[attempt.id] = kNeverLeaves;  // its end is on the way
  ExitReport exit;
  if (error.no_space) exit.kind = ExitReport::Kind::never_started;
  exit.reason = error.no_space ? kNoSpace : "plugin_error";
  exit.detail = std::move(error.why);
  report_without_process(attempt.id, std::move(exit));
}

/// It has no messages that could be waited for.
void Execution::report_without_process(const AttemptId& attempt, ExitReport exit) {
  exit.ended_at = wall_now();
  handlers_.report_unless_sent(AttemptExited{attempt, std::move(exit), {attempt, 0, {}}}, never_leaves(attempt));
}

std::function<bool()> Execution::never_leaves(const AttemptId& attempt) const {
  return [this, attempt] {
    const auto it = sent_.find(attempt);
    return it != sent_.end() && it->second == kNeverLeaves && !is_preparing(attempt);
  };
}

void Execution::preload(const RunPlan& plan, const RunContext& context) {
  for (const auto& worker : launcher_->workers_of(plan, context)) client_->preload(worker);
}

bool Execution::was_sent(const AttemptId& attempt, std::uint64_t connection) const {
  const auto it = sent_.find(attempt);
  return it != sent_.end() && it->second >= connection;
}

void Execution::stop(const StopAttempt& stop) {
  if (preparing_.erase(stop.attempt) == 0) return client_->stop(stop.attempt, stop.signals, stop.grace);
  ExitReport exit;
  exit.kind = ExitReport::Kind::never_started;
  exit.stopped = true;
  exit.detail = "stopped before its process was started, while its secrets and env_file were read";
  report_without_process(stop.attempt, std::move(exit));
}

void Execution::forget(const ForgetAttempt& forget) {
  sent_.erase(forget.attempt);
  forked_.erase(forget.attempt);
  preparing_.erase(forget.attempt);
  launcher_->clean_up(forget.attempt, forget.run);
  client_->ack({forget.attempt});
}

void Execution::rewind(const AttemptRecord& attempt) {
  // The end of one that could not be launched, or was lost, went down with the commit: it is tried again.
  if (never_leaves(attempt.id)()) sent_.erase(attempt.id);
  tail_->rewind(attempt.id, attempt.message_offset);
}

void Execution::list(const std::vector<AttemptId>& may_have_run) { client_->list(may_have_run); }

void Execution::report_lost(const AttemptRecord& attempt) {
  ExitReport exit;
  exit.kind = ExitReport::Kind::lost;
  exit.started_at = attempt.started_at;
  exit.ended_at = wall_now();
  exit.detail = "the supervisor does not know it: the machine was restarted, a backup of the store was restored, or the claims were removed";
  report_unless_sent(attempt.id, std::move(exit), attempt.message_offset);
}

/// Whatever a later listing says, or the clock, it leaves no more: its end is on the way.
void Execution::report_unless_sent(const AttemptId& attempt, ExitReport exit, std::int64_t message_offset) {
  sent_[attempt] = kNeverLeaves;
  tail_->finish(attempt, message_offset, [this, attempt, exit = std::move(exit), holds = never_leaves(attempt)](MessagesArrived rest) {
    handlers_.report_unless_sent(AttemptExited{attempt, exit, std::move(rest)}, holds);
  });
}

void Execution::report_end(const AttemptId& attempt, ExitReport exit, std::int64_t message_offset) {
  tail_->finish(attempt, message_offset, [this, attempt, exit = std::move(exit)](MessagesArrived rest) {
    handlers_.report(AttemptExited{attempt, exit, std::move(rest)});
  });
}

/// On its service's thread: a listing of another connection may ask for it anew before its end is taken, and a failed commit take that end along.
void Execution::report_refused(const SupervisorEvent& event) {
  handlers_.later([this, event] {
    const auto it = sent_.find(event.attempt);
    if (it != sent_.end() && it->second == event.connection) report_unless_sent(event.attempt, refused(event), 0);
  });
}

ExitReport Execution::exited(const SupervisorEvent& event) {
  const auto& end = event.end;
  ExitReport exit;
  exit.kind = kind_of(end.outcome);
  exit.code = end.exit_code;
  exit.signal = end.signal;
  exit.stopped = end.stopped;
  // What failed for no more than one process of its tree, and went on to succeed, has no reason.
  const bool succeeded = end.outcome == EndKind::exited && end.exit_code == 0;
  if (!succeeded) exit.reason = end.cause;
  exit.detail = end.detail;
  if (end.started_at_ms > 0) exit.started_at = wall(end.started_at_ms);
  exit.ended_at = end.ended_at_ms > 0 ? wall(end.ended_at_ms) : wall_now();
  exit.user_ms = end.user_ms;
  exit.system_ms = end.system_ms;
  exit.max_rss_kb = end.max_rss_kb;
  return exit;
}

ExitReport Execution::refused(const SupervisorEvent& event) {
  ExitReport exit;
  exit.kind = ExitReport::Kind::never_started;
  exit.detail = "the supervisor refused to start it: " + event.detail;
  exit.ended_at = wall_now();
  return exit;
}

void Execution::on_event(const SupervisorEvent& event) {
  using Kind = SupervisorEvent::Kind;
  switch (event.kind) {
    case Kind::connected:
      if (handlers_.limits) handlers_.limits(event.limits);
      handlers_.link(true, "");
      break;
    case Kind::disconnected: handlers_.link(false, event.detail); break;
    case Kind::started: handlers_.report(AttemptSeenRunning{event.attempt, event.pid, wall(event.at_ms), event.warm}); break;
    case Kind::ended: report_end(event.attempt, exited(event), 0); break;
    case Kind::listing: handlers_.reconcile({event.attempts, event.connection}); break;
    case Kind::silent:
      if (handlers_.silence) handlers_.silence(event.pid, event.silence);
      break;
    case Kind::answered: break;
    case Kind::refused:
      // Of spawns, which then execute nothing, now or later; those two are said of spawns alone.
      if (event.attempt.empty()) handlers_.link(!event.final, event.detail);
      else if (event.of_spawn || event.detail == "draining" || event.detail == "protocol") report_refused(event);
      break;
  }
}

}  // namespace assetd
