#pragma once
// The control group (cgroup v2) of one attempt: holds its limits, counts its memory, and finds and kills what is left of it. What of it the machine
// does not offer is as if it were not asked for: the caller looks at what is in force.

#include <cstdint>
#include <optional>
#include <string>

#include "supervisor/message.h"

namespace assetd::supervisor {

/// What the kernel counted in a group and those below it.
struct GroupMemory {
  std::uint64_t peak_bytes = 0;   ///< 0: not known to this kernel
  std::uint64_t limit_hits = 0;   ///< times that its own limit could not be kept
  std::uint64_t killed = 0;       ///< processes killed for want of memory, whoever's limit it was

  bool operator==(const GroupMemory&) const = default;
};

class ControlGroup {
 public:
  /// Makes the directory `path`, which has the attempt's id in its name, and sets the limits. An empty path: there is no group.
  ControlGroup(std::string path, const Limits& limits);
  ~ControlGroup();
  ControlGroup(const ControlGroup&) = delete;
  ControlGroup& operator=(const ControlGroup&) = delete;

  bool exists() const { return procs_ >= 0; }
  /// The limit of memory was asked for and is in force.
  bool bounds_memory() const { return bounds_memory_; }
  /// A process that writes "0" to it is in the group from then on; -1: there is none.
  int procs() const { return procs_; }
  /// Moves a process here, with its threads.
  bool take_in(int pid);
  void kill() const;
  GroupMemory memory() const;
  /// Once nothing runs in it. Groups that the step made in it go too.
  void remove();

 private:
  bool set(const char* file, const std::string& value) const;

  std::string path_;
  int procs_ = -1;
  bool bounds_memory_ = false;
};

/// SIGKILL for all that is in the group and below. False: nothing is, or there is no such group.
bool kill_group(const std::string& path);
void remove_group(const std::string& path);

/// "populated 1" → populated is 1: a number of a file of `name number` lines; 0 when it is not there.
std::uint64_t number_in(const std::string& text, const std::string& name);

}  // namespace assetd::supervisor
