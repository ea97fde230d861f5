#include "cli/partition_options.h"

#include <algorithm>
#include <set>
#include <utility>

namespace assetd::cli {
namespace {

const std::set<std::string> kWords = {"latest", "missing", "failed", "stale", "all"};

}  // namespace

void add_partition_options(CLI::App* command, PartitionOptions& options) {
  command->add_option("--partition", options.keys, "a partition, or latest, missing, failed, stale or all; may be given several times")->allow_extra_args(false);
  command->add_option("--from", options.from, "first partition of a range");
  command->add_option("--to", options.to, "last partition of the range");
}

std::expected<nlohmann::json, std::string> partitions_json(const PartitionOptions& options) {
  if (options.from.empty() != options.to.empty()) return std::unexpected("a range needs both --from and --to");
  if (!options.from.empty() && !options.keys.empty()) return std::unexpected("give --partition, or --from and --to, not both");
  if (!options.from.empty()) return nlohmann::json{{"from", options.from}, {"to", options.to}};
  if (options.keys.empty()) return nullptr;
  const auto& first = options.keys.front();
  if (options.keys.size() == 1 && kWords.contains(first)) return first;
  return options.keys;
}

namespace {

/// "days [2026-01-05]", "days[2026-01-05]": the partition is empty where none is named. A key has no bracket.
std::pair<std::string, std::string> split_step(const std::string& step) {
  const auto open = step.find('[');
  if (open == std::string::npos || !step.ends_with(']')) return {step, ""};
  const auto key_end = step.find_last_not_of(' ', open - 1);
  return {open == 0 || key_end == std::string::npos ? "" : step.substr(0, key_end + 1), step.substr(open + 1, step.size() - open - 2)};
}

}  // namespace

std::expected<StepOptions, std::string> named_steps(const std::vector<std::string>& steps, const std::vector<std::string>& partitions) {
  std::set<std::pair<std::string, std::string>> pairs;
  std::set<std::string> keys, named;
  for (const auto& step : steps) {
    const auto [key, partition] = split_step(step);
    pairs.emplace(key, partition);
    keys.insert(key);
    if (!partition.empty()) named.insert(partition);
  }
  StepOptions options{{keys.begin(), keys.end()}, partitions};
  if (named.empty()) return options;
  if (!partitions.empty()) return std::unexpected("give the partition within --step or with --partition, not both");
  const bool all_named = std::ranges::none_of(pairs, [](const auto& each) { return each.second.empty(); });
  if (!all_named || pairs.size() != keys.size() * named.size()) return std::unexpected("these steps are not all of the same partitions: give those of each partition in a command of their own");
  options.partitions.assign(named.begin(), named.end());
  return options;
}

}  // namespace assetd::cli
