#pragma once
// What is known of an attempt: values shared by the logic, the claim file and the channel.

#include <cstdint>
#include <string>
#include <vector>

namespace assetd::supervisor {

enum class Outcome : std::uint8_t {
  exited = 1,         ///< exit_code is the step's
  signaled = 2,       ///< the step's own process was ended by `signal`
  never_started = 3,  ///< nothing was executed, and nothing ever will be under this id
  lost = 4,           ///< nobody saw the end; nothing of the tree is left
};

/// Why a step failed, where more is known than its outcome says; `detail` has the rest. Kept in claims: numbers never change meaning.
enum class Cause : std::uint8_t { none = 0, out_of_memory = 1, cpu_time = 2, no_space = 3 };

struct Usage {
  std::int64_t user_ms = 0, system_ms = 0;
  std::int64_t max_rss_kb = 0;  ///< of the biggest process of the tree

  bool operator==(const Usage&) const = default;
};

struct End {
  Outcome outcome = Outcome::lost;
  int exit_code = 0;
  int signal = 0;
  bool core_dumped = false;
  bool stopped = false;            ///< the step was told to end before it did; of one whose end nobody saw: a stop was asked
  std::int64_t started_at_ms = 0;  ///< Unix wall time; 0: not started, or not known
  std::int64_t ended_at_ms = 0;
  Usage usage;
  Cause cause = Cause::none;
  std::string detail;  ///< for people; kept up to kMaxDetail bytes

  bool operator==(const End&) const = default;
};

/// When the step began, and as which process.
struct Start {
  int pid = 0;
  std::int64_t at_ms = 0;
  bool warm = false;  ///< forked from a preloaded process; not in the claim, so not known after an adoption

  bool operator==(const Start&) const = default;
};

/// How to stop: each signal in turn, `grace_ms` apart; after the last one's grace SIGKILL. No signals: SIGKILL at once.
struct StopOrder {
  std::vector<int> signals;
  std::int64_t grace_ms = 0;

  bool operator==(const StopOrder&) const = default;
};

/// 32 lower-case hex digits: also what makes an id safe as a file name.
inline bool valid_attempt_id(const std::string& id) {
  return id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace assetd::supervisor
