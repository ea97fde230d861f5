#include "daemon/execution/partition_context.h"

#include "core/schedule/cron.h"

namespace assetd {
namespace {
constexpr std::size_t kLongestList = 64 << 10;  // bytes: execve takes 128 KiB for one string; the context has all of them
}

AttemptPartitions partitions_of(const AttemptRecord& attempt, const RunPlan& plan, const Definitions& definitions) {
  AttemptPartitions result;
  if (attempt.steps.empty() || !plan.has_partitions()) return result;
  // A check's own process is told what it looks at, whichever step waits for it.
  const auto checks = plan.checks_of_unit(attempt.unit);
  const auto first = attempt.check != kNone && !checks.empty() ? plan.checks()[checks.front()].subject : attempt.steps.front();
  if (first == kNone) return result;
  const auto asset = plan.asset(first);
  for (const auto step : attempt.check != kNone ? std::vector{first} : attempt.steps)
    if (plan.asset(step) == asset && !plan.partition(step).empty()) result.keys.push_back(plan.partition(step));
  const auto& spec = definitions.assets[asset].partitions;
  if (!spec || result.keys.empty()) return result;
  const auto begin = window_of(*spec, result.keys.front()), end = window_of(*spec, result.keys.back());
  if (begin && end) result.window = {begin->begin, end->end};
  return result;
}

void add_partitions(const AttemptPartitions& partitions, nlohmann::json& context) {
  if (partitions.keys.empty()) return;
  if (partitions.keys.size() == 1) context["partition_key"] = partitions.keys.front();
  context["partition_key_range"] = {{"start", partitions.keys.front()}, {"end", partitions.keys.back()}};
  if (partitions.window) context["partition_time_window"] = {{"start", format_time(partitions.window->begin)}, {"end", format_time(partitions.window->end)}};
  context["extras"]["assetd"]["partitions"] = partitions.keys;
}

void add_partitions(const AttemptPartitions& partitions, std::map<std::string, std::string>& env) {
  env["ASSETD_PARTITION"] = partitions.keys.size() == 1 ? partitions.keys.front() : "";
  if (partitions.keys.empty()) return;
  env["ASSETD_PARTITION_START"] = partitions.keys.front();
  env["ASSETD_PARTITION_END"] = partitions.keys.back();
  if (partitions.window) {
    env["ASSETD_WINDOW_START"] = format_time(partitions.window->begin);
    env["ASSETD_WINDOW_END"] = format_time(partitions.window->end);
  }
  std::string list;
  for (const auto& key : partitions.keys) list += (list.empty() ? "" : "\n") + key;
  if (list.size() <= kLongestList) env["ASSETD_PARTITIONS"] = list;
}

}  // namespace assetd
