#pragma once
// Backfills that go on during a forecast: which runs they ask for as others end. As the service drives them.

#include <vector>

#include "core/backfill/backfill.h"
#include "core/forecast/simulation.h"

namespace assetd {

class BackfillsAhead {
 public:
  /// `context` and `table` must outlive this.
  BackfillsAhead(std::vector<Backfill> backfills, const RunContext& context, const PartitionTable& table) : backfills_(std::move(backfills)), context_(context), table_(table) {}

  struct Part {
    std::size_t backfill = 0;
    BackfillPlan::Request request;
    std::vector<AssetId> assets;
    std::map<AssetId, IndexSet> sets;  ///< of those that are divided
    RunRecord run;  ///< all but its plan
  };
  void ended(const SimulatedRun& run);
  std::vector<Part> next(WallTime now);
  /// `run` 0: it had no step, so there was nothing to make.
  void begun(const Part& part, RunId run);
  bool empty() const { return backfills_.empty(); }

 private:
  std::vector<Backfill> backfills_;
  const RunContext& context_;
  const PartitionTable& table_;
};

}  // namespace assetd
