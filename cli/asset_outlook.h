#pragma once
// Of one asset what its own answer does not say: what failed and why, who told of its data, and what will make it next.

#include <string>
#include <vector>

#include "cli/session.h"

namespace assetd::cli {

/// GET /assets/{key} with its `automation`, `triggers`, counts and failures of its partitions, `last_failure` (where it is not the last attempt), `reported`
/// (of data that no run made: `by` and `reason`) and `next_start`, of the forecast of a day: what there is of them.
Result<Json> asset_with_outlook(Session& session, const std::string& key);
/// What will make it, or what it waits for; never empty: "only people do" is an answer.
std::vector<std::string> next_texts(const Json& asset, SystemTime now);
/// The parts that make a condition what it is: of one that does not hold those that are false, down to the leaves; the first three.
void deciding(const Json& answer, bool holds, std::string of, std::vector<std::string>& out);
/// Who told of data that no run made.
std::string said_text(const Json& asset);
/// Of an item of GET /assets/{key}/partitions; empty where it did not fail.
std::string failure_text(const Json& partition, SystemTime now);

}  // namespace assetd::cli
