#pragma once
// Assets in the shape of docs/api.md.

#include <nlohmann/json.hpp>
#include <optional>

#include "core/graph/selection.h"
#include "core/version/provenance.h"
#include "daemon/http/json_shapes.h"

namespace assetd::http {

/// The asset of that key in the current definitions, or the 404 with the nearest key.
std::expected<AssetId, Response> find_asset(const std::string& key, const Project& project);

/// An item of GET /assets. Inside Service::with_assets.
nlohmann::json asset_json(const AssetTable& table, AssetId id, WallTime now);
/// What GET /assets/{key} adds, without definition_yaml.
void add_asset_details(nlohmann::json& out, const AssetTable& table, AssetId id);
/// `chains`: each reason with the way to its cause.
nlohmann::json stale_json(const AssetTable& table, AssetId id, bool chains = false);
/// Of a materialization: {code_version, commit, data_version_from: step|content|attempt, upstream: [{key, data_version, run_id, at}]}; null where it is not known.
nlohmann::json provenance_json(const Provenance* provenance);

/// [{check, partition, by, reason, at, until, run_id}]: waivers of the asset's checks that stand. Inside Service::with_assets.
std::vector<nlohmann::json> waivers_json(const AssetTable& table, AssetId id, WallTime now);
/// {by, note, at}, or null.
nlohmann::json acknowledged_json(const AssetState& state);

/// Numbers of the asset's checks by how they ended last; one that failed last in any partition is a failed one.
struct CheckCounts {
  int passed = 0, failed = 0, warned = 0;
};
CheckCounts count_checks(const AssetState& state);

/// An external asset is never failed or skipped: only reported or not.
std::string_view shown_status(const AssetSpec& spec, const AssetState& state);

/// Answers status:, stale: and freshness: from the table. The table must outlive the result.
SelectionState selection_state(const AssetTable& table, WallTime now);
/// 422 with column.
Response selection_problem(const SelectionError& error);

}  // namespace assetd::http
