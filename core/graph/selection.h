#pragma once
// The selection language of the contract: one grammar for the API, the command line, jobs, schedules and the
// dashboard's filter.
//
//   expr  := or ; or := and ("or" and)* ; and := not ("and" not)* ; not := "not" not | walk
//   walk  := [levels] "+" atom ["+" [levels]] | atom ["+" [levels]]
//   atom  := name | "quoted name" | attr ":" value | "*" | "roots(" or ")" | "sinks(" or ")" | "(" or ")"
//
// What the grammar leaves open: nothing but one blank separates words, and '+' touches what it walks from. "2+1" is the
// asset 1 with two levels above it, "2+" what comes below the asset 2. "*" alone is every asset; wildcards (see
// key_matches) work within quotes and in values too, where
// \" and \\ stand for themselves. roots() keeps those without a parent within the selection, sinks() those without a
// child (direct ones, as Dagster does). kind:, owner: and tag: match when one of an asset's does; group:"" are the
// assets without a group; path: also takes a folder. Only names must exist: a group or tag that nobody has selects
// nothing. stale: is true or false (yes, no). External assets are selected as others are.

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/definition/spec.h"
#include "core/graph/graph.h"

namespace assetd {

struct SelectionError {
  std::string message;  ///< says what to write instead
  int column = 0;       ///< from 1, in bytes of the expression
};

/// What a selection may ask of the state of an asset. Answered by the caller; without it `status:`, `stale:` and
/// `freshness:` are errors.
struct SelectionState {
  std::function<std::string(AssetId)> status;  ///< never, materializing, materialized, failed, skipped
  std::function<bool(AssetId)> stale;
  std::function<std::string(AssetId)> freshness;  ///< none, fresh, warn, violated
};

/// Parses and resolves in one go. Result in topological order. An empty result is not an error here: the caller knows
/// whether something was to be run.
std::expected<std::vector<AssetId>, SelectionError> select_assets(std::string_view expression,
                                                                  const Definitions& definitions,
                                                                  const AssetGraph& graph,
                                                                  const SelectionState* state = nullptr);

/// Those that its walks begin at, as far as they are selected: of "+a or b+" a and b, of "group:x" all. What somebody says
/// of a selection besides, as partitions, is said of these. Result in topological order; perhaps empty.
std::expected<std::vector<AssetId>, SelectionError> selection_targets(std::string_view expression,
                                                                      const Definitions& definitions,
                                                                      const AssetGraph& graph,
                                                                      const SelectionState* state = nullptr);

/// Syntax only, for the loader: an error with its column, or nothing. Also reports whether the state of assets is asked
/// for.
std::expected<bool, SelectionError> check_selection_syntax(std::string_view expression);

/// Where it first asks for the state of assets: a column from 1; 0: nowhere, or it cannot be read.
int column_of_state(std::string_view expression);

}  // namespace assetd
