#pragma once
// What other definitions would make of the data that is there: which assets they leave stale that were not, or that their code has changed for, and which
// partitions they want besides those that were made. By the rule of staleness, asked twice; so that applying a plan finds what the plan said.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/partition/table.h"
#include "core/version/staleness.h"

namespace assetd {

struct ServedDefinitions {
  const Definitions& definitions;
  const AssetGraph& graph;
  std::function<const AssetState*(const std::string& key)> state;  ///< null: nothing is known of it; asked for assets of both definitions
};

enum class StaleCause : std::uint8_t { added, code_changed, data_changed };  ///< data_changed: the same code, made from other assets
std::string_view to_string(StaleCause cause);

struct Consequences {
  std::map<AssetId, StaleCause> causes;  ///< assets that become stale by themselves
  std::vector<AssetId> stale;            ///< these and what is stale for their sake, ascending
  struct Partitions {
    std::int64_t missing = 0;  ///< can be made by now and were not
    std::int64_t usual = 0;    ///< of them all what a run makes where nobody says which; 0: the asset is not in `stale`
    bool more_missing = false; ///< than before
  };
  std::map<AssetId, Partitions> partitions;  ///< of divided assets that are stale, or of which more are missing
};

/// Ids are those of `next`. `dynamic`: keys that come and go, as they are now. Linear in the assets; in the partitions of those that are divided otherwise than before.
Consequences consequences(const ServedDefinitions& served, const Definitions& next, const AssetGraph& graph, const DynamicKeys& dynamic, WallTime now);

}  // namespace assetd
