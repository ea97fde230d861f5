#pragma once
// --partition, --from and --to: which partitions somebody means.

#include <CLI/CLI.hpp>
#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace assetd::cli {

struct PartitionOptions {
  std::vector<std::string> keys;
  std::string from, to;
};

void add_partition_options(CLI::App* command, PartitionOptions& options);
/// As POST /runs and /backfills take it; null where nothing is said. Errors are sentences about the options.
std::expected<nlohmann::json, std::string> partitions_json(const PartitionOptions& options);

}  // namespace assetd::cli
