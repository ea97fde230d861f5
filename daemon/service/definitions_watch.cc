#include "daemon/service/definitions_watch.h"

#include <chrono>
#include <utility>

namespace assetd {
namespace {

constexpr std::chrono::milliseconds kPause{500};

}  // namespace

DefinitionsWatch::DefinitionsWatch(CompileOptions options, std::function<void()> changed)
    : options_(std::move(options)), changed_(std::move(changed)), thread_([this] { loop(); }) {}

DefinitionsWatch::~DefinitionsWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void DefinitionsWatch::seen(std::string watch_state) {
  const std::lock_guard lock(mutex_);
  if (!watch_state.empty()) state_ = std::move(watch_state);
}

void DefinitionsWatch::loop() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kPause, [this] { return stopping_; })) {
    const auto state = state_;
    if (state.empty()) continue;
    lock.unlock();
    const bool changed = !is_unchanged(state, options_);
    lock.lock();
    // Whoever saves several files at once is given until the next look.
    if (!changed || wake_.wait_for(lock, kPause, [this] { return stopping_; })) continue;
    if (state_ != state) continue;  // read anew meanwhile
    state_.clear();
    lock.unlock();
    changed_();
    lock.lock();
  }
}

}  // namespace assetd
