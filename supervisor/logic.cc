#include "supervisor/logic.h"

#include <algorithm>
#include <utility>

namespace assetd::supervisor {
namespace {

std::string why_lost(const Attempt& attempt) {
  static constexpr char kKilled[] = "; what was left of the step was killed";
  if (attempt.unclaimed) return std::string("there is no claim of it: the machine was restarted, a backup of the store was restored, or the claims were removed") + kKilled;
  const auto shim = attempt.shim ? "its shim (process " + std::to_string(attempt.shim) + ") ended" : std::string("its shim ended");
  return shim + " without recording how the step ended" + kKilled;
}

}  // namespace

Logic::Logic(int pid, std::string boot_id, std::string store_id, bool on_demand, ProtocolRange spoken, LimitsNotInForce limits)
    : pid_(pid), boot_id_(std::move(boot_id)), store_id_(std::move(store_id)), on_demand_(on_demand), spoken_(spoken), limits_(std::move(limits)), protocol_(spoken.newest) {}

Actions Logic::handle(Input input, std::int64_t wall_ms) {
  now_ms_ = wall_ms;
  std::visit([this](auto& value) { on(value); }, input);
  return std::exchange(actions_, {});
}

// ---- Connections
// --------------------------------------------------------------------------------------------------------------

void Logic::on(Opened&) {}  // it counts once it has said hello

void Logic::on(Closed& input) {
  if (daemon_ != input.connection) return;
  daemon_.reset();
  held_.clear();
  exit_if_idle();
}

void Logic::on(Received& input) {
  const auto from = input.connection;
  const bool is_hello = input.command && std::holds_alternative<Hello>(*input.command);
  if (!is_hello && daemon_ != from) {
    // Either it never said hello, or a newer daemon took over: in both cases it must not command anything.
    return refuse(from, "generation", {}, /*and_close=*/true);
  }
  // Two processes of one step, one for each store, must never be there at once. That we are there is said all the same.
  const bool is_ping = input.command && std::holds_alternative<Ping>(*input.command);
  if (!is_hello && !is_ping && foreign_ > 0) return held_.push_back(std::move(input));
  if (!input.command) return refuse(from, input.command.error().why, input.command.error().attempt);
  std::visit([&](auto& command) { obey(from, command); }, *input.command);
}

void Logic::obey(ConnectionId from, Hello& hello) {
  // Generations count the starts of one store: a restored store has another id and may begin lower.
  const bool older = hello.generation < generation_;
  // One daemon has one connection at a time, and the last is the one that counts, in whatever order they are read.
  const bool left_behind = hello.generation == generation_ && daemon_ && from < *daemon_;
  if (hello.store_id == store_id_ && (older || left_behind)) return refuse(from, "generation", {}, true);
  daemon_ = from;
  held_.clear();
  generation_ = hello.generation;
  store_id_ = hello.store_id;
  protocol_ = common_protocol(spoken_, hello.protocols);
  tell(Welcome{protocol_, pid_, boot_id_, store_id_, limits_});
  end_foreign_attempts();
  for (const auto& [id, attempt] : attempts_) {
    if (attempt.end) tell(Ended{id, *attempt.end});
  }
  exit_if_idle();
}

void Logic::refuse(ConnectionId to, std::string why, std::string attempt, bool and_close) {
  actions_.push_back(Send{to, Refused{std::move(why), std::move(attempt)}});
  if (and_close) actions_.push_back(Close{to});
}

void Logic::tell(Event event) {
  if (daemon_) actions_.push_back(Send{*daemon_, std::move(event)});
}

// ---- Commands
// -----------------------------------------------------------------------------------------------------------------

void Logic::obey(ConnectionId from, Spawn& spawn) {
  const auto [entry, is_new] = attempts_.try_emplace(spawn.attempt);
  if (!is_new) return replay(entry);
  if (!takes_spawns()) {
    attempts_.erase(entry);
    return refuse(from, draining_ ? "draining" : "protocol", spawn.attempt);
  }
  entry->second.store_id = store_id_;
  actions_.push_back(StartShim{std::move(spawn), store_id_});
}

/// Answers a command about an attempt that is known with what is known.
void Logic::replay(Entry entry) {
  const auto& [id, attempt] = *entry;
  if (attempt.end) {
    tell(Ended{id, *attempt.end});
  } else if (attempt.start) {
    tell(Started{id, *attempt.start});
  }
}

void Logic::obey(ConnectionId, Stop& stop) {
  const auto [entry, is_new] = attempts_.try_emplace(stop.attempt);
  auto& attempt = entry->second;
  if (is_new) {
    attempt.store_id = store_id_;
    const End end{.outcome = Outcome::never_started, .stopped = true, .ended_at_ms = now_ms_};
    actions_.push_back(ClaimAsEnded{stop.attempt, store_id_, end});
    return finish(entry, end, /*recorded=*/true);
  }
  if (attempt.end) return replay(entry);
  order_stop(entry, stop.order);
}

void Logic::order_stop(Entry entry, const StopOrder& order) {
  auto& [id, attempt] = *entry;
  // The same order again, from a daemon that came back, must not start the grace anew or signal twice.
  if (attempt.stop == order) return;
  attempt.stop = order;
  if (attempt.state == Attempt::State::running) actions_.push_back(OrderStop{id, order});
}

void Logic::obey(ConnectionId, List& list) {
  // Who takes no spawns does not look at claims made since it began, so that what it does not know may well be another's.
  if (takes_spawns())
    for (const auto& id : list.may_have_run) kill_unclaimed(id);
  Listing listing;
  for (const auto& [id, attempt] : attempts_) {
    if (is_ours(attempt)) listing.rows.push_back({id, attempt.state != Attempt::State::ended, attempt.start});
  }
  tell(std::move(listing));
  for (const auto& [id, attempt] : attempts_) {
    if (attempt.end) tell(Ended{id, *attempt.end});
  }
}

void Logic::obey(ConnectionId from, Ack& ack) {
  for (const auto& id : ack.attempts) {
    const auto entry = attempts_.find(id);
    if (entry == attempts_.end()) continue;  // acknowledged before
    if (!entry->second.end) {
      refuse(from, "ack of an attempt that has not ended", id);
      continue;
    }
    actions_.push_back(RemoveClaim{id});
    attempts_.erase(entry);
  }
}

void Logic::obey(ConnectionId, Preload& preload) {
  if (takes_spawns()) actions_.push_back(LoadWorker{std::move(preload.warm)});
}

void Logic::obey(ConnectionId, Shutdown&) {
  draining_ = true;
  exit_if_idle();
}

void Logic::obey(ConnectionId from, Ping&) { actions_.push_back(Send{from, Pong{}}); }

// ---- What became of attempts
// --------------------------------------------------------------------------------------------------

void Logic::on(ClaimFound& input) {
  const auto entry = attempts_.try_emplace(input.attempt).first;
  entry->second = {.state = Attempt::State::running,
                   .store_id = std::move(input.store_id),
                   .shim = input.shim,
                   .start = input.start,
                   .stop = std::move(input.stop)};
  if (input.end) return finish(entry, std::move(*input.end), /*recorded=*/true);
  if (!input.shim_alive) return adopt_dead(entry, input.same_boot);
  if (entry->second.start) tell(Started{input.attempt, *entry->second.start});
}

void Logic::adopt_dead(Entry entry, bool same_boot) {
  auto& [id, attempt] = *entry;
  attempt.state = Attempt::State::killing;
  if (same_boot) {
    actions_.push_back(KillTree{id, attempt.shim});
  } else {
    finish(
        entry,
        {.outcome = Outcome::lost, .ended_at_ms = now_ms_, .detail = "the machine was restarted while the attempt ran"},
        false);
  }
}

/// Its claim was removed, and with it all that we could know: a daemon that is told so begins the next attempt, which must not meet this one.
void Logic::kill_unclaimed(const std::string& id) {
  const auto [entry, is_new] = attempts_.try_emplace(id);
  if (!is_new) return;
  entry->second.state = Attempt::State::killing;
  entry->second.store_id = store_id_;
  entry->second.unclaimed = true;
  actions_.push_back(KillTree{id, 0, /*unclaimed=*/true});
}

void Logic::on(ShimStarted& input) {
  if (const auto entry = attempts_.find(input.attempt); entry != attempts_.end()) entry->second.shim = input.shim;
}

void Logic::on(SpawnFailed& input) {
  const auto entry = attempts_.find(input.attempt);
  if (entry == attempts_.end()) return;
  const auto cause = input.no_space ? Cause::no_space : Cause::none;
  finish(entry, {.outcome = Outcome::never_started, .ended_at_ms = now_ms_, .cause = cause, .detail = std::move(input.why)}, false);
}

void Logic::on(StepStarted& input) {
  const auto entry = attempts_.find(input.attempt);
  if (entry == attempts_.end() || entry->second.start) return;
  entry->second.start = input.start;
  if (is_ours(entry->second)) tell(Started{input.attempt, input.start});
}

void Logic::on(ShimGone& input) {
  const auto entry = attempts_.find(input.attempt);
  if (entry == attempts_.end() || entry->second.state != Attempt::State::running) return;
  if (input.end) return finish(entry, std::move(*input.end), /*recorded=*/true);
  adopt_dead(entry, /*same_boot=*/true);
}

void Logic::on(ClaimGone& input) {
  const auto entry = attempts_.find(input.attempt);
  if (entry == attempts_.end() || entry->second.end) return;
  if (!is_ours(entry->second)) return forget_foreign(entry);
  attempts_.erase(entry);
  exit_if_idle();
}

void Logic::on(TreeGone& input) {
  const auto entry = attempts_.find(input.attempt);
  if (entry == attempts_.end() || entry->second.state != Attempt::State::killing) return;
  finish(entry, {.outcome = Outcome::lost, .ended_at_ms = now_ms_, .detail = why_lost(entry->second)}, /*recorded=*/entry->second.unclaimed);
}

/// `recorded`: the end is in the claim already.
void Logic::finish(Entry entry, End end, bool recorded) {
  auto& [id, attempt] = *entry;
  const bool was_seen = end.outcome == Outcome::exited || end.outcome == Outcome::signaled;
  end.stopped = end.stopped || (!was_seen && attempt.stop.has_value());  // a shim knows whether the stop came before the end
  if (end.started_at_ms == 0 && attempt.start) end.started_at_ms = attempt.start->at_ms;
  attempt.state = Attempt::State::ended;
  if (!store_id_.empty() && !is_ours(attempt)) return forget_foreign(entry);
  if (!recorded) actions_.push_back(WriteEnd{id, end});
  attempt.end = std::move(end);
  tell(Ended{id, *attempt.end});
  exit_if_idle();
}

/// Nobody will ever acknowledge it. After the last one the daemon is obeyed again.
void Logic::forget_foreign(Entry entry) {
  actions_.push_back(RemoveClaim{entry->first});
  attempts_.erase(entry);
  if (foreign_ > 0 && --foreign_ == 0) {
    for (auto& each : std::exchange(held_, {})) on(each);
  }
  exit_if_idle();
}

/// A restored store knows nothing of attempts that its other self began: they are stopped and forgotten.
void Logic::end_foreign_attempts() {
  static constexpr int kTerminate = 15;
  static constexpr std::int64_t kGraceMs = 10'000;
  foreign_ = 0;
  for (auto entry = attempts_.begin(); entry != attempts_.end();) {
    const auto current = entry++;
    if (is_ours(current->second)) continue;
    if (current->second.end) {
      actions_.push_back(RemoveClaim{current->first});
      attempts_.erase(current);
    } else {
      ++foreign_;
      order_stop(current, {{kTerminate}, kGraceMs});
    }
  }
}

void Logic::exit_if_idle() {
  const bool needed_no_more = on_demand_ && (generation_ != 0 || nobody_came_) && !daemon_;
  if (!draining_ && protocol_ != 0 && !needed_no_more) return;
  if (idle()) actions_.push_back(Exit{});
}

bool Logic::idle() const {
  return std::ranges::all_of(attempts_, [](const auto& each) { return each.second.end.has_value(); });
}

void Logic::on(NobodyCame&) {
  nobody_came_ = true;
  exit_if_idle();
}

void Logic::on(FolderGone&) {
  if (!daemon_ && idle()) actions_.push_back(Exit{});
}

}  // namespace assetd::supervisor
