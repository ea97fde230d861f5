#pragma once
// The daemon's end of the channel in docs/supervisor.md: where attempts run, seen from the daemon.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/listed_attempt.h"
#include "daemon/execution/limits_in_force.h"

namespace assetd {

/// What the attempt may take; docs/supervisor.md says which of it holds for the whole tree, and where. Nothing set: no limit, open files the
/// supervisor's own.
struct SpawnLimits {
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint64_t> cpu_millis;   ///< thousandths of a processor
  std::optional<std::uint64_t> cpu_seconds;  ///< of each process
  std::optional<std::uint64_t> open_files;   ///< of each process
  std::optional<std::uint64_t> processes;
};

/// The preloaded process that an attempt may be forked from (docs/supervisor.md, "Warm steps").
struct WarmStart {
  std::string key;                     ///< two attempts with one key can be forks of one process
  std::vector<std::string> argv, env;  ///< as of SpawnRequest
  std::string cwd;
  std::string log_path;  ///< its output is appended there
  std::string load;      ///< JSON: what it is to prepare for
};

/// One attempt to start. Its id is executed at most once, however often it is sent.
struct SpawnRequest {
  std::string attempt;            ///< 32 lower-case hex digits
  std::vector<std::string> argv;  ///< argv[0] without '/' is looked up in the PATH of `env`
  std::vector<std::string> env;   ///< "K=V", complete; ASSETD_ATTEMPT_ID is added when absent
  std::string cwd;
  std::string stdout_path,
      stderr_path;  ///< appended to, made with mode 0600; parent directories exist; equal paths share one descriptor
  SpawnLimits limits;
  std::optional<WarmStart> warm;
};

enum class EndKind {
  exited,         ///< exit_code; 126 or 127 with a detail when the program could not be started
  signaled,       ///< signal, core_dumped
  never_started,  ///< nothing was executed and nothing will be under this id
  lost,           ///< how it ended is not known; nothing of it runs any more
};

/// How an attempt ended. Its whole process tree is gone.
struct AttemptEnd {
  EndKind outcome{};
  int exit_code = 0;
  int signal = 0;
  bool core_dumped = false;
  bool stopped = false;            ///< a stop was asked before the end
  std::string cause;               ///< why it failed, where more is known than the outcome: out_of_memory, cpu_time; else empty
  std::string detail;              ///< for people; may be empty
  std::int64_t started_at_ms = 0;  ///< Unix wall time; 0 when it did not start
  std::int64_t ended_at_ms = 0;
  std::int64_t user_ms = 0, system_ms = 0, max_rss_kb = 0;  ///< the whole tree; max_rss of its biggest process
};

/// What the supervisor said. `attempt` is set for started, ended and (sometimes) refused.
struct SupervisorEvent {
  enum class Kind {
    connected,     ///< welcome received: call list(), then send again what is not in the listing
    disconnected,  ///< `detail` says why; commands on the way may or may not have arrived; a reconnect is under way
                   ///< unless `final`
    started,       ///< pid, at_ms, warm
    ended,         ///< end; comes again after each connect until ack()
    listing,       ///< attempts
    silent,        ///< pid, silence: it is connected and has not answered for that long; none: it answers again
    answered,      ///< it is there; of the client's own questions, handed to nobody
    refused,  ///< `detail` says why: "generation" (a newer daemon took over, see `final`), "draining", or what is wrong
              ///< with the command
  };
  Kind kind{};
  std::string attempt;
  int pid = 0;             ///< started: of the step; connected: of the supervisor
  int protocol = 0;        ///< connected: the version of `spawn` that both speak; the client tells of none without one
  std::int64_t at_ms = 0;  ///< started: Unix wall time
  bool warm = false;       ///< started: forked from a preloaded process
  LimitsNotInForce limits;  ///< connected
  AttemptEnd end;
  std::vector<ListedAttempt> attempts;
  std::uint64_t connection = 0;  ///< by which it came: counts from 1
  std::string detail;
  bool of_spawn = false;  ///< refused: a spawn that the supervisor cannot read: it executes nothing, now or later
  std::chrono::milliseconds silence{};
  bool final = false;  ///< the client will not reconnect: the supervisor refused this daemon's generation or protocol
};

/// Where attempts run. Commands return at once; what becomes of them arrives as events.
class StepRunner {
 public:
  virtual ~StepRunner() = default;
  /// Gives the connection that took it, as in SupervisorEvent; 0: it was dropped for want of one.
  virtual std::uint64_t spawn(const SpawnRequest& request) = 0;
  /// Sends each signal ("INT", "TERM", …) to the whole tree, `grace` apart and before SIGKILL; an attempt that was not
  /// spawned yet is revoked and answers never_started. Repeating the same stop changes nothing; another one replaces it
  /// (no signals: SIGKILL at once).
  virtual void stop(const std::string& attempt, const std::vector<std::string>& signals,
                    std::chrono::milliseconds grace) = 0;
  /// Their ends are committed: the supervisor may forget them. Nobody waits for that: it goes with the next command, or with flush().
  virtual void ack(const std::vector<std::string>& attempts) = 0;
  /// `may_have_run`: of those that it has no claim of, it kills what is left; then each ends `lost`.
  virtual void list(const std::vector<std::string>& may_have_run) = 0;
};

struct SupervisorClientOptions {
  std::string socket_path;
  std::string claims_dir;  ///< made when absent
  std::string groups;      ///< control group in which a supervisor that the client starts makes those of attempts; empty: it sees for itself
  std::string program;     ///< empty: assetd-supervisor beside this executable
  std::string log_path;    ///< stdout and stderr of a supervisor that the client starts; empty: /dev/null
  std::string store_id;
  std::uint64_t generation = 0;  ///< counts the daemon's starts; a supervisor that knows a higher one refuses
  std::chrono::milliseconds patience{2000};  ///< after that long without a word it is asked, after as long again it is silent, after five times that gone
  bool start_supervisor = true;  ///< false: somebody else does (systemd); only one beside it, when that speaks no common version, is still ours to start
};

/// Speaks to the supervisor over its socket, and starts one that outlives the daemon when none answers. One that speaks no common version of the
/// protocol finishes what it has, heard all the same, while another is started beside it for what is new. It reconnects
/// by itself, with backoff (10 ms to 1 s). Commands given while not connected are dropped; after the next `connected`
/// the caller lists and sends anew. Commands leave on the caller's thread, those between hold() and release() in one write. All
/// methods are thread-safe.
class SupervisorClient : public StepRunner {
 public:
  /// Called on the client's own thread, one at a time, in the order of the channel. It must not block, and must not
  /// destroy the client.
  using Handler = std::function<void(SupervisorEvent)>;

  /// Starts the thread; the first event is `connected` or `disconnected`.
  SupervisorClient(SupervisorClientOptions options, Handler handler);
  /// Sends what is queued, as far as the socket takes it, closes and joins. Steps and supervisor go on.
  ~SupervisorClient() override;

  std::uint64_t spawn(const SpawnRequest& request) override;
  void stop(const std::string& attempt, const std::vector<std::string>& signals,
            std::chrono::milliseconds grace) override;
  void ack(const std::vector<std::string>& attempts) override;
  void list(const std::vector<std::string>& may_have_run) override;
  /// Steps with this worker will come soon. Only a hint: dropped while not connected.
  void preload(const WarmStart& warm);
  void hold();  ///< may be nested
  void release();
  void flush();  ///< sends what waits for company
  /// Asks the supervisor to exit once nothing runs; it refuses spawns from then on.
  void shutdown_when_idle();

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

}  // namespace assetd
