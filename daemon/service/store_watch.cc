#include "daemon/service/store_watch.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "daemon/store/page_check.h"

namespace assetd {
namespace {

constexpr std::chrono::hours kDay{24};
constexpr int kLowestPriority = 19;

}  // namespace

StoreWatch::StoreWatch(std::string path, std::function<void(const StoreError&)> damaged)
    : path_(std::move(path)), damaged_(std::move(damaged)), thread_([this] { run(); }) {}

StoreWatch::~StoreWatch() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void StoreWatch::run() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kLowestPriority);  // on Linux of the thread
  do {
    const auto checked = check_pages(path_, stop_);
    if (checked) continue;
    if (checked.error().pages) return damaged_(checked.error());
    spdlog::warn("the store was not looked at for damage: {}", checked.error().message);
  } while (!wait(kDay));
}

/// True once it is to end.
bool StoreWatch::wait(std::chrono::seconds pause) {
  std::unique_lock lock(mutex_);
  return stopped_.wait_for(lock, pause, [this] { return stop_.load(); });
}

}  // namespace assetd
