#include "core/engine/reconcile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// "start a", "stop a", "lost a", "stray".
Names actions(Driver& d, const std::vector<ListedAttempt>& listing, bool was_sent = false) {
  Names words;
  const auto name = [&](const AttemptId& id) { return id == d.attempt("a").id ? "a" : "another"; };
  for (const auto& action : reconcile(d.engine(), listing, [&](const AttemptId&) { return was_sent; }, d.now)) {
    if (const auto* start = std::get_if<StartAttempt>(&action)) words.push_back(std::string("start ") + name(start->attempt.id));
    if (const auto* stop = std::get_if<StopAttempt>(&action)) words.push_back(std::string("stop ") + name(stop->attempt));
    if (const auto* lost = std::get_if<ReportLost>(&action)) words.push_back(std::string("lost ") + name(lost->attempt.id));
    if (std::holds_alternative<StopStray>(action)) words.push_back("stray");
  }
  return words;
}

Project one() {
  Project project;
  project.asset("a");
  return project;
}

TEST(Reconcile, WhatTheSupervisorDoesNotKnowIsSentAgain) {
  Driver d(one());
  d.request();
  EXPECT_THAT(actions(d, {}), ElementsAre("start a"));
}

TEST(Reconcile, ButNotWhatLeftOnThisConnectionAndIsOnlyNotListedYet) {
  Driver d(one());
  d.request();
  EXPECT_THAT(actions(d, {}, /*was_sent=*/true), IsEmpty());
}

TEST(Reconcile, AfterARestartOfTheMachineNothingIsSentAgain) {
  Driver d(one());
  d.request();
  d.now.wall += Millis(60'000);
  d.now.boot = Millis(59'999);
  EXPECT_THAT(actions(d, {}), ElementsAre("lost a")) << "its claim may have gone with the power";
}

TEST(Reconcile, WhatRunsGoesOn) {
  Driver d(one());
  d.request();
  EXPECT_THAT(actions(d, {{d.attempt("a").id, true}}), IsEmpty());
}

TEST(Reconcile, WhatHadBeenSeenToRunAndIsGoneIsLost) {
  Driver d(one());
  d.request();
  d.seen("a");
  EXPECT_THAT(actions(d, {}, /*was_sent=*/true), ElementsAre("lost a"));
}

TEST(Reconcile, OnlyWhatHadBeenSeenToRunIsLookedForWithoutAClaim) {
  Driver d(one());
  d.request();
  EXPECT_THAT(seen_running(d.engine()), IsEmpty()) << "it is sent again";
  d.seen("a");
  EXPECT_THAT(seen_running(d.engine()), ElementsAre(d.attempt("a").id));
}

TEST(Reconcile, WhatIsLostIsNotStoppedToo) {
  Driver d(one());
  d.request();
  d.seen("a");
  d.cancel();
  EXPECT_THAT(actions(d, {}), ElementsAre("lost a")) << "a stop of what the supervisor does not know says that it never started";
}

TEST(Reconcile, AStopIsAskedAgainAndARunningStrayIsStopped) {
  Driver d(one());
  d.request();
  d.seen("a");
  d.cancel();
  EXPECT_THAT(actions(d, {{d.attempt("a").id, true}, {"of another store", true}, {"ended", false}}), ElementsAre("stray", "stop a"));
}

}  // namespace
}  // namespace assetd::testing
