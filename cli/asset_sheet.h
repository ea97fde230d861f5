#pragma once
// One asset for people: how it stands, why, and what will happen to it next.

#include <string>

#include "cli/session.h"

namespace assetd::cli {

/// GET /assets/{key} with its `automation`, `triggers`, counts of its partitions and `next_start`, of the forecast of a day: what there is of them.
Result<Json> asset_with_outlook(Session& session, const std::string& key);
void print_asset(Session& session, const Json& asset);
/// "1 failed, 3 passed"
std::string checks_text(const Json& checks);

}  // namespace assetd::cli
