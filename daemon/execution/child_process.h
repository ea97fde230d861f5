#pragma once
// A short-lived program of the daemon's own (describe, a secrets program, the compiler): run, fed, read and waited for.
// Steps never run this way.

#include <atomic>
#include <chrono>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace assetd {

struct ChildSpec {
  std::vector<std::string> argv;  ///< argv[0] is looked up in this process's PATH when it has no '/'
  std::optional<std::map<std::string, std::string>> env;  ///< nothing: this process's
  std::string cwd;                                        ///< empty: this process's
  std::string input;                                      ///< given on stdin, which is then closed
  std::chrono::milliseconds timeout{120'000};
  std::size_t max_output = 256u << 20;  ///< bytes of stdout; more is an end of kind too_much
  std::size_t keep_errors = 64u << 10;  ///< the last bytes of stderr that are kept
  std::chrono::milliseconds grace{2'000};  ///< between asking it to end and killing it
  const std::atomic<bool>* stop = nullptr;  ///< once set it is ended; looked at a few times a second
  bool killed_by_stop = false;              ///< with all that descends from it and without grace: who waits is at its end
};

struct ChildResult {
  enum class End { exited, signaled, timed_out, too_much, stopped };
  End end = End::exited;
  int code = 0;  ///< exit code or signal
  std::string output;
  std::string errors;
  bool ok() const { return end == End::exited && code == 0; }
};

/// "exit code 3", "signal 11 (Segmentation fault)", "no answer within 120s": for "… ended with ".
std::string describe_end(const ChildResult& result, const ChildSpec& spec);

/// Blocks until the program has ended; when its time is over its whole process group is killed. Any thread.
/// The error says why it could not be started.
std::expected<ChildResult, std::string> run_child(const ChildSpec& spec);

/// Kills every child of run_child that is alive. Async-signal-safe: for a handler that ends this process.
void kill_children();

}  // namespace assetd
