#pragma once
// What applying changed files would mean, told before it is done.

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/backfill/backfill.h"
#include "core/definition/difference.h"
#include "daemon/service/service.h"

namespace assetd {

/// Names what serves and what would: a plan whose id this no longer is is out of date. `current` may be null.
std::string plan_id(const Project* current, const std::string& next_hash);

/// `changes` (the first 1,000), `changes_total`, `counts` by action.
nlohmann::json changes_body(const std::vector<DefinitionChange>& changes);

/// What the states of assets are, by key (null: none), the keys of partitions that come and go, and what is under way.
struct PlanWorld {
  std::function<const AssetState*(const std::string& key)> state;
  const DynamicKeys& dynamic;
  WallTime now{};
  std::vector<const Backfill*> backfills = {};  ///< that are not over
};

/// As POST /definitions/plan answers it. `current` may be null.
nlohmann::json plan_body(const Project* current, const Project& next, const PlanWorld& world);

}  // namespace assetd
