#pragma once
// The objects in the artifact store that others have taken the place of long enough ago. The layout is the SDK's (sdk/python/assetd/artifacts.py):
// ARTIFACTS/KEY[/partition=P]/RUN/ with `artifact.json` beside the object, and `latest.json` beside the runs.

#include <cstdint>
#include <string>

#include "core/time.h"
#include "daemon/execution/paths.h"

namespace assetd {

class Reader;

struct ArtifactsSwept {
  std::int64_t objects = 0;  ///< that were removed
  std::string error;         ///< why not all was looked at or removed; "" if it was
};

/// Removes what was replaced before `cutoff`. Kept: the newest object of each asset and partition, that of their newest materialization, and what a run
/// under way may have begun to read. Files that the SDK did not put there are never touched. Takes its time: for a thread of its own.
ArtifactsSwept sweep_artifacts(const DataPaths& paths, Reader& reader, WallTime cutoff);

}  // namespace assetd
