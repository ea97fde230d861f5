#include "supervisor/shell/shims.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <utility>

#include "supervisor/shell/processes.h"
#include "supervisor/shim.h"
#include "supervisor/shim_job.h"

namespace assetd::supervisor {
namespace {

constexpr int kIdentifyPauseMs = 5;

std::int64_t wall_ms() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

StatusPipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error(std::string("cannot make a pipe: ") + std::strerror(errno));
  return {ends[0], ends[1]};
}

}  // namespace

Shims::Shims(Poller& poller, ClaimFiles& claims, std::string boot_id, rlimit open_files, std::string groups, Report report)
    : poller_(poller),
      claims_(claims),
      boot_id_(std::move(boot_id)),
      open_files_(open_files),
      groups_(std::move(groups)),
      report_(std::move(report)),
      status_(make_pipe()),
      warm_(poller, open_files, status_.write,
            {.warm = [this](const WarmRequest& request, const WarmShim& shim) { start_warm(request, shim); },
             .cold = [this](const WarmRequest& request) { start_cold(request.spawn, request.store_id, request.wall_ms); }}),
      lost_(claims.path(), [this](int pid) { return is_ours(pid); }),
      others_(poller, claims.self(), [this](const std::set<std::string>& attempts) { take_over(attempts); }) {
  fcntl(status_.read, F_SETFL, O_NONBLOCK);  // the shims' end waits when we are slow
  poller_.add(status_.read, EPOLLIN, [this](std::uint32_t) { read_status(); });
}

Shims::~Shims() {
  for (auto& [attempt, shim] : shims_) {
    close(shim.claim);
    if (shim.pidfd >= 0) close(shim.pidfd);
  }
  close(status_.read);
  close(status_.write);
}

// ---- Adoption
// -----------------------------------------------------------------------------------------------------------------

void Shims::adopt_all() {
  const auto alone = claims_.take_over();
  for (const auto& attempt : claims_.list()) report_existing(attempt);
}

void Shims::take_over(const std::set<std::string>& attempts) {
  const auto alone = claims_.take_over();
  for (const auto& attempt : attempts) {
    if (claims_.exists(attempt))
      report_existing(attempt);
    else
      report_(ClaimGone{attempt});
  }
}

void Shims::look_at_others(bool also_new) {
  for (const auto& attempt : others_.attempts()) {
    if (claims_.exists(attempt)) continue;
    others_.forget(attempt);
    report_(ClaimGone{attempt});
  }
  if (!also_new) return;
  std::set<std::string> left_alone;  // made since we began, by one that is gone by now
  for (const auto& attempt : claims_.list()) {
    if (shims_.contains(attempt) || others_.have(attempt)) continue;
    const auto fd = claims_.open(attempt);
    if (!fd) continue;
    const auto claim = claims_.read(*fd);
    close(*fd);
    if (!claim.holder || claim.holder == claims_.self()) continue;
    if (others_.leave(attempt, *claim.holder)) report_left(attempt, claim);
    else left_alone.insert(attempt);
  }
  if (!left_alone.empty()) take_over(left_alone);
}

/// Whatever is in it yet: what becomes of the attempt is for its holder to tell.
void Shims::report_left(const std::string& attempt, const Claim& claim) {
  report_(ClaimFound{.attempt = attempt,
                     .store_id = claim.origin ? claim.origin->store_id : "",
                     .shim_alive = true,
                     .shim = claim.shim ? claim.shim->pid : 0,
                     .start = claim.shim ? std::optional(claim.shim->start) : std::nullopt,
                     .stop = claim.stop});
}

void Shims::report_existing(const std::string& attempt) {
  const auto fd = claims_.open(attempt);
  if (!fd) return;
  auto claim = claims_.read(*fd);
  const bool same_boot = !claim.origin || claim.origin->boot_id == boot_id_;
  if (same_boot && claim.holder && others_.leave(attempt, *claim.holder)) {
    close(*fd);
    return report_left(attempt, claim);
  }
  if (claim.holder != claims_.self()) claims_.write(*fd, encode_holder(claims_.self()));
  Shim shim{.claim = *fd};
  bool alive = false;
  if (!claim.end && same_boot) {
    alive = claim.shim ? watch(attempt, shim, *claim.shim) : ClaimFiles::is_locked(*fd);
    // It may have ended between the two looks: now that it is gone, what is in the claim is all there will be.
    if (!alive) claim = claims_.read(*fd);
  }
  if (alive) {
    shims_[attempt] = shim;
    if (!claim.shim) unidentified_.push_back(attempt);
    // The order may have been written by a supervisor that died before it could wake the shim.
    if (claim.stop) wake(shim);
  } else {
    close(*fd);
  }
  report_(ClaimFound{.attempt = attempt,
                     .store_id = claim.origin ? claim.origin->store_id : "",
                     .same_boot = same_boot,
                     .shim_alive = alive,
                     .shim = claim.shim ? claim.shim->pid : 0,
                     .start = claim.shim ? std::optional(claim.shim->start) : std::nullopt,
                     .stop = std::move(claim.stop),
                     .end = std::move(claim.end)});
}

/// Takes a handle of the shim of another supervisor; false when that process is gone, or its pid another's by now.
bool Shims::watch(const std::string& attempt, Shim& shim, const ShimIdentity& identity) {
  const int pidfd = open_process(identity.pid, identity.start_ticks);
  if (pidfd < 0) return false;
  shim.pid = identity.pid;
  shim.pidfd = pidfd;
  // Its own copy: gone() removes this handler.
  poller_.add(pidfd, EPOLLIN, [this, attempt](std::uint32_t) { gone(std::string(attempt)); });
  return true;
}

/// An adopted shim that had not said who it is: looks again.
void Shims::identify(const std::string& attempt) {
  const auto entry = shims_.find(attempt);
  if (entry == shims_.end()) return;
  auto& shim = entry->second;
  const bool held = ClaimFiles::is_locked(shim.claim);  // before reading: who let it go has written all it ever will
  const auto claim = claims_.read(shim.claim);
  if (claim.shim) {
    report_(StepStarted{attempt, claim.shim->start});
    shim.pid = claim.shim->pid;
    if (!watch(attempt, shim, *claim.shim)) {
      gone(attempt);
      return;
    }
    if (claim.stop) wake(shim);
  } else if (!held) {
    gone(attempt);
  } else {
    unidentified_.push_back(attempt);
  }
}

// ---- Actions
// ------------------------------------------------------------------------------------------------------------------

void Shims::perform(StartShim& action, std::int64_t now_ms) {
  action.spawn.cgroup = group_of(action.spawn.attempt);
  if (!action.spawn.warm) return start_cold(action.spawn, action.store_id, now_ms);
  WarmRequest request{std::move(action.spawn), action.store_id, now_ms};
  if (!warm_.take(request)) start_cold(request.spawn, request.store_id, now_ms);
}

void Shims::start_cold(const Spawn& spawn, const std::string& store_id, std::int64_t now_ms) {
  const auto claim = make_claim(spawn.attempt, store_id, now_ms);
  if (!claim) return;
  const auto free = free_.give(spawn, *claim);
  if (free) return entrust(spawn.attempt, *claim, *free);
  fork_shim(spawn, *claim);
}

/// Nothing: it is reported why.
std::optional<int> Shims::make_claim(const std::string& attempt, const std::string& store_id, std::int64_t now_ms) {
  const auto claim = claims_.make(attempt, {boot_id_, store_id, now_ms});
  if (claim) return *claim;
  if (claim.error().exists) {
    report_existing(attempt);
  } else {
    report_(SpawnFailed{attempt, claim.error().why, claim.error().no_space});
  }
  return std::nullopt;
}

/// The shim is there, its step forked. Only now is there a claim.
void Shims::start_warm(const WarmRequest& request, const WarmShim& shim) {
  const auto& spawn = request.spawn;
  if (const auto claim = make_claim(spawn.attempt, request.store_id, request.wall_ms); claim && !give_to(shim, spawn, *claim))
    fork_shim(spawn, *claim);
  close(shim.jobs);  // it serves one attempt
}

/// False: nobody has it.
bool Shims::give_to(const WarmShim& warm, const Spawn& spawn, int claim) {
  Shim shim{.claim = claim};
  if (!watch(spawn.attempt, shim, {warm.pid, warm.start_ticks, {}})) return false;
  if (!send_job(warm.jobs, spawn, claim)) {
    poller_.remove(shim.pidfd);
    close(shim.pidfd);
    return false;
  }
  shims_[spawn.attempt] = shim;
  report_(ShimStarted{spawn.attempt, warm.pid});
  return true;
}

void Shims::fork_shim(const Spawn& spawn, int claim) {
  int jobs[2] = {-1, -1};
  if (!make_job_sockets(jobs)) jobs[0] = jobs[1] = -1;  // then it serves this attempt only
  const pid_t pid = fork();
  if (pid == 0) run_shim(spawn, {claim, status_.write, jobs[1]}, open_files_);
  if (jobs[1] >= 0) close(jobs[1]);
  if (pid < 0) {
    const std::string why = std::string("cannot fork: ") + std::strerror(errno);
    if (jobs[0] >= 0) close(jobs[0]);
    close(claim);
    return report_(SpawnFailed{spawn.attempt, why});
  }
  free_.add(pid, jobs[0]);
  entrust(spawn.attempt, claim, pid);
}

void Shims::entrust(const std::string& attempt, int claim, int pid) {
  shims_[attempt] = {pid, claim, -1};
  children_[pid] = attempt;
  report_(ShimStarted{attempt, pid});
}

void Shims::perform(ClaimAsEnded& action, std::int64_t now_ms) {
  const auto claim = claims_.make(action.attempt, {boot_id_, action.store_id, now_ms});
  if (!claim) return;  // the end is known in memory, and the daemon is told it now
  claims_.write(*claim, encode_end(action.end));
  close(*claim);
}

void Shims::perform(OrderStop& action) {
  const auto entry = shims_.find(action.attempt);
  if (others_.have(action.attempt)) return stop_left(action.attempt, action.order);
  if (entry == shims_.end()) return revoke(action.attempt);
  claims_.write(entry->second.claim, encode_stop(action.order));
  wake(entry->second);
}

/// Its shim obeys whoever wrote the order, so that it can be stopped also when its holder is out of reach.
void Shims::stop_left(const std::string& attempt, const StopOrder& order) {
  const auto fd = claims_.open(attempt);
  if (!fd) return;
  claims_.write(*fd, encode_stop(order));
  const auto claim = claims_.read(*fd);
  close(*fd);
  const int pidfd = claim.shim ? open_process(claim.shim->pid, claim.shim->start_ticks) : -1;
  if (pidfd < 0) return;
  wake({.pidfd = pidfd});
  close(pidfd);
}

/// If it still waits for a warm shim. Otherwise it has just ended: ShimGone is on its way.
void Shims::revoke(const std::string& attempt) {
  const auto request = warm_.withdraw(attempt);
  if (!request) return;
  // With a claim, so that the same spawn sent again finds what became of it.
  const auto claim = make_claim(attempt, request->store_id, request->wall_ms);
  if (!claim) return;
  close(*claim);
  report_(SpawnFailed{attempt, "it was stopped before it began"});
}

/// Also one that its step has stopped: of those that are not our children we are not told.
void Shims::wake(const Shim& shim) {
  for (const int signal : {stop_signal(), SIGCONT}) {
    if (shim.pidfd >= 0) {
      syscall(SYS_pidfd_send_signal, shim.pidfd, signal, nullptr, 0);
    } else if (shim.pid > 0) {
      kill(shim.pid, signal);  // our child, not reaped yet: the pid is its own
    }
  }
}

void Shims::perform(WriteEnd& action) {
  const auto fd = claims_.open(action.attempt);
  if (!fd) return;
  claims_.write(*fd, encode_end(action.end));
  close(*fd);
}

void Shims::perform(RemoveClaim& action) { claims_.remove(action.attempt); }

void Shims::perform(KillTree& action) {
  // Only of a shim that we saw alive: the pid of one that died long ago may be another's session by now.
  const auto session = dead_sessions_.extract(action.attempt);
  lost_.add(action.attempt, session ? session.mapped() : 0, group_of(action.attempt), action.unclaimed);
}

// ---- What happens
// -------------------------------------------------------------------------------------------------------------

void Shims::read_status() {
  StatusMessage messages[64];
  ssize_t got = 0;
  while ((got = read(status_.read, messages, sizeof messages)) > 0) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(got) / sizeof(StatusMessage); ++i) {
      const auto& message = messages[i];
      const std::string attempt(message.attempt, sizeof message.attempt);
      if (message.kind == StatusMessage::ended) {
        done(attempt);
      } else {
        report_(StepStarted{attempt, {message.pid, message.at_ms, message.warm != 0}});
      }
    }
  }
}

/// The attempt is over, its shim lives and can take another.
void Shims::done(const std::string& attempt) {
  const auto entry = shims_.find(attempt);
  if (entry == shims_.end()) return;
  const int pid = entry->second.pid;
  const auto child = children_.find(pid);
  if (child != children_.end()) child->second.clear();
  if (gone(attempt) && child != children_.end()) free_.freed(pid);
}

void Shims::reap() {
  std::vector<std::string> ended;
  pid_t pid = 0;
  int status = 0;
  while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
    const auto child = children_.find(pid);
    if (WIFSTOPPED(status)) {
      const bool is_free = child != children_.end() && child->second.empty();
      if (!is_free) kill(pid, SIGCONT);  // stopped by its step, which must not escape its timeout so
      continue;
    }
    warm_.reaped(pid);
    if (child == children_.end()) continue;  // an orphan of a dead shim
    const bool untaken = free_.gone(pid);
    if (!child->second.empty()) {
      if (untaken) end_untaken(child->second);
      ended.push_back(std::move(child->second));
    }
    children_.erase(child);
  }
  read_status();  // what the dead wrote is in the pipe by now: a start is said before its end
  for (const auto& attempt : ended) gone(attempt);
}

/// The shim that it was given to died before it looked: nothing was executed, and that is known.
void Shims::end_untaken(const std::string& attempt) {
  const auto entry = shims_.find(attempt);
  if (entry == shims_.end()) return;
  claims_.write(entry->second.claim, encode_end({.outcome = Outcome::never_started,
                                                 .ended_at_ms = wall_ms(),
                                                 .detail = "its shim was killed before it took the attempt"}));
}

/// Nobody works on the attempt any more. Whether its end was recorded.
bool Shims::gone(const std::string& attempt) {
  const auto entry = shims_.find(attempt);
  if (entry == shims_.end()) return false;
  const auto shim = entry->second;
  shims_.erase(entry);
  if (shim.pidfd >= 0) {
    poller_.remove(shim.pidfd);
    close(shim.pidfd);
  }
  auto claim = claims_.read(shim.claim);
  close(shim.claim);
  const bool recorded = claim.end.has_value();
  if (!recorded) dead_sessions_[attempt] = shim.pid;
  report_(ShimGone{attempt, std::move(claim.end)});
  return recorded;
}

void Shims::tick() {
  for (const auto& attempt : std::exchange(unidentified_, {})) identify(attempt);
  free_.let_go();
  warm_.tick();
  if (lost_.empty()) return;
  reap();
  for (auto& attempt : lost_.look()) report_(TreeGone{std::move(attempt)});
}

int Shims::timeout_ms() const {
  if (!unidentified_.empty()) return kIdentifyPauseMs;
  if (!lost_.empty()) return lost_.pause_ms();
  const int free = free_.timeout_ms(), warm = warm_.timeout_ms();
  return free < 0 || warm < 0 ? std::max(free, warm) : std::min(free, warm);
}

std::string Shims::group_of(const std::string& attempt) const { return groups_.empty() ? "" : groups_ + "/assetd-" + attempt; }

/// What a search for lost processes spares.
bool Shims::is_ours(int pid) const {
  return children_.contains(pid) || warm_.is_worker(pid) || std::ranges::any_of(shims_, [pid](const auto& each) { return each.second.pid == pid; });
}

}  // namespace assetd::supervisor
