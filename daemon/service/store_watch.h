#pragma once
// Reads the whole store for damage beside everything else: after a start, which has time only for a part of a large one, and once a day.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "daemon/store/store.h"

namespace assetd {

class StoreWatch {
 public:
  /// `damaged` is called in the watch's thread, once: what is damaged stays so.
  StoreWatch(std::string path, std::function<void(const StoreError&)> damaged);
  /// Ends a look that is under way.
  ~StoreWatch();
  StoreWatch(const StoreWatch&) = delete;
  StoreWatch& operator=(const StoreWatch&) = delete;

 private:
  void run();
  bool wait(std::chrono::seconds pause);

  const std::string path_;
  const std::function<void(const StoreError&)> damaged_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::thread thread_;
};

}  // namespace assetd
