#pragma once
// What OpenLineage is told of a step (https://openlineage.io, spec/OpenLineage.json 2-0-2): run, job, data sets, and facets.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/change.h"
#include "core/time.h"

namespace assetd {

struct LineageStep {
  std::string type;  ///< START, COMPLETE, FAIL, ABORT
  WallTime at{};
  std::string name_space;       ///< of the job and of its data sets
  std::string asset;            ///< the job's name, and that of the data set it writes
  std::string run;              ///< a UUID: of the attempt of the step
  std::string parent_run;       ///< a UUID: of the run of assetd
  std::string parent_job;       ///< what that one is called: its job, or its selection
  std::vector<std::string> inputs;  ///< assets
  bool makes_data = true;           ///< false: only its checks are run
  std::optional<WallTime> nominal;  ///< the instant of a schedule
  std::optional<std::int64_t> rows; ///< that it wrote; of COMPLETE
  std::string error;                ///< of FAIL and ABORT
  std::string version;              ///< of assetd
};

/// A RunEvent.
nlohmann::json lineage_event(const LineageStep& step);

/// Of what became of a step; nothing for what tells OpenLineage nothing: a step that never ran has no run there.
std::optional<std::string> lineage_type_of(const StepChanged& change);

/// A UUID (RFC 9562, version 8) of 16 bytes: the same bytes give the same one.
std::string uuid_of(const unsigned char (&bytes)[16]);

}  // namespace assetd
