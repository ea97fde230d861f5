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

/// What --step and --partition of a run say together: a step may be named as it is printed, "days [2026-01-05]". `partitions`: of each of `keys`; empty: all.
struct StepOptions {
  std::vector<std::string> keys, partitions;
};
/// Errors are sentences: some steps with a partition and some without, or not each with each of them.
std::expected<StepOptions, std::string> named_steps(const std::vector<std::string>& steps, const std::vector<std::string>& partitions);

}  // namespace assetd::cli
