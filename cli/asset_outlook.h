#pragma once
// Of one asset what its own answer does not say: what failed and why, who told of its data, and what will make it next.

#include <string>
#include <vector>

#include "cli/session.h"

namespace assetd::cli {

/// GET /assets/{key} with its `automation`, `triggers`, counts and failures of its partitions, `last_failure` (where it is not the last attempt), `reported`
/// (of data that no run made: `by` and `reason`) and `next_start`, the first tick whose run makes it: what there is of them.
Result<Json> asset_with_outlook(Session& session, const std::string& key);
/// What will make it, or what it waits for; never empty: "only people do" is an answer.
std::vector<std::string> next_texts(const Json& asset, SystemTime now);
/// Who told of data that no run made.
std::string said_text(const Json& asset);
/// Of an item of GET /assets/{key}/partitions; empty where it did not fail.
std::string failure_text(const Json& partition, SystemTime now);

}  // namespace assetd::cli
