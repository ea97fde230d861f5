#pragma once
// One preloaded process of a plugin: started, told what to prepare for, asked for forks. Its side is in docs/plugins.md, "serve".

#include <sys/resource.h>

#include <cstdint>
#include <optional>
#include <string>

#include "supervisor/message.h"

namespace assetd::supervisor {

class WarmWorker {
 public:
  /// What it says.
  enum class Word {
    nothing,  ///< no whole message yet
    ready,
    stale,    ///< what it has loaded is not what is on disk any more
    refuses,  ///< see why(); it is of no use
    gone,
  };

  /// Starts it. On failure pid() is 0, and why() says more. `open_files`: the limit that steps get.
  WarmWorker(const Warm& warm, const rlimit& open_files);
  /// Kills it. What was forked from it and has become a shim lives on.
  ~WarmWorker();
  WarmWorker(const WarmWorker&) = delete;
  WarmWorker& operator=(const WarmWorker&) = delete;

  int pid() const { return pid_; }
  int socket() const { return socket_; }
  const std::string& why() const { return why_; }

  Word hear();
  /// Asks for a fork that executes `program` as a warm shim, with `jobs` and `status`. False: it can take no more.
  bool ask_for_fork(int jobs, int status, int program);
  /// Of the process itself, in bytes; 0 when it is gone.
  std::uint64_t memory() const;
  /// It was reaped: the number may be another's from now on.
  void reaped() { pid_ = 0; }

 private:
  int pid_ = 0;
  int socket_ = -1;
  std::string why_;
};

}  // namespace assetd::supervisor
