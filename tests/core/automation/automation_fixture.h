#pragma once
// Three assets in a row, whose conditions a test gives.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/core/automation/played_world.h"

namespace assetd::testing {

/// raw → silver → gold: raw without a condition, the others with those given.
class AutomationTest : public ::testing::Test {
 protected:
  void begin(const std::string& silver, const std::string& gold = "", PartitionIndex partitions = 0) {
    world = std::make_unique<PlayedWorld>(std::vector<Row>{{"raw", {}}, {"silver", {"raw"}}, {"gold", {"silver"}}},
                                          std::map<std::string, PlayedAsset>{{"raw", {"", partitions}}, {"silver", {silver, partitions}}, {"gold", {gold, partitions}}});
    automation = std::make_unique<Automation>(*world);
  }
  void materialized(const std::string& key, IndexSet set = IndexSet::range(0, 1)) {
    const auto id = world->id(key);
    auto& state = world->state();
    state.materialized[id] = state.materialized[id] | set;
    state.in_progress[id] = state.in_progress[id] - set;
    news.made[id] = news.updated[id] = news.updated[id] | set;
  }
  void now_missing(const std::string& key) { world->state().materialized[world->id(key)] = {}, news.touched.insert(world->id(key)); }
  /// One evaluation; what it asks for, as "key" or "key:0-3", is then in progress.
  std::vector<std::string> evaluate(int minutes_later = 0) {
    now += Millis(minutes_later * 60'000);
    std::vector<std::string> out;
    const auto evaluated = automation->evaluate(now, std::exchange(news, {}));
    looked_at = evaluated.size();
    for (const auto& each : evaluated) {
      if (each.requested.empty()) continue;
      const auto text = each.requested.encode();
      out.push_back(world->graph().key(each.asset) + (text == "0" ? "" : ":" + text));
      auto& in_progress = world->state().in_progress[each.asset];
      in_progress = in_progress | each.requested;
      news.touched.insert(each.asset);
    }
    return out;
  }
  /// Until nothing is news any more, as the service does.
  void settle() {
    for (int i = 0; i < 10 && automation->unsettled(); ++i) evaluate();
  }
  /// Raw, and then silver from it: nothing is left to be asked for.
  void make_all() {
    for (const auto* key : {"raw", "silver"}) {
      materialized(key);
      evaluate();
      settle();
    }
  }

  WallTime now{Millis(0)};
  std::unique_ptr<PlayedWorld> world;
  std::unique_ptr<Automation> automation;
  AutomationNews news;
  std::size_t looked_at = 0;
};

}  // namespace assetd::testing
