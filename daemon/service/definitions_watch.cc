#include "daemon/service/definitions_watch.h"

#include <chrono>
#include <utility>

namespace assetd {
namespace {

constexpr std::chrono::milliseconds kPause{500};

}  // namespace

DefinitionsWatch::DefinitionsWatch(CompileOptions options, std::string watch_state, std::function<bool()> changed)
    : options_(std::move(options)), changed_(std::move(changed)), state_(std::move(watch_state)), thread_([this] { loop(); }) {}

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
    lock.unlock();
    const bool changed = !is_unchanged(state, options_);
    lock.lock();
    // Whoever saves several files at once is given until the next look.
    if (!changed || wake_.wait_for(lock, kPause, [this] { return stopping_; })) continue;
    if (state_ != state) continue;  // read anew meanwhile
    lock.unlock();
    auto now = looked_at_again(state, options_);  // before they are read: what is saved while they are shows at the next look
    const bool told = changed_();
    lock.lock();
    if (told && state_ == state) state_ = std::move(now);
  }
}

}  // namespace assetd
