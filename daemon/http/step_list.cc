#include "daemon/http/step_list.h"

#include <algorithm>
#include <set>

namespace assetd::http {
namespace {

using nlohmann::json;

/// Up to here all attempts of a run are read at once, above it those of each step shown.
constexpr std::uint32_t kSmallRun = 2000;

}  // namespace

std::expected<StepList, Response> StepList::load(const RunRow& run, std::shared_ptr<const LoadedPlan> plan, const std::vector<StepIndex>& steps,
                                                 Context& context, Reader& reader) {
  StepList list(run, std::move(plan));
  list.limits_not_in_force_ = context.service.limits_not_in_force();
  // The engine first: what it says may be older than what is stored, never newer, and what is stored wins where a step has ended.
  if (!is_terminal(run.run.status))
    if (const auto live = context.service.live_run(run.run.id, steps))
      for (const auto& step : live->steps) list.live_[step.step] = step;
  const auto records = reader.steps(run.run.id, steps.front(), steps.back() + 1);
  if (!records) return std::unexpected(store_problem(records.error()));
  for (const auto& record : *records)
    if (std::ranges::binary_search(steps, record.step)) list.records_[record.step] = record;
  auto checks = reader.checks(run.run.id);
  if (!checks) return std::unexpected(store_problem(checks.error()));
  list.checks_ = std::move(*checks);
  if (auto failed = list.read_attempts(reader)) return std::unexpected(std::move(*failed));
  if (auto failed = list.read_causes(reader)) return std::unexpected(std::move(*failed));
  return list;
}

std::optional<Response> StepList::read_attempts(Reader& reader) {
  if (plan_->plan.size() <= kSmallRun) {
    const auto all = reader.attempts(run_->run.id);
    if (!all) return store_problem(all.error());
    for (const auto& attempt : *all) {
      if (attempt.check != kNone) continue;
      for (const auto step : attempt.steps) attempts_[step].push_back(attempt);
    }
    return std::nullopt;
  }
  for (const auto& [step, record] : records_) {
    if (record.attempts == 0 && record.status == StepStatus::skipped) continue;
    auto found = reader.attempts_of_step(run_->run.id, step);
    if (!found) return store_problem(found.error());
    std::erase_if(*found, [](const AttemptRecord& attempt) { return attempt.check != kNone; });
    attempts_[step] = std::move(*found);
  }
  return std::nullopt;
}

std::optional<Response> StepList::read_causes(Reader& reader) {
  const bool wanted = std::ranges::any_of(records_, [](const auto& entry) { return entry.second.status == StepStatus::skipped; });
  if (!wanted) return std::nullopt;
  const auto all = reader.steps(run_->run.id, 0, static_cast<StepIndex>(plan_->plan.size()));
  if (!all) return store_problem(all.error());
  std::vector<StepStatus> statuses(plan_->plan.size(), StepStatus::pending);
  for (const auto& record : *all) {
    statuses[record.step] = record.status;
    // Reasons of the failed ones are shown wherever they are a cause.
    if (record.status == StepStatus::failed || record.status == StepStatus::canceled) records_.try_emplace(record.step, record);
  }
  const auto checks = check_roots(plan_->plan, plan_->project->definitions, plan_->project->graph, checks_, statuses);
  for (const auto& root : checks) extra_.push_back(&checks_[root.result]);
  causes_ = root_causes(plan_->plan, statuses, checks);
  return std::nullopt;
}

const CheckResult* StepList::failed_check_of(StepIndex home) const {
  for (const auto& result : checks_)
    if (result.home_step == home && is_failing_and_blocking(result)) return &result;
  return nullptr;
}

json StepList::cause_json(StepIndex root) const {
  if (root >= plan_->plan.size()) {
    const CheckResult& check = *extra_[root - plan_->plan.size()];
    const auto home = records_.find(check.home_step);
    const bool failed = home != records_.end() && home->second.status == StepStatus::failed;
    return root_cause_json({check.home, failed ? "failed" : "materialized", "check_failed", check.name, check.detail, check.partition});
  }
  const auto found = records_.find(root);
  const StepRecord& record = found->second;
  const CheckResult* check = record.reason == "check_failed" ? failed_check_of(root) : nullptr;
  return root_cause_json({asset(root).key, std::string(to_string(record.status)), record.reason, check ? check->name : "", record.detail, plan_->plan.partition(root)});
}

json StepList::root_causes_json(StepIndex index) const {
  json out = json::array();
  if (index >= causes_.size()) return out;
  std::set<std::string> told;
  for (const auto root : causes_[index]) {
    json cause = cause_json(root);
    if (told.insert(cause["key"].get<std::string>() + "\n" + cause.value("check", "") + "\n" + cause["partition"].dump()).second) out.push_back(std::move(cause));
  }
  return out;
}

json StepList::deps_json(StepIndex index) const {
  json out = json::array();
  for (const auto& edge : plan_->plan.parents(index))
    if (const auto& key = asset(edge.step).key; out.empty() || out.back() != key) out.push_back(key);  // of several partitions once: they stand together
  return out;
}

json StepList::checks_json(StepIndex index) const {
  json out = json::array();
  const auto& specs = plan_->project->definitions.checks;
  for (const auto& result : checks_) {
    if (result.home_step != index) continue;
    out.push_back(check_json(result));
    out.back()["own_process"] = result.check < specs.size() && specs[result.check].run.has_value();
  }
  return out;
}

json StepList::step(StepIndex index) const {
  const auto stored = records_.find(index);
  const auto live = live_.find(index);
  StepRecord record = stored == records_.end() ? StepRecord{index} : stored->second;
  json blocked = json::array(), progress;
  if (live != live_.end() && !is_terminal(record.status)) {
    // What is stored leaves out only what is derived: that a pending step is ready.
    if (record.status == StepStatus::pending) record.status = live->second.status;
    blocked = blockers_json(live->second.blocked_by);
    if (live->second.progress) progress = *live->second.progress;
  }
  json attempts = json::array();
  bool warm = false;
  if (const auto found = attempts_.find(index); found != attempts_.end()) {
    for (const auto& attempt : found->second) attempts.push_back(attempt_json(attempt, *plan_, limits_not_in_force_));
    warm = !found->second.empty() && found->second.back().warm;
  }
  return {{"index", index},
          {"key", asset(index).key},
          {"partition", text_or_null(plan_->plan.partition(index))},
          {"status", to_string(record.status)},
          {"deps", deps_json(index)},
          {"attempts", attempts},
          {"materialized", record.materialized},
          {"started_at", time_json(record.started_at)},
          {"ended_at", time_json(record.ended_at)},
          {"retry_at", time_json(record.retry_at)},
          {"reason", text_or_null(record.reason)},
          {"detail", text_or_null(record.detail)},
          {"root_causes", root_causes_json(index)},
          {"blocked_by", blocked},
          {"checks", checks_json(index)},
          {"progress", progress},
          {"warm", warm}};
}

std::expected<std::vector<StepIndex>, Response> steps_with_status(const RunRow& run, const std::vector<StepStatus>& statuses, StepIndex from,
                                                                  int limit, Context& context, Reader& reader) {
  std::set<StepIndex> found;
  const bool derived = std::ranges::any_of(statuses, [](StepStatus s) { return s == StepStatus::ready || s == StepStatus::pending; });
  const auto live = derived && !is_terminal(run.run.status) ? context.service.live_steps(run.run.id, statuses, from, static_cast<std::size_t>(limit)) : std::nullopt;
  if (live) found.insert(live->begin(), live->end());
  for (const auto status : statuses) {
    if (status == StepStatus::ready || (status == StepStatus::pending && live)) continue;
    const auto rows = reader.steps_by_status(run.run.id, status, from, limit);
    if (!rows) return std::unexpected(store_problem(rows.error()));
    for (const auto& row : *rows) found.insert(row.step);
  }
  std::vector<StepIndex> out(found.begin(), found.end());
  if (out.size() > static_cast<std::size_t>(limit)) out.resize(static_cast<std::size_t>(limit));
  return out;
}

}  // namespace assetd::http
