#include "supervisor/shell/warm_workers.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <limits>
#include <utility>

#include "supervisor/shim.h"
#include "supervisor/shim_job.h"

namespace assetd::supervisor {
namespace {

constexpr std::size_t kMostWorkers = 8;
constexpr std::size_t kMostUseless = 1'000;
constexpr std::int64_t kForkWithinMs = 10'000;
constexpr std::int64_t kUselessForMs = 300'000;

std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void log(const Warm& warm, const std::string& what) {
  std::string command;
  for (const auto& word : warm.argv) command += (command.empty() ? "" : " ") + word;
  std::fprintf(stderr, "assetd-supervisor: warm worker '%s': %s\n", command.c_str(), what.c_str());
}

enum class Heard { nothing, hello, end };

Heard hear_shim(int socket, WarmShim& shim) {
  WarmShimHello hello{};
  iovec part{&hello, sizeof hello};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(ucred))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  const auto size = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return Heard::nothing;
  const auto* const header = CMSG_FIRSTHDR(&message);
  if (size != sizeof hello || header == nullptr || header->cmsg_type != SCM_CREDENTIALS) return Heard::end;
  ucred from{};
  std::memcpy(&from, CMSG_DATA(header), sizeof from);
  shim = {from.pid, hello.start_ticks, socket};
  return from.pid > 0 ? Heard::hello : Heard::end;
}

}  // namespace

WarmWorkers::WarmWorkers(Poller& poller, const rlimit& open_files, int status, Answers answers)
    : poller_(poller),
      open_files_(open_files),
      status_(status),
      answers_(std::move(answers)),
      program_(open("/proc/self/exe", O_RDONLY | O_CLOEXEC)) {}

WarmWorkers::~WarmWorkers() {
  for (const auto& [socket, fork] : forking_) close(socket);
  if (program_ >= 0) close(program_);
}

// ---- Requests

bool WarmWorkers::take(WarmRequest& request) {
  const int id = program_ < 0 ? 0 : find_or_start(*request.spawn.warm);
  if (id == 0) return false;
  auto& worker = workers_.at(id);
  worker.used_ms = now_ms();
  worker.waiting.push_back(std::move(request));
  if (worker.ready) fork_waiting(id);
  return true;
}

void WarmWorkers::preload(const Warm& warm) {
  if (program_ >= 0 && workers_.size() < kMostWorkers) find_or_start(warm);
}

/// 0: there is none to be had.
int WarmWorkers::find_or_start(const Warm& warm) {
  if (const auto known = by_key_.find(warm.key); known != by_key_.end()) return known->second;
  const auto now = now_ms();
  if (const auto useless = useless_until_ms_.find(warm.key); useless != useless_until_ms_.end()) {
    if (now < useless->second) return 0;
    useless_until_ms_.erase(useless);
  }
  if (!make_room()) return 0;
  const int id = next_id_++;
  auto& worker = workers_[id];
  worker.warm = warm;
  worker.since_ms = worker.used_ms = now;
  worker.process = std::make_unique<WarmWorker>(warm, open_files_);
  by_key_[warm.key] = id;
  if (!worker.process->why().empty()) {
    fail(id, worker.process->why());
    return 0;
  }
  poller_.add(worker.process->socket(), EPOLLIN, [this, id](std::uint32_t) { on_worker(id); });
  return id;
}

/// Ends the one that was not needed for the longest time, when there are too many. False: all are needed.
bool WarmWorkers::make_room() {
  if (workers_.size() < kMostWorkers) return true;
  int oldest = 0;
  for (const auto& [id, worker] : workers_) {
    const bool idle = worker.waiting.empty() && !is_forking(id);
    if (idle && (oldest == 0 || worker.used_ms < workers_.at(oldest).used_ms)) oldest = id;
  }
  if (oldest != 0) end(oldest);
  return oldest != 0;
}

std::optional<WarmRequest> WarmWorkers::withdraw(const std::string& attempt) {
  for (const auto& [socket, fork] : forking_) {
    if (fork.request.spawn.attempt == attempt) return forget_fork(socket);
  }
  for (auto& [id, worker] : workers_) {
    const auto found = std::ranges::find_if(worker.waiting, [&](const WarmRequest& each) { return each.spawn.attempt == attempt; });
    if (found == worker.waiting.end()) continue;
    auto request = std::move(*found);
    worker.waiting.erase(found);
    return request;
  }
  return std::nullopt;
}

// ---- What workers say

void WarmWorkers::on_worker(int id) {
  const auto found = workers_.find(id);
  if (found == workers_.end()) return;
  auto& worker = found->second;
  switch (worker.process->hear()) {
    case WarmWorker::Word::nothing:
      return;
    case WarmWorker::Word::ready:
      worker.ready = true;
      worker.used_ms = now_ms();
      return fork_waiting(id);
    case WarmWorker::Word::stale:
      return replace(id);
    case WarmWorker::Word::refuses:
      return fail(id, worker.process->why());
    case WarmWorker::Word::gone:
      return fail(id, worker.ready ? "it has ended" : "it ended before it was ready; its log is " + worker.warm.log_path);
  }
}

void WarmWorkers::fork_waiting(int id) {
  auto& worker = workers_.at(id);
  for (auto& request : std::exchange(worker.waiting, {})) {
    ++worker.forks;
    ask_for_fork(id, std::move(request));
  }
  if (worker.forks >= worker.warm.attempts) return retire(id);
  if (const auto bytes = worker.process->memory(); bytes > worker.warm.memory_bytes) {
    log(worker.warm, "it has " + std::to_string(bytes >> 20) + " MiB, more than may be kept");
    retire(id);
  }
}

void WarmWorkers::ask_for_fork(int id, WarmRequest request) {
  int ends[2] = {-1, -1};
  const int on = 1;
  const bool asked = make_job_sockets(ends) && setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 &&
                     workers_.at(id).process->ask_for_fork(ends[1], status_, program_);
  if (ends[1] >= 0) close(ends[1]);
  if (!asked) {
    if (ends[0] >= 0) close(ends[0]);
    return answers_.cold(std::move(request));
  }
  forking_.emplace(ends[0], Forking{id, std::move(request), now_ms() + kForkWithinMs});
  poller_.add(ends[0], EPOLLIN, [this, socket = ends[0]](std::uint32_t) { on_fork(socket); });
}

void WarmWorkers::on_fork(int socket) {
  auto found = forking_.find(socket);
  if (found == forking_.end()) return;
  WarmShim shim;
  const auto heard = hear_shim(socket, shim);
  if (heard == Heard::nothing) return;
  const int id = found->second.worker;
  if (heard == Heard::end) {
    on_worker(id);  // it may have said why, and then another makes the fork
    if (auto request = forget_fork(socket)) answers_.cold(std::move(*request));
    return end_if_done(id);
  }
  auto request = std::move(found->second.request);
  forking_.erase(found);
  poller_.remove(socket);
  answers_.warm(std::move(request), shim);
  end_if_done(id);
}

/// Whoever is at the other end of `socket` will get no attempt.
std::optional<WarmRequest> WarmWorkers::forget_fork(int socket) {
  const auto found = forking_.find(socket);
  if (found == forking_.end()) return std::nullopt;
  auto request = std::move(found->second.request);
  forking_.erase(found);
  poller_.remove(socket);
  close(socket);
  return request;
}

// ---- Ends of workers

/// What it has forked may still come; what waits is started cold.
void WarmWorkers::fail(int id, const std::string& why) {
  auto& worker = workers_.at(id);
  const bool useless = !worker.ready;
  log(worker.warm, why + (useless ? "; for five minutes steps are started without it" : ""));
  if (useless) {
    if (useless_until_ms_.size() >= kMostUseless) useless_until_ms_.clear();
    useless_until_ms_[worker.warm.key] = now_ms() + kUselessForMs;
  }
  auto waiting = std::move(worker.waiting);
  end(id);
  for (auto& request : waiting) answers_.cold(std::move(request));
}

/// It is stale: those that wait for a fork of it get one of a fresh worker.
void WarmWorkers::replace(int id) {
  std::vector<int> sockets;
  for (const auto& [socket, fork] : forking_) {
    if (fork.worker == id) sockets.push_back(socket);
  }
  std::vector<WarmRequest> requests;
  for (const int socket : sockets) requests.push_back(std::move(*forget_fork(socket)));
  end(id);
  for (auto& request : requests) {
    const bool second_time = std::exchange(request.again, true);
    if (second_time || !take(request)) answers_.cold(std::move(request));
  }
}

void WarmWorkers::retire(int id) {
  auto& worker = workers_.at(id);
  worker.retired = true;
  if (const auto key = by_key_.find(worker.warm.key); key != by_key_.end() && key->second == id) by_key_.erase(key);
  end_if_done(id);
}

void WarmWorkers::end_if_done(int id) {
  const auto found = workers_.find(id);
  if (found != workers_.end() && found->second.retired && !is_forking(id)) end(id);
}

void WarmWorkers::end(int id) {
  const auto found = workers_.find(id);
  if (const auto key = by_key_.find(found->second.warm.key); key != by_key_.end() && key->second == id) by_key_.erase(key);
  if (const int socket = found->second.process->socket(); socket >= 0) poller_.remove(socket);
  workers_.erase(found);
}

bool WarmWorkers::is_forking(int id) const {
  return std::ranges::any_of(forking_, [id](const auto& each) { return each.second.worker == id; });
}

bool WarmWorkers::is_worker(int pid) const {
  return std::ranges::any_of(workers_, [pid](const auto& each) { return each.second.process->pid() == pid; });
}

void WarmWorkers::reaped(int pid) {
  for (auto& [id, worker] : workers_) {
    if (worker.process->pid() != pid) continue;
    worker.process->reaped();
    return;  // its socket tells the rest
  }
}

// ---- Time

void WarmWorkers::tick() {
  const auto now = now_ms();
  std::vector<int> late, slow, idle;
  for (const auto& [socket, fork] : forking_) {
    if (fork.deadline_ms <= now) late.push_back(socket);
  }
  for (const int socket : late) {
    if (auto request = forget_fork(socket)) answers_.cold(std::move(*request));
  }
  for (const auto& [id, worker] : workers_) {
    if (!worker.ready && worker.since_ms + worker.warm.load_ms <= now) slow.push_back(id);
    if (worker.ready && worker.used_ms + worker.warm.idle_ms <= now && !is_forking(id)) idle.push_back(id);
  }
  for (const int id : slow) fail(id, "it is not ready after " + std::to_string(workers_.at(id).warm.load_ms) + " ms");
  for (const int id : idle) end(id);
}

int WarmWorkers::timeout_ms() const {
  auto next = std::numeric_limits<std::int64_t>::max();
  for (const auto& [socket, fork] : forking_) next = std::min(next, fork.deadline_ms);
  for (const auto& [id, worker] : workers_)
    next = std::min(next, worker.ready ? worker.used_ms + worker.warm.idle_ms : worker.since_ms + worker.warm.load_ms);
  if (next == std::numeric_limits<std::int64_t>::max()) return -1;
  return static_cast<int>(std::clamp<std::int64_t>(next - now_ms(), 1, 3'600'000));
}

}  // namespace assetd::supervisor
