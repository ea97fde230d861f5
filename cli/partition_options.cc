#include "cli/partition_options.h"

#include <set>

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

}  // namespace assetd::cli
