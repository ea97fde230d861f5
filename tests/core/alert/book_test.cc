#include "core/alert/book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/alert/message.h"

namespace assetd {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const WallTime kStart{Millis(1'790'000'000'000)};
const auto kAll = [](const std::string&) { return true; };
const auto kNothing = [](const std::string&) { return false; };

AlertSpec rule(std::vector<AlertEvent> on = {AlertEvent::run_failed, AlertEvent::check_failed}) {
  AlertSpec spec;
  spec.name = "ops";
  spec.on = std::move(on);
  spec.repeat = 1h;
  return spec;
}

Happening failure(RunId run, WallTime at = kStart, const std::string& asset = "a") {
  Happening happening;
  happening.at = at;
  happening.run = run;
  happening.asset = asset;
  happening.reason = "exit_code";
  happening.owners = {"team:growth"};
  return happening;
}

/// What the book makes of it: "raised", "raised silenced", "repeated ID" or "".
std::string told(AlertBook& book, const AlertSpec& spec, const Happening& happening, const std::string& id, const IsSelected& selected = kAll) {
  const auto change = book.tell(spec, happening, selected, id);
  if (!change) return "";
  if (const auto* repeated = std::get_if<AlertRepeated>(&*change)) return "repeated " + repeated->id;
  const auto& alert = std::get<AlertRaised>(*change).alert;
  book.take(alert);
  return alert.state == AlertState::pending ? "raised" : "raised " + std::string(to_string(alert.state));
}

RunChanged ended(RunStatus status, nlohmann::json causes = nlohmann::json::array()) {
  RunChanged change;
  change.run.id = 7;
  change.run.status = status;
  change.run.reason = status == RunStatus::failed ? "steps_failed" : "";
  change.run.ended_at = kStart;
  change.causes = std::move(causes);
  return change;
}

TEST(Happenings, AreTheRootCausesOfARunThatFailed) {
  const nlohmann::json causes = {{{"key", "a"}, {"reason", "exit_code"}, {"detail", "exit code 3"}, {"skipped", 5}},
                                 {{"key", "b"}, {"reason", "check_failed"}, {"check", "rows"}, {"skipped", 0}}};
  const auto found = happenings_of(ended(RunStatus::failed, causes));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(cause_of(found[0]), "a");
  EXPECT_EQ(found[0].skipped, 5U);
  EXPECT_EQ(found[0].detail, "exit code 3");
  EXPECT_EQ(cause_of(found[1]), "b:rows");
}

TEST(Happenings, AreTheRunAsAWholeWithoutARootCause) {
  const auto failed = happenings_of(ended(RunStatus::failed));
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(cause_of(failed[0]), "run 7");
  EXPECT_EQ(failed[0].event, AlertEvent::run_failed);
  EXPECT_EQ(happenings_of(ended(RunStatus::succeeded)).at(0).event, AlertEvent::run_succeeded);
  EXPECT_EQ(happenings_of(ended(RunStatus::canceled)).at(0).event, AlertEvent::run_canceled);
  EXPECT_THAT(happenings_of(ended(RunStatus::running)), IsEmpty());
}

TEST(Happenings, OfAFailingCheckOfSeverityErrorOnly) {
  CheckResult result;
  result.home = "a";
  result.name = "rows";
  result.status = CheckStatus::failed;
  EXPECT_EQ(cause_of(happening_of(result).value()), "a:rows");
  result.severity = Severity::warn;
  EXPECT_FALSE(happening_of(result));
  result.severity = Severity::error;
  result.status = CheckStatus::passed;
  EXPECT_FALSE(happening_of(result));
}

TEST(AlertBook, TellsByEventOwnerAndSelection) {
  AlertBook book;
  auto spec = rule({AlertEvent::run_canceled});
  EXPECT_EQ(told(book, spec, failure(1), "1"), "");
  spec = rule();
  spec.owners = {"team:other"};
  EXPECT_EQ(told(book, spec, failure(1), "1"), "");
  spec.owners = {"team:other", "team:growth"};
  spec.select = "gold";
  EXPECT_EQ(told(book, spec, failure(1), "1", kNothing), "");
  EXPECT_EQ(told(book, spec, failure(1), "1"), "raised");
}

TEST(AlertBook, TellsARootCauseOnceInARunWhateverTheEvent) {
  AlertBook book;
  auto spec = rule();
  spec.repeat = 0ms;
  auto check = failure(1);
  check.event = AlertEvent::check_failed;
  check.check = "rows";
  auto run = check;
  run.event = AlertEvent::run_failed;
  EXPECT_EQ(told(book, spec, check, "1"), "raised");
  EXPECT_EQ(told(book, spec, run, "2"), "");
  run.run = 2;
  EXPECT_EQ(told(book, spec, run, "3"), "raised") << "repeat: 0s tells every run";
}

TEST(AlertBook, CountsWhatComesAgainWithinTheRepeatInterval) {
  AlertBook book;
  EXPECT_EQ(told(book, rule(), failure(1), "1"), "raised");
  EXPECT_EQ(told(book, rule(), failure(2, kStart + 59min), "2"), "repeated 1");
  EXPECT_EQ(told(book, rule(), failure(2, kStart + 59min, "b"), "3"), "raised") << "another root cause";
  EXPECT_EQ(told(book, rule(), failure(3, kStart + 60min), "4"), "raised");
  EXPECT_EQ(told(book, rule(), failure(4, kStart + 61min), "5"), "repeated 4");
}

TEST(AlertBook, ForgetsWhatIsMended) {
  AlertBook book;
  EXPECT_EQ(told(book, rule(), failure(1), "1"), "raised");
  auto check = failure(1);
  check.check = "rows";
  EXPECT_EQ(told(book, rule(), check, "2"), "raised");
  const auto mended = book.mend("a", "", kStart + 1min, kNothing);
  ASSERT_EQ(mended.size(), 1U);
  EXPECT_EQ(std::get<AlertResolved>(mended[0]).cause, "a");
  EXPECT_THAT(book.mend("a", "", kStart + 1min, kNothing), IsEmpty());
  EXPECT_THAT(book.mend("b", "", kStart + 1min, kNothing), IsEmpty());
  EXPECT_EQ(told(book, rule(), failure(2, kStart + 2min), "3"), "raised");
  check.run = 2;
  EXPECT_EQ(told(book, rule(), check, "4"), "repeated 2") << "that the asset was made says nothing of its check";
  EXPECT_EQ(std::get<AlertResolved>(book.mend("a", "rows", kStart, kNothing).at(0)).cause, "a:rows");
}

nlohmann::json cause(const std::string& partition, const std::string& key = "p") {
  return {{"key", key}, {"partition", partition}, {"status", "failed"}, {"reason", "exit_code"}, {"detail", "exit code 3"}, {"skipped", 1}};
}

TEST(Happenings, OfAnAssetInSeveralPartitionsAreOneThatNamesThem) {
  auto run = ended(RunStatus::failed, {cause("one"), cause("three"), cause("one", "q")});
  run.counts["failed"] = 3;
  const auto found = happenings_of(run);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_THAT(found[0].partitions, ElementsAre("one", "three"));
  EXPECT_EQ(found[0].skipped, 2U);
  EXPECT_EQ(found[0].reason, "exit_code");
  EXPECT_THAT(found[1].partitions, ElementsAre("one"));
  EXPECT_EQ(found[1].more_partitions, 0U);
  run.counts["failed"] = 60;
  EXPECT_EQ(happenings_of(run)[1].more_partitions, 57U) << "a run names its first causes only";
}

Happening failure_in(std::vector<std::string> partitions, RunId run = 1, WallTime at = kStart) {
  auto happening = failure(run, at);
  happening.failed_partitions = partitions.size();
  happening.partitions = std::move(partitions);
  return happening;
}

/// How many alerts are over when the asset, of which `failed` are failed still, was made.
std::size_t mended(AlertBook& book, const std::set<std::string>& failed, const std::string& check = "") {
  return book.mend("a", check, kStart, [&](const std::string& partition) { return partition.empty() ? !failed.empty() : failed.contains(partition); }).size();
}

TEST(AlertBook, WhatNamesPartitionsIsOverOnceNoneOfThemIsFailed) {
  AlertBook book;
  EXPECT_EQ(told(book, rule(), failure_in({"one", "three"}), "1"), "raised");
  EXPECT_EQ(mended(book, {"one", "three"}), 0U) << "another one was made";
  EXPECT_EQ(mended(book, {"one"}), 0U);
  EXPECT_EQ(mended(book, {"two"}), 1U) << "that one is of another alert";
  EXPECT_EQ(told(book, rule(), failure_in({"one"}, 2, kStart + 1min), "2"), "raised");
}

TEST(AlertBook, WhatFailedInOthersSinceIsOverOnceTheAssetIsWhole) {
  AlertBook book;
  EXPECT_EQ(told(book, rule(), failure_in({"one"}), "1"), "raised");
  EXPECT_EQ(told(book, rule(), failure_in({"two"}, 2), "2"), "repeated 1");
  EXPECT_EQ(mended(book, {"two"}), 0U);
  EXPECT_EQ(mended(book, {}), 1U);
}

TEST(AlertBook, APartitionThatIsWellDoesNotEndACheckThatFailsInAnother) {
  AlertBook book;
  auto check = failure_in({"one"});
  check.check = "rows";
  EXPECT_EQ(told(book, rule(), check, "1"), "raised");
  check.partitions = {"three"};
  EXPECT_EQ(told(book, rule(), check, "2"), "") << "the same run";
  EXPECT_EQ(mended(book, {"three"}, "rows"), 0U);
  EXPECT_EQ(mended(book, {}, "rows"), 1U);
}

TEST(AlertBook, NamesTheFirstPartitionsAndCountsTheOthers) {
  AlertBook book;
  std::vector<std::string> days;
  for (int i = 10; i < 40; ++i) days.push_back("day" + std::to_string(i));
  auto alert = std::get<AlertRaised>(*book.tell(rule(), failure_in(days), kAll, "1")).alert;
  EXPECT_EQ(alert.partitions.size(), 20U);
  EXPECT_EQ(alert.more_partitions, 10U);
  alert.body = alert_body(alert, {});
  EXPECT_EQ(alert.body["title"], "partitions day10, day11, day12, day13, day14 of a failed (exit_code) in run 1; 25 more partitions of it are failed");
  EXPECT_THAT(alert_text(alert.body), ::testing::HasSubstr("day28, day29 and 10 more\n"));
  book.take(alert);
  EXPECT_EQ(mended(book, {"day39"}), 0U) << "it does not name it, and is about it";
  EXPECT_EQ(mended(book, {}), 1U);
}

TEST(AlertBook, KnowsThePartitionsOfWhatTheStoreHas) {
  auto alert = std::get<AlertRaised>(*AlertBook().tell(rule(), failure_in({"one", "three"}), kAll, "1")).alert;
  alert.body = alert_body(alert, {});
  alert.partitions.clear();
  AlertBook book({alert}, {});
  EXPECT_EQ(mended(book, {"three"}), 0U);
  EXPECT_EQ(mended(book, {"two"}), 1U);
  alert.repeats = 1;
  AlertBook repeated({alert}, {});
  EXPECT_EQ(mended(repeated, {"two"}), 0U) << "perhaps it was two that came again";
}

TEST(AlertBook, ToldAgainIsAboutWhatIsFailedFromBeforeToo) {
  AlertBook book;
  EXPECT_EQ(told(book, rule(), failure_in({"one"}), "1"), "raised");
  auto later = failure_in({"two"}, 2, kStart + 2h);
  later.failed_partitions = 2;
  const auto alert = std::get<AlertRaised>(*book.tell(rule(), later, kAll, "2")).alert;
  EXPECT_EQ(alert.more_partitions, 1U);
  book.take(alert);
  EXPECT_EQ(mended(book, {"one"}), 0U);
  EXPECT_EQ(mended(book, {}), 1U);
}

TEST(AlertBook, ThatDataIsTooOldIsAnotherCauseThanThatItsAssetFails) {
  AlertBook book;
  const auto spec = rule({AlertEvent::run_failed, AlertEvent::freshness_violated});
  auto old = failure(0);
  old.event = AlertEvent::freshness_violated;
  EXPECT_EQ(told(book, spec, old, "1"), "raised");
  EXPECT_EQ(told(book, spec, failure(1), "2"), "raised");
  EXPECT_EQ(std::get<AlertResolved>(book.mend("a", "", kStart, kNothing).at(0)).cause, "a");
  EXPECT_THAT(book.mend("a", "", kStart, kNothing), IsEmpty()) << "being made does not make it fresh";
  EXPECT_EQ(told(book, spec, old, "3"), "repeated 1") << "no run tells one from the next";
  EXPECT_EQ(std::get<AlertResolved>(book.refresh("a", kStart).at(0)).cause, "freshness a");
  EXPECT_THAT(book.refresh("a", kStart), IsEmpty());
}

TEST(AlertBook, RunsAreNotRepetitionsOfEachOther) {
  AlertBook book;
  Happening run;
  run.event = AlertEvent::run_succeeded;
  run.at = kStart;
  run.run = 1;
  const auto spec = rule({AlertEvent::run_succeeded});
  EXPECT_EQ(told(book, spec, run, "1"), "raised");
  run.run = 2;
  EXPECT_EQ(told(book, spec, run, "2"), "raised");
}

TEST(AlertBook, ASilenceHoldsBackWhatFitsUntilItIsOver) {
  AlertBook book({}, {{"s1", "ops", "gold", "", "ann", kStart, kStart + 10min}});
  EXPECT_EQ(told(book, rule(), failure(1), "1", kNothing), "raised");
  EXPECT_EQ(told(book, rule(), failure(2, kStart, "b"), "2"), "raised silenced");
  EXPECT_EQ(told(book, rule(), failure(2, kStart, "b"), "3"), "") << "also of a silenced root cause a run has one";
  auto other = rule();
  other.name = "others";
  EXPECT_EQ(told(book, other, failure(2, kStart, "b"), "4"), "raised");
  EXPECT_EQ(told(book, rule(), failure(3, kStart + 10min, "b"), "5"), "raised") << "nobody was told before";
  book.add({"s2", "", "", "", "ann", kStart, kStart + 1h});
  EXPECT_EQ(told(book, other, failure(4, kStart, "c"), "6"), "raised silenced");
  EXPECT_TRUE(book.end("s2", kStart));
  EXPECT_FALSE(book.end("s2", kStart));
  EXPECT_FALSE(book.end("s1", kStart + 11min)) << "it is over already";
  EXPECT_EQ(told(book, other, failure(5, kStart, "d"), "7"), "raised");
}

TEST(AlertBook, BacksOffAndGivesUp) {
  AlertBook book;
  EXPECT_FALSE(book.next_due());
  EXPECT_EQ(told(book, rule(), failure(1), "1"), "raised");
  EXPECT_EQ(book.next_due(), kStart);
  const auto a_day = [](const AlertRecord&) { return Millis(24h); };
  ASSERT_EQ(book.due(kStart).size(), 1U);
  EXPECT_THAT(book.due(kStart), IsEmpty()) << "it is under way";
  const auto failed = book.attempted("1", "HTTP 500", kStart + 2s, a_day).value().alert;
  EXPECT_EQ(failed.state, AlertState::pending);
  EXPECT_EQ(failed.last_error, "HTTP 500");
  EXPECT_EQ(failed.next_attempt_at, kStart + 3s);
  EXPECT_THAT(book.due(kStart + 2s), IsEmpty());
  EXPECT_EQ(book.due(kStart + 3s).at(0).attempts, 1);
  const auto gone = book.attempted("1", "HTTP 500", kStart + 24h, a_day).value().alert;
  EXPECT_EQ(gone.state, AlertState::failed);
  EXPECT_EQ(gone.attempts, 2);
  EXPECT_FALSE(gone.next_attempt_at);
  EXPECT_EQ(book.pending(), 0U);
  EXPECT_FALSE(book.attempted("1", std::nullopt, kStart, a_day));
}

TEST(AlertBook, ADeliveryEndsIt) {
  AlertBook book;
  told(book, rule(), failure(1), "1");
  book.due(kStart);
  const auto done = book.attempted("1", std::nullopt, kStart + 1s, [](const AlertRecord&) { return Millis(24h); }).value().alert;
  EXPECT_EQ(done.state, AlertState::delivered);
  EXPECT_EQ(done.delivered_at, kStart + 1s);
  EXPECT_EQ(done.last_error, "");
}

TEST(AlertBook, DelaysGrowToABound) {
  std::vector<Millis> delays;
  for (const int attempt : {1, 2, 3, 4, 10, 11, 1'000}) delays.push_back(delay_after(attempt));
  EXPECT_THAT(delays, ElementsAre(1s, 2s, 4s, 8s, 512s, 600s, 600s));
}

TEST(AlertBook, AClockThatWasSetBackHoldsNothingBack) {
  AlertBook book;
  told(book, rule(), failure(1, kStart), "1");
  EXPECT_THAT(book.due(kStart - 5min), IsEmpty());
  EXPECT_EQ(book.due(kStart - 30 * 24h).size(), 1U);
}

TEST(AlertBook, GoesOnFromWhatTheStoreHas) {
  AlertBook before;
  const auto raised = before.tell(rule(), failure(1), kAll, "1");
  AlertBook book({std::get<AlertRaised>(*raised).alert}, {});
  EXPECT_EQ(book.due(kStart).at(0).id, "1");
  EXPECT_EQ(told(book, rule(), failure(2, kStart + 1min), "2"), "repeated 1");
  auto test = book.test(rule(), kStart, "3").alert;
  EXPECT_FALSE(test.open);
  EXPECT_EQ(test.event, "test");
}

AlertRecord lineage_event_of(const std::string& id, const std::string& asset = "a", const std::string& partition = "", WallTime at = kStart) {
  AlertRecord event;
  event.id = id;
  event.rule = event.event = kOpenLineage;
  event.at = at;
  event.run = 1;
  event.asset = asset;
  event.cause = kOpenLineage + (partition.empty() ? "" : " " + partition);
  event.next_attempt_at = at;
  return event;
}

std::vector<std::string> due(AlertBook& book, WallTime now) {
  std::vector<std::string> ids;
  for (const auto& alert : book.due(now)) ids.push_back(alert.id);
  return ids;
}

Millis a_day(const AlertRecord&) { return 24h; }

// Their ids are random: the order of occurrence is that of being raised, not that of the ids.
// The store failed while an attempt was under way and was read anew: its end comes to a book in which the alert waits.
TEST(AlertBook, AnAttemptFromBeforeTheStoreWasReadAnewCountsAndIsNotMadeTwice) {
  AlertRecord pending;
  pending.id = "a1";
  pending.rule = "ops";
  pending.at = kStart;
  pending.next_attempt_at = kStart;
  AlertBook delivered({pending}, {});
  ASSERT_TRUE(delivered.attempted("a1", std::nullopt, kStart, [](const AlertRecord&) { return Millis(1h); }));
  EXPECT_TRUE(delivered.due(kStart).empty());
  EXPECT_FALSE(delivered.next_due());
  AlertBook failed({pending}, {});
  ASSERT_TRUE(failed.attempted("a1", "no answer", kStart, [](const AlertRecord&) { return Millis(1h); }));
  EXPECT_TRUE(failed.due(kStart).empty());
  EXPECT_EQ(failed.due(kStart + 1s).size(), 1u);
  EXPECT_FALSE(failed.next_due());
}

TEST(AlertBook, WhatIsOfOneMomentGoesInTheOrderOfOccurrence) {
  AlertBook book;
  for (const auto* id : {"9", "1", "5"}) book.take(lineage_event_of(id, id));
  EXPECT_THAT(due(book, kStart), ElementsAre("9", "1", "5"));
}

TEST(AlertBook, TheEndOfAStepWaitsUntilItsBeginWasDelivered) {
  AlertBook book;
  for (const auto& event : {lineage_event_of("9 start"), lineage_event_of("1 complete"), lineage_event_of("b start", "b"), lineage_event_of("other day", "a", "2026-01-01")}) book.take(event);
  EXPECT_THAT(due(book, kStart), ElementsAre("9 start", "b start", "other day"));
  book.attempted("9 start", "HTTP 503", kStart, a_day);
  EXPECT_THAT(due(book, kStart), IsEmpty()) << "the begin is tried again first";
  EXPECT_THAT(due(book, kStart + 1s), ElementsAre("9 start"));
  EXPECT_FALSE(book.next_due());
  book.attempted("9 start", std::nullopt, kStart + 1s, a_day);
  EXPECT_EQ(book.next_due(), kStart);
  EXPECT_THAT(due(book, kStart + 1s), ElementsAre("1 complete"));
  book.attempted("1 complete", std::nullopt, kStart + 2s, a_day);
  book.take(lineage_event_of("start again", "a", "", kStart + 3s));
  EXPECT_THAT(due(book, kStart + 3s), ElementsAre("start again"));
}

TEST(AlertBook, WhatWasGivenUpHoldsNothingBack) {
  AlertBook book;
  book.take(lineage_event_of("9 start"));
  book.take(lineage_event_of("1 complete", "a", "", kStart + 1h));
  EXPECT_THAT(due(book, kStart + 24h), ElementsAre("9 start"));
  book.attempted("9 start", "HTTP 503", kStart + 24h, a_day);
  EXPECT_THAT(due(book, kStart + 24h), ElementsAre("1 complete"));
}

TEST(AlertBook, KeepsTheOrderThatTheStoreHas) {
  AlertBook book({lineage_event_of("9 start"), lineage_event_of("1 complete"), lineage_event_of("0 b", "b")}, {});
  EXPECT_THAT(due(book, kStart), ElementsAre("9 start", "0 b"));
  book.attempted("9 start", std::nullopt, kStart, a_day);
  EXPECT_THAT(due(book, kStart), ElementsAre("1 complete"));
}

TEST(AlertBook, AlertsForPeopleDoNotWaitForEachOther) {
  AlertBook book;
  told(book, rule({AlertEvent::run_failed}), failure(1), "2");
  told(book, rule({AlertEvent::check_failed}), [] {
    auto check = failure(2);
    check.event = AlertEvent::check_failed;
    check.check = "rows";
    return check;
  }(), "1");
  EXPECT_THAT(due(book, kStart), ElementsAre("2", "1"));
}

TEST(AlertBook, WhatIsOpenAndItsSilenceGoWithAnAssetToAnotherKey) {
  AlertBook book;
  const auto spec = rule({AlertEvent::run_failed, AlertEvent::check_failed, AlertEvent::freshness_violated});
  auto stale = failure(0, kStart, "old");
  stale.event = AlertEvent::freshness_violated;
  ASSERT_EQ(told(book, spec, failure(1, kStart, "old"), "1"), "raised");
  ASSERT_EQ(told(book, spec, stale, "2"), "raised");
  auto check = failure(0, kStart, "new");
  check.check = "rows";
  ASSERT_EQ(told(book, spec, check, "0"), "raised") << "of another asset that was called so";
  book.add({"s1", "", "old", "", "ann", kStart, kStart + 1h});
  book.rename("old", "new");
  EXPECT_EQ(told(book, spec, failure(2, kStart + 1min, "new"), "3"), "repeated 1");
  EXPECT_EQ(book.mend("old", "", kStart + 2min, kNothing).size(), 0U);
  EXPECT_EQ(book.mend("new", "rows", kStart + 2min, kNothing).size(), 0U);
  EXPECT_EQ(book.mend("new", "", kStart + 2min, kNothing).size(), 1U);
  EXPECT_EQ(book.refresh("new", kStart + 2min).size(), 1U);
  EXPECT_EQ(told(book, spec, failure(3, kStart + 3min, "new"), "4", [](const std::string& select) { return select == "new"; }), "raised silenced");
}

AlertRecord sample_alert() {
  AlertBook book;
  auto happening = failure(41);
  happening.detail = "exit code 3\nand more";
  happening.skipped = 5;
  return std::get<AlertRaised>(*book.tell(rule(), happening, kAll, "abc")).alert;
}

TEST(AlertMessage, SaysWhatHappenedAndWhereToLook) {
  RunRecord run;
  run.select = "*";
  AlertSetting setting;
  setting.project = "shop";
  setting.address = "https://assetd.example";
  setting.run = &run;
  setting.step = "a";
  setting.owners = {"team:growth"};
  const auto body = alert_body(sample_alert(), setting);
  EXPECT_EQ(body["title"], "a failed (exit_code) in run 41: exit code 3; 5 steps were skipped because of it");
  EXPECT_EQ(body["run"]["url"], "https://assetd.example/runs/41");
  EXPECT_EQ(body["root_causes"][0]["key"], "a");
  EXPECT_EQ(body["environment"], nullptr);
  EXPECT_THAT(alert_text(body), ::testing::HasSubstr("run: https://assetd.example/runs/41\n"));
}

TEST(AlertMessage, NothingThatOthersWroteIsAMarkToSlack) {
  auto alert = sample_alert();
  alert.detail = "<!channel> a & b";
  const auto message = slack_message(alert_body(alert, {}));
  EXPECT_EQ(message["text"], "a failed (exit_code) in run 41: &lt;!channel&gt; a &amp; b; 5 steps were skipped because of it");
  EXPECT_THAT(message["blocks"][1]["elements"][0]["text"].get<std::string>(), ::testing::HasSubstr(", run 41")) << "no link without an address";
}

}  // namespace
}  // namespace assetd
