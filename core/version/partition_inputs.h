#pragma once
// Which data of an upstream asset that is divided a step finds: of those of its partitions that the dependency maps the step to.

#include <functional>
#include <optional>
#include <string>

#include "core/partition/partitions.h"
#include "core/version/provenance.h"

namespace assetd {

/// Of more partitions than these nothing is told apart: a step that is made from them is never reused.
inline constexpr std::int64_t kMostPartitionsTold = 1'000;

/// The latest data of one partition.
struct PartitionData {
  std::string data_version;
  RunId run = 0;  ///< 0: reported
  WallTime at{};
};

/// `mapped`: of `divided`. `data_of` is asked once for each of them, in order, unless there are too many; nothing: it has no data.
UsedPartitions used_partitions(const Partitions& divided, const IndexSet& mapped, const std::function<std::optional<PartitionData>(PartitionIndex)>& data_of);

/// The same data of the same partitions; false where of either nothing is told.
bool is_same_data(const UsedPartitions& then, const UsedPartitions& now);

}  // namespace assetd
