#include <gmock/gmock.h>

#include "core/sensor/rules.h"

namespace assetd {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr WallTime kNoon{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};

FoundFile file_of(const std::string& path, Millis age, std::int64_t size = 10) {
  return {path, size, (kNoon - age).time_since_epoch().count() * 1'000'000};
}

std::vector<std::string> files_of(const SensorRequest& request) { return request.data.at("files").get<std::vector<std::string>>(); }

TEST(FileRule, FiresForWhatIsNewOrChangedOldestFirstAndOnce) {
  const FileProbeSpec probe{.glob = "in/*"};
  const auto first = judge_files(probe, "", {file_of("in/b", 1min), file_of("in/a", 2min)}, kNoon);
  ASSERT_THAT(first.requests, SizeIs(1));
  EXPECT_THAT(files_of(first.requests[0]), ElementsAre("in/a", "in/b"));
  const auto same = judge_files(probe, *first.cursor, {file_of("in/a", 2min), file_of("in/b", 1min)}, kNoon);
  EXPECT_THAT(same.requests, IsEmpty());
  EXPECT_EQ(same.cursor, std::nullopt);
  EXPECT_EQ(same.skip_reason, "no file is new");
  const auto changed = judge_files(probe, *first.cursor, {file_of("in/a", 2min, 11), file_of("in/b", 1min), file_of("in/c", 10s)}, kNoon);
  ASSERT_THAT(changed.requests, SizeIs(1));
  EXPECT_THAT(files_of(changed.requests[0]), ElementsAre("in/a", "in/c"));
}

TEST(FileRule, AFileThatWasGoneCountsAgain) {
  const FileProbeSpec probe{.glob = "in/*"};
  const auto first = judge_files(probe, "", {file_of("in/a", 1min)}, kNoon);
  const auto gone = judge_files(probe, *first.cursor, {}, kNoon);
  EXPECT_THAT(gone.requests, IsEmpty());
  ASSERT_TRUE(gone.cursor);
  EXPECT_THAT(judge_files(probe, *gone.cursor, {file_of("in/a", 1min)}, kNoon).requests, SizeIs(1));
}

TEST(FileRule, WhatMayStillBeWrittenIsLookedAtWhenItHasSettled) {
  const FileProbeSpec probe{.glob = "in/*", .settle = 5s};
  const auto found = judge_files(probe, "", {file_of("in/a", 2s), file_of("in/b", 4s)}, kNoon);
  EXPECT_THAT(found.requests, IsEmpty());
  EXPECT_EQ(found.skip_reason, "2 files may still be written");
  EXPECT_EQ(found.look_at, kNoon + 1s);
  EXPECT_THAT(judge_files(probe, found.cursor.value_or(""), {file_of("in/a", 2s), file_of("in/b", 4s)}, kNoon + 3s).requests, SizeIs(1));
  EXPECT_THAT(judge_files(probe, "", {file_of("in/from_2099", -std::chrono::hours(24 * 365))}, kNoon).requests, SizeIs(1));
}

TEST(FileRule, PerFileGivesARunEachAndManyComeInParts) {
  FileProbeSpec probe{.glob = "in/*", .per = FilesPer::file};
  std::vector<FoundFile> many;
  for (int i = 0; i < 150; ++i) many.push_back(file_of("in/" + std::to_string(1000 + i), 1min));
  const auto first = judge_files(probe, "", many, kNoon);
  EXPECT_THAT(first.requests, SizeIs(100));
  EXPECT_TRUE(first.more);
  const auto rest = judge_files(probe, *first.cursor, many, kNoon);
  ASSERT_THAT(rest.requests, SizeIs(50));
  EXPECT_FALSE(rest.more);
  EXPECT_THAT(files_of(rest.requests[0]), ElementsAre("in/1100"));
  EXPECT_THAT(judge_files(probe, *rest.cursor, many, kNoon).requests, IsEmpty());
}

TEST(FileRule, ExistingFilesCanBeLeftAlone) {
  const FileProbeSpec probe{.glob = "in/*", .existing = ExistingFiles::skip};
  const auto first = judge_files(probe, "", {file_of("in/old", 1ms)}, kNoon);
  EXPECT_THAT(first.requests, IsEmpty());
  EXPECT_THAT(first.skip_reason, HasSubstr("the first look"));
  const auto next = judge_files(probe, *first.cursor, {file_of("in/old", 1ms), file_of("in/new", 1min)}, kNoon);
  ASSERT_THAT(next.requests, SizeIs(1));
  EXPECT_THAT(files_of(next.requests[0]), ElementsAre("in/new"));
}

TEST(FileRule, MoreThanCanBeToldApartIsAFailure) {
  EXPECT_THAT(judge_files({.glob = "in/*"}, "", std::vector<FoundFile>(kMostFilesSeen + 1), kNoon).error, HasSubstr("more than 100000 files"));
}

TEST(FileRule, ACursorThatCannotBeReadIsAsNone) {
  for (const auto* cursor : {"x", "[]", "{}", R"({"seen": 3})", R"({"seen": "zz"})"})
    EXPECT_THAT(judge_files({.glob = "in/*"}, cursor, {file_of("in/a", 1min)}, kNoon).requests, SizeIs(1)) << cursor;
}

TEST(ValueRule, AnotherValueFiresTheFirstIsRemembered) {
  const SqlProbeSpec probe;
  const auto first = judge_value(probe, "", {"7", 1});
  EXPECT_THAT(first.requests, IsEmpty());
  EXPECT_THAT(judge_value(probe, *first.cursor, {"7", 1}).requests, IsEmpty());
  const auto other = judge_value(probe, *first.cursor, {"", 0});
  ASSERT_THAT(other.requests, SizeIs(1));
  EXPECT_EQ(other.requests[0].data, (json{{"value", ""}, {"rows", 0}}));
  EXPECT_THAT(judge_value(probe, *other.cursor, {"", 0}).requests, IsEmpty());
}

TEST(ValueRule, RowsFireWheneverThereAreAny) {
  const SqlProbeSpec probe{.when = SqlWhen::rows};
  EXPECT_THAT(judge_value(probe, "", {"a", 2}).requests, SizeIs(1));
  EXPECT_EQ(judge_value(probe, "", {"", 0}).skip_reason, "the query has no rows");
}

TEST(HappeningRule, OneRunForAllAndTheCursorMovesPastTheOthers) {
  const auto found = judge_happenings({{4, "a", AssetHappening::materialized, 7, kNoon}, {6, "b", AssetHappening::failed, 0, kNoon}}, 9, false);
  ASSERT_THAT(found.requests, SizeIs(1));
  EXPECT_EQ(found.requests[0].data["events"][1], (json{{"id", "6"}, {"asset", "b"}, {"what", "failed"}, {"run_id", nullptr}}));
  EXPECT_EQ(found.cursor, "9");
  EXPECT_EQ(judge_happenings({}, 12, false).cursor, "12");
}

TEST(ProgramAnswer, IsReadAsItIsDocumented) {
  const auto found = read_program_answer(R"({"requests": [{"key": "k", "select": "a+", "tags": {"day": "1"}, "data": {"x": 1}, "partitions": []}, {}], "cursor": "c"})");
  EXPECT_EQ(found.error, "");
  ASSERT_THAT(found.requests, SizeIs(2));
  EXPECT_EQ(found.requests[0].key, "k");
  EXPECT_EQ(found.requests[0].tags.at("day"), "1");
  EXPECT_EQ(found.requests[0].data, (json{{"x", 1}}));
  EXPECT_EQ(found.cursor, "c");
  EXPECT_EQ(read_program_answer(R"({"skip_reason": "nothing new", "cursor": null})").skip_reason, "nothing new");
  EXPECT_EQ(read_program_answer("{}").skip_reason, "the program asked for nothing");
}

TEST(ProgramAnswer, SaysWhereItIsWrong) {
  const std::pair<std::string, std::string> wrong[] = {
      {"", "is not JSON"},
      {"hello\n{}", "is not JSON"},
      {"[]", "no JSON object"},
      {R"({"request": []})", "/request: is not known"},
      {R"({"requests": 3})", "/requests: a list"},
      {R"({"requests": [3]})", "/requests/0: an object"},
      {R"({"requests": [{"key": 3}]})", "/requests/0/key: a text"},
      {R"({"requests": [{"slect": "a"}]})", "/requests/0/slect: is not known"},
      {R"({"requests": [{"tags": {"a": 1}}]})", "/requests/0/tags/a: a text"},
      {R"({"requests": [{"tags": []}]})", "/requests/0/tags: an object"},
      {R"({"requests": [{"data": "x"}]})", "/requests/0/data: an object"},
      {R"({"requests": [{"partitions": "2026-01-01"}]})", "/requests/0/partitions"},
      {R"({"requests": [{"key": ")" + std::string(600, 'k') + "\"}]}", "at most 512 bytes"},
      {R"({"cursor": 5})", "/cursor: a text"},
      {"{\"cursor\": \"\xff\"}", "is not JSON"}};
  for (const auto& [output, why] : wrong) EXPECT_THAT(read_program_answer(output).error, HasSubstr(why)) << output;
  json many = json::array();
  for (int i = 0; i < 101; ++i) many.push_back(json::object());
  EXPECT_THAT(read_program_answer(json{{"requests", many}}.dump()).error, HasSubstr("more than the 100 of one evaluation"));
}

TEST(Sensor, BackOffDoublesUpToABound) {
  EXPECT_EQ(sensor_back_off(10s, 1), 20s);
  EXPECT_EQ(sensor_back_off(10s, 3), 80s);
  EXPECT_EQ(sensor_back_off(10s, 1000), 15min);
  EXPECT_EQ(sensor_back_off(24h, 5), 24h);
}

TEST(Sensor, ACursorIsShownShort) {
  EXPECT_EQ(shown_cursor(SensorKind::program, ""), "");
  EXPECT_EQ(shown_cursor(SensorKind::program, "2026-01-01"), "2026-01-01");
  EXPECT_LE(shown_cursor(SensorKind::program, std::string(300, 'x') + "é").size(), 200u);
  EXPECT_EQ(shown_cursor(SensorKind::asset, "12"), "event 12");
  EXPECT_EQ(shown_cursor(SensorKind::file, *judge_files({.glob = "in/*"}, "", {file_of("a", 1min)}, kNoon).cursor), "1 file seen");
}

TEST(SensorChains, ASensorFollowsWhatCameOfItsOwnRunsSoOftenAndNoFurther) {
  std::map<RunId, SensorChain> chains{{1, {}}};
  const auto chain_of_run = [&](RunId run) { return chains[run]; };
  RunId run = 1;
  for (int round = 0; round < kMostRounds; ++round) {
    auto request = judge_happenings({{run, "x", AssetHappening::materialized, run, {}}}, run, false).requests.at(0);
    ASSERT_EQ(follow_chains("s1", request, chain_of_run), "");
    auto back = judge_happenings({{run, "y", AssetHappening::materialized, run + 1, {}}}, run, false).requests.at(0);
    chains[run + 1] = chain_of({{"sensor", request.data}});
    ASSERT_EQ(follow_chains("s2", back, chain_of_run), "");
    chains[run + 2] = chain_of({{"sensor", back.data}});
    run += 2;
  }
  auto last = judge_happenings({{run, "x", AssetHappening::materialized, run, {}}, {run + 1, "x", AssetHappening::materialized, 0, {}}}, run, false).requests.at(0);
  EXPECT_NE(follow_chains("s1", last, chain_of_run).find("sensors go round in a circle: run 7"), std::string::npos);
  EXPECT_EQ(last.data["events"].size(), 1u) << "what somebody reported by hand begins anew";
  EXPECT_EQ(last.data["chain"], (nlohmann::json{{"s1", 1}}));
}

}  // namespace
}  // namespace assetd
