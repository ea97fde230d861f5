#pragma once
// A store in memory that keeps what a restart needs, and that checks each change against what it knows: the invariants of design.md.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/engine/change.h"
#include "core/engine/engine.h"

namespace assetd::simulation {

class FakeStore {
 public:
  struct Run {
    RunRecord record;
    std::shared_ptr<const RunPlan> plan;
    RunContext context;
    std::map<StepIndex, StepRecord> steps;
    std::vector<CheckResult> checks;
    std::map<AttemptId, AttemptRecord> attempts;
    std::map<std::pair<AttemptId, StepIndex>, int> made;  ///< materializations
  };

  void know_context(RunContext context) { context_ = std::move(context); }
  void set_pools(std::map<std::string, int> slots) { pools_ = std::move(slots); }

  /// Commits all of it, or fails the test by throwing std::logic_error with what is wrong.
  void commit(const std::vector<Change>& changes);
  std::vector<RestoredRun> active() const;
  /// The program of an attempt has said so: each report is one materialization, and a step of which none was reported has one at most.
  void program_reported(const AttemptId& attempt, StepIndex step) { ++reported_[{attempt, step}]; }
  const std::map<RunId, Run>& runs() const { return runs_; }
  RunId last_run() const { return runs_.empty() ? 0 : runs_.rbegin()->first; }
  const AttemptRecord* attempt(const AttemptId& id) const;
  /// Of runs that have ended: every skipped step has a root, counts are right.
  void check_ended(const Run& run) const;
  void check_line(const Run& run) const;
  void check_holds(const Engine& engine) const;

 private:
  void on(const RunCreated& change);
  void on(const RunChanged& change);
  void on(const RunAmended& change) { runs_.at(change.run.id).record = change.run; }
  void on(const StepChanged& change);
  void on(const StepsEnded& change);
  void on(const AttemptIntended& change);
  void on(const AttemptStarted& change);
  void on(const AttemptEnded& change);
  void on(const MessagesRead& change);
  void on(const CheckReported& change);
  void on(const Materialized& change);
  template <typename Other>
  void on(const Other&) {}
  void move(Run& run, StepIndex step, StepStatus to);
  StepStatus status(const Run& run, StepIndex step) const;
  AttemptRecord& attempt_record(const AttemptId& id);

  RunContext context_;
  std::map<std::string, int> pools_;
  std::map<RunId, Run> runs_;
  std::map<AttemptId, RunId> run_of_attempt_;
  std::map<std::pair<AttemptId, StepIndex>, int> reported_;
};

}  // namespace assetd::simulation
