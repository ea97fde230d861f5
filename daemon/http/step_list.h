#pragma once
// A page of a run's steps: the plan, what is stored of it, and what the engine says of those that have not ended.

#include <expected>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/run/root_causes.h"
#include "daemon/http/run_shapes.h"

namespace assetd::http {

class StepList {
 public:
  /// Everything is read for `steps` (ascending, at least one) only, but for causes, which look upstream when one of them is skipped.
  static std::expected<StepList, Response> load(const RunRow& run, std::shared_ptr<const LoadedPlan> plan, const std::vector<StepIndex>& steps,
                                                Context& context, Reader& reader);
  nlohmann::json step(StepIndex index) const;

 private:
  StepList(const RunRow& run, std::shared_ptr<const LoadedPlan> plan) : run_(&run), plan_(std::move(plan)) {}
  std::optional<Response> read_attempts(Reader& reader);
  std::optional<Response> read_causes(Reader& reader);
  nlohmann::json cause_json(StepIndex root) const;
  nlohmann::json root_causes_json(StepIndex index) const;
  nlohmann::json deps_json(StepIndex index) const;
  nlohmann::json checks_json(StepIndex index) const;
  const AssetSpec& asset(StepIndex index) const { return plan_->project->definitions.assets[plan_->plan.asset(index)]; }
  /// The blocking check that failed the step, or null.
  const CheckResult* failed_check_of(StepIndex home) const;

  const RunRow* run_;
  std::shared_ptr<const LoadedPlan> plan_;
  LimitsNotInForce limits_not_in_force_;
  std::map<StepIndex, StepRecord> records_;
  std::map<StepIndex, LiveStep> live_;
  std::map<StepIndex, std::vector<AttemptRecord>> attempts_;
  std::vector<CheckResult> checks_;
  std::vector<const CheckResult*> extra_;  ///< what root numbers from plan.size() on mean
  std::vector<std::vector<StepIndex>> causes_;
};

/// Steps of a page that are chosen by status: their indices, at most `limit`, from `from` on.
std::expected<std::vector<StepIndex>, Response> steps_with_status(const RunRow& run, const std::vector<StepStatus>& statuses, StepIndex from,
                                                                  int limit, Context& context, Reader& reader);

}  // namespace assetd::http
