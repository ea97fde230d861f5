#pragma once
// Which partitions somebody means: from words, keys or a stretch of time to a set for each asset.

#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

/// The words that a choice may be: no partition may be called so, or nobody could name it.
constexpr std::string_view kPartitionWords[] = {"latest", "all", "missing", "failed", "stale"};
bool is_partition_word(std::string_view text);

/// "latest", "2026-01-01 … 2026-01-31", "a, b and 3 more": for people.
std::string in_words(const PartitionChoice& choice);

/// What is known of the partitions of an asset.
struct KnownPartitions {
  IndexSet materialized, failed;
  IndexSet stale = {};  ///< where it is asked for (core/partition/stale.h)
};

/// For each of `assets` that is divided its set, perhaps empty. Keys are of the assets that were meant, `targets` (selection_targets) that have them; where none of
/// these has a key, of all that have it. From there mappings lead to the others: upstream what they are made from, downstream what is made from them, among what
/// there is by `now`. What no mapping leads to has the partitions of the same names, else of the same time. An asset without partitions is not in the answer, and
/// no mapping is followed through it. Errors are sentences: a key that no asset has, an asset that the keys say nothing about. Words mean each asset's own.
std::expected<std::map<AssetId, IndexSet>, std::string> choose_partitions(const PartitionChoice& choice, std::span<const AssetId> assets, std::span<const AssetId> targets,
                                                                          const AssetGraph& graph, const PartitionTable& table, WallTime now,
                                                                          const std::function<KnownPartitions(AssetId)>& known);

}  // namespace assetd
