// Any text: the parser ends, errors point into the text, what is selected comes in topological order, and syntax and
// evaluation agree.

#include <algorithm>
#include <cstdlib>

#include "core/graph/asset_key.h"
#include "core/graph/selection.h"

using namespace assetd;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

Definitions sample() {
  Definitions definitions;
  const auto add = [&](std::string key, std::vector<std::string> deps) {
    AssetSpec asset;
    asset.key = std::move(key);
    asset.group = "g";
    asset.tags = {{"k", "v"}};
    for (auto& dep : deps) asset.deps.push_back({.asset = std::move(dep), .on_failure = OnFailure::skip, .source = {}});
    definitions.assets.push_back(std::move(asset));
  };
  add("2", {});
  add("a", {});
  add("b", {"a"});
  add("c/d", {"b", "2"});
  return definitions;
}

void check_error(const SelectionError& error, std::string_view text) {
  require(error.column >= 1 && error.column <= static_cast<int>(text.size()) + 1 && !error.message.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Definitions definitions = sample();
  static const AssetGraph graph = AssetGraph::build(definitions).value();
  static const SelectionState state{.status = [](AssetId) { return "never"; },
                                    .stale = [](AssetId) { return true; },
                                    .freshness = [](AssetId) { return "none"; }};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto syntax = check_selection_syntax(text);
  const auto selected = select_assets(text, definitions, graph, &state);
  if (!syntax) {
    check_error(syntax.error(), text);
    require(!selected && selected.error().column == syntax.error().column);
  } else if (!selected) {
    check_error(selected.error(), text);
  } else {
    require(std::ranges::is_sorted(*selected, std::less<>(), [](AssetId id) { return graph.position(id); }));
    require(*syntax || select_assets(text, definitions, graph).has_value());
  }
  const auto half = text.substr(0, size / 2), rest = text.substr(size / 2);
  require(!key_matches(half, rest) || half.find('*') != std::string_view::npos || half == rest);
  (void)check_asset_key(text);
  return 0;
}
