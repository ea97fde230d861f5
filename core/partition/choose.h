#pragma once
// Which partitions somebody means: from words, keys or a stretch of time to a set for each asset.

#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/partition/table.h"

namespace assetd {

struct PartitionRange {
  std::string from, to;  ///< keys, both included
};

struct PartitionChoice {
  enum class Word { usual, latest, all, missing, failed, stale };  ///< usual: where nobody says (Partitions::usual)
  std::variant<Word, std::vector<std::string>, PartitionRange> of = Word::usual;
};

/// "latest", "2026-01-01 … 2026-01-31", "a, b and 3 more": for people.
std::string in_words(const PartitionChoice& choice);

/// What is known of the partitions of an asset.
struct KnownPartitions {
  IndexSet materialized, failed;
  IndexSet stale = {};  ///< where it is asked for (core/partition/stale.h)
};

/// For each of `assets` that is divided its set, perhaps empty. Keys mean an asset's own partitions; of assets that have no partition of such a name, those of the
/// same time. An asset without partitions is not in the answer. Errors are sentences: a key that no asset has, an asset that the keys say nothing about.
std::expected<std::map<AssetId, IndexSet>, std::string> choose_partitions(const PartitionChoice& choice, std::span<const AssetId> assets, const AssetGraph& graph, const PartitionTable& table,
                                                                          WallTime now, const std::function<KnownPartitions(AssetId)>& known);

}  // namespace assetd
