#pragma once
// The messages of docs/supervisor.md as values, and their JSON.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "supervisor/attempt.h"

namespace assetd::supervisor {

/// Versions of `spawn`. list, stop, started, ended and ack are the same in all.
struct ProtocolRange {
  int oldest = 0, newest = 0;
};

/// What this program speaks.
inline constexpr ProtocolRange kSpoken{1, 1};

/// The newest that both speak; 0: none.
constexpr int common_protocol(ProtocolRange one, ProtocolRange other) {
  const int newest = one.newest < other.newest ? one.newest : other.newest;
  return newest >= one.oldest && newest >= other.oldest ? newest : 0;
}

/// What each of them holds for, the whole tree or each process, is said in docs/supervisor.md.
struct Limits {
  std::optional<std::uint64_t> memory_bytes, cpu_millis, cpu_seconds, open_files, processes;
};

struct Hello {
  ProtocolRange protocols;
  std::string store_id;
  std::uint64_t generation = 0;
};

/// A preloaded process of which the step is forked, where that succeeds, instead of being executed.
struct Warm {
  std::string key;                     ///< says which one: whatever makes it another is in here
  std::vector<std::string> argv, env;  ///< how it is started when there is none
  std::string cwd, log_path;           ///< the log has its stdout and stderr
  std::string load;                    ///< JSON that it is given to prepare for
  std::int64_t load_ms = 60'000;       ///< it is ready within this time, or never
  std::int64_t idle_ms = 300'000;      ///< unused for so long it ends
  std::uint64_t attempts = 200;        ///< it makes so many
  std::uint64_t memory_bytes = 1u << 30;  ///< larger ones are not kept
};

struct Spawn {
  std::string attempt;
  std::vector<std::string> argv, env;
  std::string cwd, stdout_path, stderr_path;
  Limits limits;
  std::optional<Warm> warm;
  std::string cgroup;  ///< not from the channel: the directory of its control group, which the shim makes; empty: none
};

struct Stop {
  std::string attempt;
  StopOrder order;
};

struct List {
  std::vector<std::string> may_have_run;  ///< the daemon saw them run: those without a claim are looked for, killed and told as `lost`
};

struct Ack {
  std::vector<std::string> attempts;
};

/// Steps with this worker will come soon: it may be loaded in advance, or not.
struct Preload {
  Warm warm;
};

struct Shutdown {};  ///< when idle

struct Ping {};  ///< answered at once: is anybody there?

using Command = std::variant<Hello, Spawn, Stop, List, Ack, Preload, Shutdown, Ping>;

/// Limits of steps that this machine cannot make hold, by their names in the definitions.
struct LimitsNotInForce {
  std::vector<std::string> names;
  std::string why;
};

struct Welcome {
  int protocol = 0;  ///< the one in common; 0: none, no spawn is taken, and the supervisor ends when nothing of it runs
  int pid = 0;
  std::string boot_id, store_id;
  LimitsNotInForce limits = {};
};

struct Started {
  std::string attempt;
  Start start;
};

struct Ended {
  std::string attempt;
  End end;
};

struct Listing {
  struct Row {
    std::string attempt;
    bool running = false;
    std::optional<Start> start;
  };
  std::vector<Row> rows;
};

struct Refused {
  std::string why;
  std::string attempt;  ///< empty: not about one
  bool of_spawn = false;
};

struct Pong {};

using Event = std::variant<Welcome, Started, Ended, Listing, Refused, Pong>;

/// What arrived from the daemon. The error is what to answer.
std::expected<Command, Refused> parse_command(std::string_view json);
std::string to_json(const Event& event);

}  // namespace assetd::supervisor
