#pragma once
// A condition's answer as people read it: true and false, node by node, each with its reason.

#include <nlohmann/json.hpp>

#include "core/automation/automation.h"

namespace assetd {

/// {"name", "holds", "reason", "asset"?, "children": […], "more"?}. "asset" stands where another asset is asked than one level up. Of the assets above
/// that any_deps and all_deps ask, 50 are shown, those first that decided; "more" counts the rest.
/// `before`: of the run that was asked for for the same causes, as " in run 17, which failed".
nlohmann::json to_json(const ConditionAnswer& answer, const AssetGraph& graph, const std::string& before = "");

}  // namespace assetd
