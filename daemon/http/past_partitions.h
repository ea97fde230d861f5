#pragma once
// Which partitions of an asset were made, and which had failed, at a past moment.

#include "core/partition/table.h"
#include "daemon/store/reader.h"

namespace assetd::http {

/// What is known of it now: of a partition of which no materialization or attempt is kept any more, what there is now was there then.
struct NowKnown {
  std::string name;  ///< under which its history is kept
  std::shared_ptr<const PartitionStates> states;
  std::shared_ptr<const Partitions> divided;  ///< what `states` count; null without them
};

/// `spec` and `divided`: as it was defined then. Reads the history of the asset page by page: as long as it is kept.
Reader::Result<std::shared_ptr<const PartitionStates>> partitions_at(const PartitionsSpec& spec, const Partitions& divided, WallTime at, const NowKnown& now, Reader& reader);

}  // namespace assetd::http
