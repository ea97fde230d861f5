#include "supervisor/shell/loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <type_traits>

namespace assetd::supervisor {
namespace {

std::int64_t wall_ms() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

constexpr std::int64_t kLongestAwaitMs = 30'000;  // a daemon that started us says hello within milliseconds

std::int64_t boot_ms() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

Loop::Loop(const LoopOptions& options)
    : claims_(options.claims),
      logic_(getpid(), options.boot_id, options.store_id, options.on_demand, options.spoken, options.limits),
      shims_(poller_, claims_, options.boot_id, options.open_files, options.groups, [this](Input input) { take(std::move(input)); }),
      connections_(poller_, options.socket, [this](Input input) { take(std::move(input)); }) {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT}) sigaddset(&watched, signal);
  signals_ = signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
  poller_.add(signals_, EPOLLIN, [this](std::uint32_t) { on_signals(); });
  await_until_ms_ = boot_ms() + kLongestAwaitMs;
  shims_.adopt_all();  // nobody is accepted before run(), so a daemon's list is complete
}

Loop::~Loop() { close(signals_); }

void Loop::run() {
  connections_.flush();
  while (!exiting_) {
    const int pause = shims_.timeout_ms(), look = Connections::timeout_ms();
    poller_.wait(pause < 0 ? look : std::min(pause, look));
    shims_.tick();
    connections_.look(boot_ms());
    if (await_until_ms_ != 0 && boot_ms() >= await_until_ms_) await_until_ms_ = 0, take(NobodyCame{});
    connections_.flush();
  }
}

/// Performing an action may produce inputs: they wait their turn.
void Loop::take(Input input) {
  if (const auto* received = std::get_if<Received>(&input); received && received->command && std::holds_alternative<List>(*received->command))
    shims_.look_at_others(logic_.takes_spawns());
  inputs_.push_back(std::move(input));
  if (busy_) return;
  busy_ = true;
  while (!inputs_.empty()) {
    const auto now_ms = wall_ms();
    auto actions = logic_.handle(std::move(inputs_.front()), now_ms);
    inputs_.pop_front();
    for (auto& action : actions) perform(action, now_ms);
  }
  busy_ = false;
}

void Loop::perform(Action& action, std::int64_t now_ms) {
  std::visit(
      [&](auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, Send>) {
          connections_.send(what.connection, what.event);
        } else if constexpr (std::is_same_v<What, Close>) {
          connections_.close_after_sending(what.connection);
        } else if constexpr (std::is_same_v<What, Exit>) {
          exiting_ = true;
        } else if constexpr (std::is_same_v<What, StartShim> || std::is_same_v<What, ClaimAsEnded>) {
          shims_.perform(what, now_ms);
        } else {
          shims_.perform(what);
        }
      },
      action);
}

void Loop::on_signals() {
  signalfd_siginfo info;
  while (read(signals_, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGCHLD) {
      shims_.reap();
    } else {
      exiting_ = true;
    }
  }
}

}  // namespace assetd::supervisor
