#pragma once
// The process in which a sensor's look at the world happens: `assetd sense`. Whatever hangs in it, a mount above all, hangs there; and whatever a program
// leaves behind, also what left its session, is ended with it.

#include <atomic>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <vector>

#include "core/time.h"
#include "daemon/execution/child_process.h"

namespace assetd {

struct SensedFiles {
  struct File {
    std::string path;
    std::int64_t size = 0, mtime_ns = 0;
  };
  std::vector<File> files;           ///< at most `most`
  std::vector<std::string> folders;  ///< in which others could appear
  bool network = false;              ///< one of the folders lies on a network file system, which tells nothing of its changes
};

/// `program` is this executable. Blocks until the process has ended, at most a few seconds longer than `timeout`; ends it soon after `stop` is set. Any thread.
std::expected<SensedFiles, std::string> sense_files(const std::string& program, const std::string& glob, std::size_t most, Millis timeout, const std::atomic<bool>& stop);

/// Runs `spec` with its environment (which must be given) and ends its whole tree of processes when its time is over, when `stop` is set, or when it is done.
std::expected<ChildResult, std::string> run_guarded(const std::string& program, const ChildSpec& spec, const std::atomic<bool>& stop);

/// What `assetd sense` does; its exit code.
int run_sense_command();

}  // namespace assetd
