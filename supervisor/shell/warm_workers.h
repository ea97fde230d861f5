#pragma once
// Preloaded processes by key, loaded on first use: hands out shims whose step is forked from one. Whatever goes wrong on the way to such a
// shim goes wrong before an attempt is claimed, and gives the attempt back to be started cold.

#include <sys/resource.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/message.h"
#include "supervisor/shell/poller.h"
#include "supervisor/shell/warm_worker.h"

namespace assetd::supervisor {

/// An attempt that waits for its shim.
struct WarmRequest {
  Spawn spawn;
  std::string store_id;
  std::int64_t wall_ms = 0;
  bool again = false;  ///< one worker turned out to be stale already
};

/// A shim that waits for its attempt.
struct WarmShim {
  int pid = 0;
  std::uint64_t start_ticks = 0;
  int jobs = -1;  ///< as of a free shim; the receiver's to close
};

class WarmWorkers {
 public:
  struct Answers {
    std::function<void(WarmRequest, WarmShim)> warm;
    std::function<void(WarmRequest)> cold;
  };

  /// `status`: write end of the pipe that shims report to.
  WarmWorkers(Poller& poller, const rlimit& open_files, int status, Answers answers);
  ~WarmWorkers();
  WarmWorkers(const WarmWorkers&) = delete;
  WarmWorkers& operator=(const WarmWorkers&) = delete;

  /// True: it is answered later. False: it has to be started cold, and `request` is as it was.
  bool take(WarmRequest& request);
  /// Loads the worker in advance, if there is none of this key and no other would have to go for it.
  void preload(const Warm& warm);
  /// It is not wanted any more: nobody has it from now on. Nothing when it is not waiting here.
  std::optional<WarmRequest> withdraw(const std::string& attempt);

  bool is_worker(int pid) const;
  void reaped(int pid);
  void tick();
  int timeout_ms() const;

 private:
  struct Worker {
    Warm warm;
    std::unique_ptr<WarmWorker> process;
    bool ready = false;
    bool retired = false;  ///< gets no more requests; ends when its last fork is a shim
    std::int64_t since_ms = 0, used_ms = 0;
    std::uint64_t forks = 0;
    std::vector<WarmRequest> waiting;  ///< until it is ready
  };
  struct Forking {
    int worker;
    WarmRequest request;
    std::int64_t deadline_ms;
  };

  int find_or_start(const Warm& warm);
  bool make_room();
  void on_worker(int id);
  void on_fork(int socket);
  void fork_waiting(int id);
  void ask_for_fork(int id, WarmRequest request);
  void fail(int id, const std::string& why);
  void replace(int id);
  void retire(int id);
  void end(int id);
  void end_if_done(int id);
  bool is_forking(int id) const;
  std::optional<WarmRequest> forget_fork(int socket);

  Poller& poller_;
  rlimit open_files_;
  int status_;
  Answers answers_;
  int program_;  ///< our own: what a warm shim executes
  int next_id_ = 1;
  std::map<int, Worker> workers_;
  std::map<std::string, int> by_key_;                 ///< those that take requests
  std::map<int, Forking> forking_;                    ///< by our end of what becomes the shim's jobs socket
  std::map<std::string, std::int64_t> useless_until_ms_;  ///< keys whose worker never got ready
};

}  // namespace assetd::supervisor
