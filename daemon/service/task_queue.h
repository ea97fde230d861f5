#pragma once
// Work for the service's thread, from any thread, in order.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace assetd {

template <typename Turn>
class TaskQueue {
 public:
  using Task = std::function<void(Turn&)>;

  /// False once closed: the task was not taken.
  bool push(Task task) {
    {
      std::lock_guard lock(mutex_);
      if (closed_) return false;
      tasks_.push_back(std::move(task));
    }
    ready_.notify_one();
    return true;
  }

  /// Waits for work at most `wait` and takes up to `most` tasks.
  std::vector<Task> take(std::chrono::milliseconds wait, std::size_t most) {
    std::unique_lock lock(mutex_);
    ready_.wait_for(lock, wait, [this] { return !tasks_.empty() || closed_; });
    std::vector<Task> taken;
    while (!tasks_.empty() && taken.size() < most) {
      taken.push_back(std::move(tasks_.front()));
      tasks_.pop_front();
    }
    return taken;
  }

  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }
  bool closed() const {
    std::lock_guard lock(mutex_);
    return closed_ && tasks_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Task> tasks_;
  bool closed_ = false;
};

}  // namespace assetd
