#include "daemon/service/freshness_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/schedule/cron.h"

namespace assetd {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

WallTime at(const char* text) { return parse_time(text).value(); }

/// One asset "a", watched from midnight on.
class FreshnessWatchTest : public ::testing::Test {
 protected:
  void use(const FreshnessSpec& demanded) {
    auto project = std::make_shared<Project>();
    auto& asset = project->definitions.assets.emplace_back();
    asset.key = "a";
    asset.freshness = demanded;
    project->graph = AssetGraph::build(project->definitions).value();
    book_.use(project);
    watch_ = std::make_unique<FreshnessWatch>(book_);
    watch_->use(project);
  }
  /// As another daemon does, from what was committed.
  void restart(const FreshnessSpec& demanded) {
    const auto kept = asset_state_from_json(to_json(state())).value();
    book_.load({{"a", kept}});
    use(demanded);
  }
  AssetState state() const {
    AssetState found;
    book_.read([&](const AssetTable& table) { found = table.states.at(0); });
    return found;
  }
  void make(WallTime made, const nlohmann::json& metadata = nlohmann::json::object()) {
    book_.stage("a").last_materialization = AssetState::Data{1, made, metadata};
    Materialization materialization;
    materialization.key = "a";
    watch_->note(Materialized{materialization});
  }
  /// What is told by then: each change commits.
  std::vector<std::string> told(WallTime now) {
    std::vector<std::string> names;
    CommitBatch batch;
    if (watch_->is_due(now))
      for (const auto& each : watch_->step(now, batch)) names.push_back(std::string(to_string(each.freshness)) + (each.detail.empty() ? "" : ": " + each.detail));
    EXPECT_EQ(batch.events.size(), names.size());
    events_.insert(events_.end(), batch.events.begin(), batch.events.end());
    book_.apply(book_.take_staged(), 1);
    return names;
  }

  const WallTime kMidnight = at("2026-03-01T00:00:00Z");
  AssetBook book_;
  std::unique_ptr<FreshnessWatch> watch_;
  std::vector<Event> events_;
};

TEST_F(FreshnessWatchTest, WhatWasNeverMadeIsViolatedOnceItWasDue) {
  const FreshnessSpec spec{.within = 1h};
  use(spec);
  EXPECT_THAT(told(kMidnight), IsEmpty());
  EXPECT_EQ(watch_->next_instant(), kMidnight + 1h + 1ms);
  restart(spec);
  EXPECT_THAT(told(kMidnight + 30min), IsEmpty()) << "it is awaited since its first load";
  EXPECT_THAT(told(kMidnight + 1h), IsEmpty());
  EXPECT_THAT(told(kMidnight + 1h + 1ms), ElementsAre("violated: it was never made and was due by 2026-03-01T01:00:00.000Z"));
  EXPECT_EQ(events_.at(0).changes["from"], nullptr);
  EXPECT_EQ(events_.at(0).changes["data_at"], nullptr);
  restart(spec);
  EXPECT_THAT(told(kMidnight + 2h), IsEmpty()) << "once, also through restarts";
  make(kMidnight + 2h);
  EXPECT_THAT(told(kMidnight + 2h), ElementsAre(::testing::StartsWith("fresh")));
}

TEST_F(FreshnessWatchTest, WhatWasNeverMadeIsViolatedNoMoreWhereItIsGivenMoreTime) {
  use({.within = 1h});
  told(kMidnight);
  EXPECT_EQ(told(kMidnight + 2h).size(), 1U);
  restart({.within = 3h});
  EXPECT_THAT(told(kMidnight + 2h), ElementsAre("none: it was never made and is due by 2026-03-01T03:00:00.000Z"));
  EXPECT_EQ(state().freshness, "");
  EXPECT_THAT(told(kMidnight + 3h + 1ms), ElementsAre("violated: it was never made and was due by 2026-03-01T03:00:00.000Z")) << "since when it is awaited is kept";
}

TEST_F(FreshnessWatchTest, WithADeadlineTheFirstOneThatPasses) {
  for (const auto& spec : {FreshnessSpec{.deadline = "0 9 * * *"}, FreshnessSpec{.within = 3h, .deadline = "0 9 * * *"}}) {
    book_.stage("a") = {};
    use(spec);
    EXPECT_THAT(told(kMidnight), IsEmpty());
    EXPECT_THAT(told(kMidnight + 9h), IsEmpty());
    EXPECT_EQ(told(kMidnight + 9h + 1ms).size(), 1U);
    book_.stage("a") = {};
    book_.apply(book_.take_staged(), 1);
  }
}

TEST_F(FreshnessWatchTest, OldDataDoesNotMakeItFresh) {
  const FreshnessSpec spec{.within = 1h, .of = "newest"};
  use(spec);
  make(kMidnight, {{"newest", "2020-01-01T00:00:00Z"}});
  EXPECT_EQ(told(kMidnight).size(), 1U);
  make(kMidnight + 1min, {{"newest", "2020-01-02T00:00:00Z"}});
  EXPECT_THAT(told(kMidnight + 1min), IsEmpty()) << "still violated";
}

TEST_F(FreshnessWatchTest, WhatIsNoLongerDemandedIsOver) {
  use({.within = 1h});
  told(kMidnight);
  EXPECT_EQ(told(kMidnight + 2h).size(), 1U);
  use({});
  EXPECT_THAT(told(kMidnight + 3h), ElementsAre("none"));
  EXPECT_EQ(state().freshness, "");
  use({.within = 1h});
  EXPECT_THAT(told(kMidnight + 4h), IsEmpty()) << "demanded anew, it has its time again";
}

TEST_F(FreshnessWatchTest, OfAnAssetDividedByTimeTheNewestWindowCounts) {
  const FreshnessSpec spec{.within = 26h};
  use(spec);
  auto& state = book_.stage("a");
  state.data_until = kMidnight - 48h;
  make(kMidnight);
  EXPECT_THAT(told(kMidnight), ElementsAre("violated: its data is of 2026-02-27T00:00:00.000Z and was due to be newer by 2026-02-28T02:00:00.000Z"));
  book_.stage("a").data_until = kMidnight;
  make(kMidnight + 1h);
  EXPECT_THAT(told(kMidnight + 1h), ElementsAre(::testing::StartsWith("fresh")));
}

}  // namespace
}  // namespace assetd
