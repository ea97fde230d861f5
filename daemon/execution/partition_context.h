#pragma once
// What a step's process is told of the partitions that it is to make.

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/partition/time_windows.h"
#include "core/run/records.h"

namespace assetd {

struct AttemptPartitions {
  std::vector<std::string> keys;     ///< of the asset that the process is named after, in order; empty: it is not divided
  std::optional<TimeWindow> window;  ///< from the begin of the first to the end of the last
};

AttemptPartitions partitions_of(const AttemptRecord& attempt, const RunPlan& plan, const Definitions& definitions);
/// partition_key, partition_key_range and partition_time_window, as Dagster Pipes has them.
void add_partitions(const AttemptPartitions& partitions, nlohmann::json& context);
/// ASSETD_PARTITION and its like; of several keys ASSETD_PARTITION is empty.
void add_partitions(const AttemptPartitions& partitions, std::map<std::string, std::string>& env);

}  // namespace assetd
