#pragma once
// Environments that take time to make: programs that give secrets, files that may be pipes. Beside the service's thread, which waits for none of them.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/execution/environment.h"

namespace assetd {

class EnvironmentResolver {
 public:
  using Environment = std::expected<std::map<std::string, std::string>, std::string>;
  using Done = std::function<void(Environment)>;  ///< called on a thread of this class; it must only enqueue

  EnvironmentResolver() = default;
  /// Programs that still run are ended; what has not been answered by then is not answered.
  ~EnvironmentResolver();
  EnvironmentResolver(const EnvironmentResolver&) = delete;
  EnvironmentResolver& operator=(const EnvironmentResolver&) = delete;

  /// Any thread. Several at once, in no order.
  void resolve(EnvironmentSpec spec, std::map<std::string, std::string> daemon_env, Done done);

 private:
  struct Job {
    EnvironmentSpec spec;
    std::map<std::string, std::string> daemon_env;
    Done done;
  };
  void work();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job> jobs_;
  std::vector<std::thread> threads_;  ///< begun when they are needed: most projects need none
  std::size_t idle_ = 0;
  std::atomic<bool> stop_ = false;
};

}  // namespace assetd
