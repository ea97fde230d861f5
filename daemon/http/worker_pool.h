#pragma once
// A few threads that carry handlers, each with a Context of its own.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/http/context.h"

namespace assetd::http {

class WorkerPool {
 public:
  using Job = std::function<void(Context&)>;

  WorkerPool(int threads, Service& service, Shared& shared);
  ~WorkerPool() { stop(); }
  /// False when too many wait already (the client should be told to come back) or after stop().
  bool post(Job job);
  /// Drops what has not begun, waits for the rest.
  void stop();

 private:
  void work(Service& service, Shared& shared);

  static constexpr std::size_t kMaxWaiting = 1024;  ///< above the most connections there may be, so that only streams can fill it
  std::mutex mutex_;
  std::condition_variable waiting_;
  std::deque<Job> jobs_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace assetd::http
