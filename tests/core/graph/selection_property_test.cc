// Random selections against set arithmetic on std::set, from a tree of our own and not from the parser's.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "core/graph/selection.h"
#include "tests/core/graph/arbitrary_graph.h"
#include "tests/core/graph/sample_graph.h"

namespace assetd {
namespace {

using Keys = std::set<std::string>;

struct Expected {
  std::string text;
  Keys keys;
};

class Generator {
 public:
  explicit Generator(const Definitions& definitions) : definitions_(definitions) {
    for (const auto& asset : definitions.assets) all_.insert(asset.key);
  }

  Expected any(int depth) {
    return list(
        depth, " or ", [this](int d) { return all(d); },
        [](Keys a, const Keys& b) {
          a.insert(b.begin(), b.end());
          return a;
        });
  }

 private:
  template <typename Operand, typename Join>
  Expected list(int depth, const char* word, Operand operand, Join join) {
    auto left = operand(depth);
    for (int more = *rc::gen::inRange(0, 3); more > 0; --more) {
      const auto right = operand(depth);
      left = {left.text + word + right.text, join(left.keys, right.keys)};
    }
    return left;
  }

  Expected all(int depth) {
    const auto common = [](const Keys& a, const Keys& b) {
      Keys both;
      std::ranges::set_intersection(a, b, std::inserter(both, both.end()));
      return both;
    };
    return list(depth, " and ", [this](int d) { return negated(d); }, common);
  }

  Expected negated(int depth) {
    auto inner = walk(depth);
    if (!*rc::gen::arbitrary<bool>()) return inner;
    Keys rest;
    std::ranges::set_difference(all_, inner.keys, std::inserter(rest, rest.end()));
    return {"not " + inner.text, rest};
  }

  Expected walk(int depth) {
    const auto inner = atom(depth);
    const int up = *rc::gen::inRange(0, 4), down = *rc::gen::inRange(0, 4);  // 3: all levels
    Expected result = inner;
    if (up > 0) result.text = (up == 3 ? "" : std::to_string(up)) + "+" + result.text;
    if (down > 0) result.text += "+" + (down == 3 ? "" : std::to_string(down));
    extend(result.keys, inner.keys, up == 3 ? 99 : up, true);
    extend(result.keys, inner.keys, down == 3 ? 99 : down, false);
    return result;
  }

  void extend(Keys& into, Keys front, int levels, bool up) {
    for (; levels > 0 && !front.empty(); --levels) {
      Keys next;
      for (const auto& child : definitions_.assets)
        for (const auto& dep : child.deps)
          if (front.contains(up ? child.key : dep.asset)) next.insert(up ? dep.asset : child.key);
      into.insert(next.begin(), next.end());
      front = next;
    }
  }

  Expected atom(int depth) {
    const int kind = *rc::gen::inRange(0, depth > 0 ? 6 : 3);
    if (kind == 0) return {"*", all_};
    if (kind <= 2) {
      const auto key = *rc::gen::elementOf(std::vector<std::string>(all_.begin(), all_.end()));
      return {kind == 1 ? key : "\"" + key + "\"", {key}};
    }
    auto inner = any(depth - 1);
    if (kind == 3) return {"(" + inner.text + ")", inner.keys};
    Keys kept;
    for (const auto& key : inner.keys)
      if (!has_neighbour(key, inner.keys, kind == 4)) kept.insert(key);
    return {(kind == 4 ? "roots(" : "sinks(") + inner.text + ")", kept};
  }

  bool has_neighbour(const std::string& key, const Keys& among, bool parent) const {
    for (const auto& child : definitions_.assets)
      for (const auto& dep : child.deps)
        if ((parent ? child.key : dep.asset) == key && among.contains(parent ? dep.asset : child.key)) return true;
    return false;
  }

  const Definitions& definitions_;
  Keys all_;
};

TEST(SelectionProperty, AgreesWithNaiveSets) {
  EXPECT_TRUE(rc::check([] {
    const auto definitions = testing::numbered_definitions(*testing::arbitrary_parents());
    const auto graph = AssetGraph::build(definitions).value();
    const auto expected = Generator(definitions).any(2);
    const auto selected = select_assets(expected.text, definitions, graph);
    if (!selected) RC_FAIL(expected.text + ": " + selected.error().message);
    const auto keys = testing::keys_of(graph, *selected);
    RC_LOG() << expected.text << "\n";
    RC_ASSERT(Keys(keys.begin(), keys.end()) == expected.keys);
    for (std::size_t i = 1; i < selected->size(); ++i)
      RC_ASSERT(graph.position((*selected)[i - 1]) < graph.position((*selected)[i]));
  }));
}

TEST(SelectionProperty, ErrorsPointIntoTheText) {
  EXPECT_TRUE(rc::check([] {
    const auto words = rc::gen::elementOf(std::vector<std::string>{
        "a", "or", "and", "not", "+", "(", ")", " ", " ", "\"", "2", "tag:", "roots", ",", "*", "status:never"});
    std::string text;
    for (const auto& word : *rc::gen::container<std::vector<std::string>>(words)) text += word;
    const auto checked = check_selection_syntax(text);
    if (checked) return;
    RC_ASSERT(checked.error().column >= 1);
    RC_ASSERT(checked.error().column <= static_cast<int>(text.size()) + 1);
    RC_ASSERT(!checked.error().message.empty());
  }));
}

}  // namespace
}  // namespace assetd
