#pragma once
// Why a step was skipped: the failures, however far upstream, that it goes back to. Computed when asked for, never stored.

#include <span>
#include <vector>

#include "core/run/plan.h"
#include "core/run/records.h"
#include "core/run/states.h"

namespace assetd {

/// Something besides a failed step that skips: a failing blocking check, whose home may be outside the run or may have succeeded.
struct ExtraRoot {
  std::vector<StepIndex> blocks;  ///< the steps that it skips by itself
  std::size_t result = 0;         ///< of check_roots: which of the results
  StepIndex failed_home = kNone;  ///< the step that failed because of it and is named in its place, and only where no edge leads to a cause
};

/// It failed, and skips what is below it.
bool is_failing_and_blocking(const CheckResult& result);

/// Failing blocking checks, with what they skip. One whose home failed because of it, and that blocks what is below its home alone, hands that on along
/// the edges of its home; only past steps that had succeeded in the same process by then do no edges lead. `statuses` by step.
std::vector<ExtraRoot> check_roots(const RunPlan& plan, const Definitions& definitions, const AssetGraph& graph, std::span<const CheckResult> results,
                                   std::span<const StepStatus> statuses);

/// By step: for a skipped one the failed or canceled steps it goes back to, along edges that hand a failure on; a skipped parent passes on its own
/// roots; where there are none, the failed homes of checks that skip it, else those that failed in the same process, which ended before it began. Values from plan.size() on mean
/// extra[value - plan.size()]. In plan order, without duplicates, at most `limit` a step. Empty for steps that are not skipped. One pass over the edges.
std::vector<std::vector<StepIndex>> root_causes(const RunPlan& plan, std::span<const StepStatus> statuses, std::span<const ExtraRoot> extra = {},
                                                std::size_t limit = 20);

/// What a failing blocking check skips: the steps that descend from all of its `depends_on` along edges that hand a failure on
/// of `partition`, where that is said and the run has it
/// (for an asset that has no step in the run: what the whole graph puts below it). Ascending.
std::vector<StepIndex> descendants_of_all(const RunPlan& plan, const AssetGraph& graph, std::span<const AssetId> depends_on,
                                          const std::string& partition = "");

}  // namespace assetd
