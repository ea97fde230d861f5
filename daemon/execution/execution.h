#pragma once
// Where effects become processes and what they report becomes inputs. Between the engine and the supervisor.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/engine/effect.h"
#include "core/engine/input.h"
#include "daemon/execution/environment_resolver.h"
#include "daemon/execution/launcher.h"
#include "daemon/execution/message_tail.h"
#include "daemon/execution/supervisor_client.h"

namespace assetd {

/// What the supervisor has, told after each connect: the service compares it with what it believes to live.
struct SupervisorListing {
  std::vector<ListedAttempt> attempts;
  std::uint64_t connection = 0;  ///< by which it came
};

class Execution {
 public:
  struct Handlers {
    std::function<void(Input)> report;                   ///< started, messages, exits
    /// The end of one of which no process is known. It counts only if `holds` when it is taken, on the service's thread: after a failed commit the attempt
    /// may have been started once more, before this was taken.
    std::function<void(Input, std::function<bool()> holds)> report_unless_sent;
    std::function<void(SupervisorListing)> reconcile;
    std::function<void(bool connected, std::string detail)> link;  ///< the supervisor is (not) there
    std::function<void(LimitsNotInForce)> limits = nullptr;        ///< before link(true)
    std::function<void(std::function<void()>)> later = nullptr;    ///< to be called on the service's thread
    std::function<void(int pid, Millis silence)> silence = nullptr;  ///< it is there and has not answered for that long; none: it answers again
  };
  /// Handlers are called on threads of this class; they must only enqueue.
  /// `adopted`: live attempts of before a restart; their messages are read on from what is committed.
  Execution(LauncherOptions launcher, SupervisorClientOptions supervisor, const std::vector<AttemptRecord>& adopted, Handlers handlers);
  ~Execution();

  void replace_plugins(LauncherOptions launcher);  ///< after a reload
  void hold() { client_->hold(); }    ///< commands gather until release(), then leave together
  void release() { client_->release(); }
  void flush() { client_->flush(); }  ///< what forget() left for the next command to take along
  /// Service's thread. One whose environment takes time to make leaves later; until then is_preparing().
  void start(const Launch& launch);
  /// Since its start nothing but what gives its environment is waited for. Service's thread.
  bool is_preparing(const AttemptId& attempt) const { return preparing_.contains(attempt); }
  /// Whether its spawn asked for a preloaded process, which may have to be loaded first. Service's thread.
  bool asked_for_worker(const AttemptId& attempt) const { return forked_.contains(attempt); }
  /// A run has begun: what its steps will be forked from is loaded meanwhile. Service's thread.
  void preload(const RunPlan& plan, const RunContext& context);
  /// Whether the attempt's spawn left on that connection or a later one, or will never leave because it could not be launched. Service's thread.
  bool was_sent(const AttemptId& attempt, std::uint64_t connection) const;
  void stop(const StopAttempt& stop);
  void forget(const ForgetAttempt& forget);
  void rewind(const AttemptRecord& attempt);  ///< after a failed commit
  /// Answered by Handlers::reconcile. `may_have_run`: see SupervisorClient.
  void list(const std::vector<AttemptId>& may_have_run);
  /// One that the supervisor does not know and that may have run.
  void report_lost(const AttemptRecord& attempt);

 private:
  using Environment = EnvironmentResolver::Environment;
  void prepared(const Launch& launch, std::uint64_t ticket, Environment environment);
  void leave(const Launch& launch, Environment environment);
  void report_not_launched(const AttemptRecord& attempt, LaunchError error);
  void report_without_process(const AttemptId& attempt, ExitReport exit);
  std::function<bool()> never_leaves(const AttemptId& attempt) const;
  void on_event(const SupervisorEvent& event);
  void report_refused(const SupervisorEvent& event);
  void report_unless_sent(const AttemptId& attempt, ExitReport exit, std::int64_t message_offset);
  static ExitReport exited(const SupervisorEvent& event);
  static ExitReport refused(const SupervisorEvent& event);
  /// With all that is left of its messages, from `message_offset` on if they were not followed.
  void report_end(const AttemptId& attempt, ExitReport exit, std::int64_t message_offset);

  static constexpr std::uint64_t kNeverLeaves = UINT64_MAX;

  Handlers handlers_;
  std::map<AttemptId, std::uint64_t> sent_;  ///< by the connection that took the spawn; service's thread
  std::map<AttemptId, std::uint64_t> preparing_;    ///< by ticket: an answer to an earlier one is for nobody; service's thread
  std::uint64_t tickets_ = 0;
  std::set<AttemptId> forked_;  ///< those whose spawn named a worker; service's thread
  std::unique_ptr<Launcher> launcher_;
  std::unique_ptr<MessageTail> tail_;
  std::unique_ptr<SupervisorClient> client_;
  EnvironmentResolver environments_;  ///< last: its threads end before the handlers that they call
};

}  // namespace assetd
