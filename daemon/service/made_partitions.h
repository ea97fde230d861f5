#pragma once
// What there is of an asset's partitions, for core/partition/stale.h.

#include "core/partition/stale.h"
#include "daemon/service/service.h"
#include "daemon/store/reader.h"

namespace assetd {

/// Of an asset that is not divided all is known in the table, what is stale above it too.
MadePartitions made_as_a_whole(const AssetTable& table, AssetId asset);
/// Of one that is divided the store has when each of its partitions was made. `states`: null where nothing was. Costs a row for each.
MadePartitions made_by_partition(const PartitionsInForce& in_force, AssetId asset, const PartitionStates* states, Reader& reader);

}  // namespace assetd
