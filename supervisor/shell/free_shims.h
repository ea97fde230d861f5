#pragma once
// Shims that have done their step and wait for another: one that is there already costs a tenth of a fork.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "supervisor/message.h"

namespace assetd::supervisor {

class FreeShims {
 public:
  FreeShims() = default;
  ~FreeShims();
  FreeShims(const FreeShims&) = delete;
  FreeShims& operator=(const FreeShims&) = delete;

  /// A new shim of ours, at work; `socket` is our end of its jobs, -1 when it takes one attempt only.
  void add(int pid, int socket);
  /// Gives the attempt to a shim that is free. Nothing when none is, or none can take it: then nobody has it.
  std::optional<int> give(const Spawn& spawn, int claim);
  /// It has done what it had.
  void freed(int pid);
  /// It is dead. True when a job was on its way to it that it never took: then nobody ever will.
  bool gone(int pid);

  /// Lets those go that have had nothing to do for a while.
  void let_go();
  /// Until let_go() has something to do; -1: never.
  int timeout_ms() const;

 private:
  struct Free {
    int pid;
    std::int64_t since_ms;
  };
  void drop(int pid);

  std::map<int, int> sockets_;  ///< by pid; not of those that were let go
  std::vector<Free> free_;      ///< the last one freed last, and given first: its memory is the warmest
};

}  // namespace assetd::supervisor
