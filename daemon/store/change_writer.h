#pragma once
// Writes a batch into an open transaction: which rows each change touches.

#include "daemon/store/database.h"
#include "daemon/store/renames.h"

namespace assetd {

/// Counters that every commit writes back.
struct Counters {
  std::int64_t transaction = 0;
  std::int64_t last_run = 0;
  std::int64_t last_row = 0;    ///< ids of materializations, check results and notes
  std::int64_t last_event = 0;
};

class ChangeWriter {
 public:
  ChangeWriter(Database& database, Counters& counters, const AssetNames& names) : database_(database), counters_(counters), names_(names) {}
  /// Everything in its order; gives events their ids. Failures are the database's.
  void write(CommitBatch& batch);

 private:
  void apply(const RunCreated& change);
  void apply(const RunChanged& change);
  void apply(const RunAmended& change);
  void apply(const StepChanged& change);
  void apply(const StepsEnded& change);
  void apply(const AttemptIntended& change);
  void apply(const AttemptStarted& change);
  void apply(const AttemptEnded& change);
  void apply(const MessagesRead& change);
  void apply(const Materialized& change);
  void apply(const CheckReported& change);
  void apply(const AttemptNoted& change);
  void apply(const TickRecorded& change);
  void apply(const ScheduleMoved& change);
  void apply(const SchedulePaused& change);
  void apply(const PoolResized& change);

  std::vector<StepIndex> end_those_with_rows(const StepsEnded& change);
  void write(const std::string& key, const AssetState& state);
  void write(const StepOutcome& outcome);
  void write(const PartitionKeyRecord& key);
  void write(const Backfill& backfill);
  void write(Event& event);
  void write(const AuditEntry& entry);
  void write(const IdempotentAnswer& answer);
  /// Exactly one row must have been there, else the change is about something that was never committed: a bug.
  void expect_one(int changed, const std::string& what);

  Database& database_;
  Counters& counters_;
  const AssetNames& names_;
};

}  // namespace assetd
