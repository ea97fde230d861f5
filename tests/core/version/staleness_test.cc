// Why data is stale: against a naive reference over random histories, and the ways to the cause.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "core/version/provenance.h"
#include "core/version/staleness.h"

namespace assetd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A project whose assets are materialized by hand of the test.
class StaleWorld {
 public:
  StaleWorld& asset(const std::string& key, std::vector<std::string> deps = {}) {
    AssetSpec spec;
    spec.key = key;
    spec.code_version = "1";
    spec.source = {"assetd.yaml", 3, 5};
    for (const auto& dep : deps) spec.deps.push_back({dep, OnFailure::skip, {}});
    definitions.assets.push_back(spec);
    return *this;
  }
  void build() {
    std::ranges::sort(definitions.assets, {}, &AssetSpec::key);
    graph = AssetGraph::build(definitions).value();
    states.assign(graph.size(), {});
    set.rebuild(view());
  }
  StaleView view() const { return {definitions, graph, states}; }
  AssetId id(const std::string& key) const { return graph.find(key).value(); }
  /// From what is there now. `version` "": data of its own.
  std::vector<AssetId> make(AssetId asset, const std::string& version = "") {
    auto made_from = std::make_shared<Provenance>();
    for (const auto parent : graph.parents(asset))
      if (const auto& data = states[parent].last_materialization) made_from->inputs.push_back({graph.key(parent), version_of(*data), data->run, data->at});
    const auto at = WallTime(Millis(1000 * ++run));
    states[asset].last_materialization = AssetState::Data{run, at, {}, version.empty() ? derived_data_version(std::to_string(run) + "-attempt-of-it", at) : version,
                                                          code_version_of(definitions.assets[asset]), made_from};
    return update(asset);
  }
  std::vector<AssetId> update(AssetId asset) {
    const AssetId changed[] = {asset};
    return set.update(view(), changed);
  }
  std::vector<std::string> stale() const {
    std::vector<std::string> keys;
    for (AssetId each = 0; each < graph.size(); ++each)
      if (set.is_stale(each)) keys.push_back(graph.key(each));
    return keys;
  }
  std::vector<std::string> chain(const std::string& key, std::size_t reason = 0) const {
    std::vector<std::string> out;
    const auto reasons = stale_reasons(view(), set, id(key), true);
    for (const auto& link : reasons.at(reason).chain) out.push_back(std::string(to_string(link.kind)) + " " + graph.key(link.asset));
    return out;
  }

  Definitions definitions;
  AssetGraph graph;
  std::vector<AssetState> states;
  StaleSet set;
  RunId run = 0;
};

StaleWorld diamond() {
  StaleWorld world;
  world.asset("a").asset("b", {"a"}).asset("c", {"a"}).asset("d", {"b", "c"}).build();
  for (const auto* key : {"a", "b", "c", "d"}) world.make(world.id(key));
  return world;
}

TEST(Staleness, WhatWasNeverMadeIsStaleAndSaysSo) {
  StaleWorld world;
  world.asset("a").asset("b", {"a"}).build();
  EXPECT_THAT(world.stale(), ElementsAre("a", "b"));
  EXPECT_THAT(world.chain("b"), ElementsAre("never_materialized b"));
}

TEST(Staleness, NewerDataAboveIsFollowedDown) {
  auto world = diamond();
  EXPECT_THAT(world.stale(), IsEmpty());
  world.make(world.id("a"));
  EXPECT_THAT(world.stale(), ElementsAre("b", "c", "d"));
  EXPECT_THAT(world.chain("b"), ElementsAre("newer_data a"));
  EXPECT_THAT(world.chain("d"), ElementsAre("upstream_stale b", "newer_data a"));
  EXPECT_THAT(world.chain("d", 1), ElementsAre("upstream_stale c", "newer_data a"));
  const auto cause = stale_reasons(world.view(), world.set, world.id("d"), true).at(0).chain.back();
  EXPECT_EQ(cause.run, 5);
  EXPECT_EQ(cause.at, WallTime(Millis(5000)));
  EXPECT_EQ(cause.detail, "a has newer data, of run 5, 1970-01-01T00:00:05.000Z; it was made from that of run 1, 1970-01-01T00:00:01.000Z");
}

TEST(Staleness, TheSameDataVersionMakesNothingStale) {
  StaleWorld world;
  world.asset("a").asset("b", {"a"}).build();
  world.make(world.id("a"), "v1");
  world.make(world.id("b"));
  EXPECT_THAT(world.make(world.id("a"), "v1"), IsEmpty());
  EXPECT_THAT(world.stale(), IsEmpty());
  world.make(world.id("a"), "v2");
  EXPECT_THAT(world.stale(), ElementsAre("b"));
  world.make(world.id("a"), "v1");
  EXPECT_THAT(world.stale(), IsEmpty()) << "it is again what b was made from";
}

TEST(Staleness, ChangedCodeSaysFromWhatToWhatAndWhere) {
  auto world = diamond();
  world.definitions.assets[world.id("b")].code_version = "2";
  world.set.rebuild(world.view());
  EXPECT_THAT(world.stale(), ElementsAre("b", "d"));
  EXPECT_THAT(world.chain("d"), ElementsAre("upstream_stale b", "code_changed b"));
  EXPECT_EQ(stale_reasons(world.view(), world.set, world.id("b"), false).at(0).link.detail, "the code of b changed from 1 to 2 (assetd.yaml:3) since it was materialized");
}

TEST(Staleness, AnInputThatWasNotThereIsNewData) {
  StaleWorld world;
  world.asset("a").asset("b", {"a"}).build();
  world.make(world.id("b"));
  EXPECT_THAT(world.stale(), ElementsAre("a", "b")) << "b was made from nothing while a was never made";
  world.make(world.id("a"));
  EXPECT_THAT(world.chain("b"), ElementsAre("newer_data a"));
  EXPECT_THAT(stale_reasons(world.view(), world.set, world.id("b"), false).at(0).link.detail, HasSubstr("was not among what it was made from"));
}

TEST(Staleness, ARenamedInputIsTheSameInput) {
  StaleWorld world;
  world.asset("a").asset("b", {"a"}).build();
  world.make(world.id("a"));
  world.make(world.id("b"));
  StaleWorld next;
  next.asset("b", {"z"}).asset("z").build();
  next.definitions.assets[next.id("z")].renamed_from = "a";
  next.states = {world.states[1], world.states[0]};
  next.set.rebuild(next.view());
  EXPECT_THAT(next.stale(), IsEmpty());
}

TEST(Staleness, ExternalAssetsAreNeverStale) {
  StaleWorld world;
  world.asset("a").asset("b", {"a"}).build();
  world.definitions.assets[world.id("a")].external = true;
  world.set.rebuild(world.view());
  EXPECT_THAT(world.stale(), ElementsAre("b"));
  world.make(world.id("b"));
  EXPECT_THAT(world.stale(), IsEmpty());
  world.make(world.id("a"), "observed");
  EXPECT_THAT(world.stale(), ElementsAre("b"));
}

TEST(Staleness, WhatWasMadeBeforeVersionsWereKeptGoesByTime) {
  StaleWorld world;
  world.asset("a").asset("b", {"a"}).build();
  const auto old = [](RunId run, std::int64_t at) { return AssetState::Data{run, WallTime(Millis(at)), {}, "", "", nullptr}; };
  world.states[0].last_materialization = old(1, 10);
  world.states[1].last_materialization = old(1, 5);
  world.set.rebuild(world.view());
  EXPECT_THAT(world.stale(), IsEmpty()) << "one run's order is its own";
  world.states[0].last_materialization = old(2, 20);
  world.update(0);
  EXPECT_THAT(world.stale(), ElementsAre("b"));
}

TEST(Staleness, OfPartitionsTheLastOneOfItsOwnRunIsNoNewerData) {
  StaleWorld world;
  world.asset("a").asset("b", {"a"}).build();
  world.definitions.assets[world.id("a")].partitions.emplace();
  world.make(world.id("a"));
  world.make(world.id("b"));
  world.states[0].last_materialization->data_version = "of another partition";
  world.states[0].last_materialization->run = world.run;
  world.update(0);
  EXPECT_THAT(world.stale(), IsEmpty()) << "one run makes several, b was made of one of them";
  world.states[0].last_materialization->run = 9;
  world.update(0);
  EXPECT_THAT(world.stale(), ElementsAre("b"));
}

TEST(Staleness, ALongWayKeepsItsEnds) {
  StaleWorld world;
  const auto key = [](int i) { return "k" + std::to_string(10'000 + i); };
  world.asset(key(0));
  for (int i = 1; i < 500; ++i) world.asset(key(i), {key(i - 1)});
  world.build();
  for (int i = 0; i < 500; ++i) world.make(world.id(key(i)));
  EXPECT_EQ(world.make(world.id(key(0))).size(), 499u);
  const auto chain = stale_reasons(world.view(), world.set, world.id(key(499)), true).at(0).chain;
  EXPECT_LE(chain.size(), 50u);
  EXPECT_EQ(chain.front().asset, world.id(key(498)));
  EXPECT_EQ(chain.back().kind, StaleKind::newer_data);
  EXPECT_EQ(chain.back().asset, world.id(key(0)));
  EXPECT_EQ(world.make(world.id(key(0))).size(), 0u) << "what was stale stays stale: nothing is told anew";
}

/// By its definition, with no memory: an asset is stale if it is by itself or if one above it is.
std::vector<bool> naive(const StaleWorld& world) {
  std::vector<bool> stale(world.graph.size());
  const std::function<bool(AssetId)> is = [&](AssetId id) {
    const auto& spec = world.definitions.assets[id];
    const auto& own = world.states[id].last_materialization;
    if (spec.external) return false;
    if (!own || own->code_version != code_version_of(spec)) return true;
    for (const auto parent : world.graph.parents(id)) {
      const auto& data = world.states[parent].last_materialization;
      const auto* used = own->provenance->input(world.graph.key(parent));
      if (data && (!used || used->data_version != version_of(*data))) return true;
      if (is(parent)) return true;
    }
    return false;
  };
  for (AssetId id = 0; id < stale.size(); ++id) stale[id] = is(id);
  return stale;
}

TEST(Staleness, AgreesWithTheNaiveAnswerOverRandomHistories) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t n) { return static_cast<AssetId>(random() % n); };
    StaleWorld world;
    const auto key = [](std::size_t i) { return "k" + std::to_string(100 + i); };
    const std::size_t size = 2 + below(11);
    for (std::size_t i = 0; i < size; ++i) {
      std::vector<std::string> deps;
      for (std::size_t j = 0; j < i; ++j)
        if (below(100) < 35) deps.push_back(key(j));
      world.asset(key(i), deps);
    }
    world.build();
    for (auto& asset : world.definitions.assets) asset.external = asset.deps.empty() && below(3) == 0;
    world.set.rebuild(world.view());
    for (int step = 0; step < 60; ++step) {
      const auto id = below(size);
      const auto before = naive(world);
      std::vector<AssetId> flipped;
      if (below(10) == 0) {
        world.definitions.assets[id].code_version = std::to_string(below(3));
        flipped = world.update(id);
      } else {
        flipped = world.make(id, below(2) == 0 ? "v" + std::to_string(below(3)) : "");
      }
      const auto after = naive(world);
      std::vector<bool> told(size, false);
      for (const auto each : flipped) told[each] = !told[each];
      std::size_t count = 0;
      for (AssetId each = 0; each < size; ++each) {
        ASSERT_EQ(world.set.is_stale(each), after[each]) << "seed " << seed << " step " << step << " " << world.graph.key(each);
        ASSERT_EQ(told[each], before[each] != after[each]) << "seed " << seed << " step " << step;
        const auto reasons = stale_reasons(world.view(), world.set, each, true);
        ASSERT_EQ(reasons.empty(), !after[each]) << "whoever is stale says why";
        for (const auto& reason : reasons) ASSERT_NE(reason.chain.back().kind, StaleKind::upstream_stale) << "the way ends with the cause";
        count += after[each];
      }
      ASSERT_EQ(world.set.count(), count);
    }
  }
}

}  // namespace
}  // namespace assetd
