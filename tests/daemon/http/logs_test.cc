#include <gmock/gmock.h>

#include "daemon/http/log_file.h"
#include "tests/daemon/http/api_fixture.h"

namespace assetd::test {
namespace {

using ::testing::HasSubstr;

class LogsTest : public ApiFixture {
 protected:
  LogsTest() { commit_failed_run(); }
  RawAnswer logs(const std::string& query) { return get("/runs/1/logs" + query); }
};

TEST_F(LogsTest, WithoutAStepItIsThatOfTheCause) {
  write_log("one\ntwo\n");
  start();
  const auto answer = logs("");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(answer.body, "one\ntwo\n");
  EXPECT_EQ(answer.headers.at("x-log-complete"), "true");
  EXPECT_EQ(answer.headers.at("x-attempt"), "1");
}

TEST_F(LogsTest, ACheckWithAProcessOfItsOwnHasItsOwnOutput) {
  service.current->definitions.checks[0].run = RunSpec{};
  AttemptRecord own{.id = "fedcba9876543210fedcba9876543210", .run = 1, .unit = plan.unit_of(stg), .number = 1, .steps = {stg}, .check = 0};
  own.intended_at = at(2);
  CommitBatch batch;
  batch.changes.push_back(AttemptIntended{own});
  own.outcome = AttemptOutcome::failed;
  own.started_at = at(2), own.ended_at = at(3);
  batch.changes.push_back(AttemptEnded{own});
  commit(std::move(batch));
  write_log("made\n");
  std::ofstream(service.data_paths.log(1, own.id, false)) << "3 rows wrong\n";
  start();
  EXPECT_EQ(logs("?step=stg&check=not_null").body, "3 rows wrong\n");
  EXPECT_EQ(logs("?step=stg").body, "made\n");
  EXPECT_EQ(logs("").body, "3 rows wrong\n") << "it is the cause";
  EXPECT_EQ(logs("?step=gold&check=not_null").body, "") << "it is of another asset";
  EXPECT_EQ(get("/runs/1").json()["causes"][0]["own_process"], true);
  EXPECT_EQ(get("/runs/1/steps").json()["items"][stg]["checks"][0]["own_process"], true);
  EXPECT_EQ(get("/assets/stg").json()["check_definitions"][0]["own_process"], true);
}

TEST_F(LogsTest, ACheckThatItsStepReportedHasNoOutputOfItsOwn) {
  write_log("made\n");
  start();
  EXPECT_EQ(logs("").body, "made\n");
  EXPECT_EQ(get("/runs/1").json()["causes"][0]["own_process"], false);
  EXPECT_EQ(get("/runs/1/steps").json()["items"][stg]["checks"][0]["own_process"], false);
}

TEST_F(LogsTest, OffsetsCountBytes) {
  write_log("one\ntwo\nthree\n");
  start();
  const auto first = logs("?stream=stdout&limit=5");
  EXPECT_EQ(first.body, "one\nt");
  EXPECT_EQ(first.headers.at("x-next-offset"), "5");
  EXPECT_EQ(first.headers.at("x-log-complete"), "false");
  EXPECT_EQ(logs("?stream=stdout&offset=5").body, "wo\nthree\n");
  EXPECT_EQ(logs("?stream=stdout&offset=1000").body, "");
}

TEST_F(LogsTest, ACharacterIsNotCutInTwo) {
  write_log("a\xe2\x82\xac" "b\n");
  start();
  const auto first = logs("?stream=stdout&limit=3");
  EXPECT_EQ(first.body, "a");
  EXPECT_EQ(logs("?stream=stdout&offset=" + first.headers.at("x-next-offset")).body, "\xe2\x82\xac" "b\n");
}

TEST_F(LogsTest, WhatEndedWithinACharacterIsGivenAsItIs) {
  write_log("a\xe2\x82");
  start();
  EXPECT_EQ(logs("?stream=stdout").body, "a\xe2\x82");
  EXPECT_EQ(logs("?stream=stdout").headers.at("x-log-complete"), "true");
  EXPECT_EQ(logs("").body, "a\xe2\x82");
}

TEST_F(LogsTest, BothStreamsAreReadWithOneCursor) {
  write_log("out 1\n");
  write_log("err 1\n", true);
  start();
  const auto first = logs("?stream=all");
  EXPECT_EQ(first.body, "out 1\nerr 1\n");
  write_log("err 2\n", true);
  const auto second = logs("?stream=all&offset=" + first.headers.at("x-next-offset"));
  EXPECT_EQ(second.body, "err 2\n");
  write_log("out 2\n");
  EXPECT_EQ(logs("?stream=all&offset=" + second.headers.at("x-next-offset")).body, "out 2\n");
}

TEST_F(LogsTest, ALimitIsKeptAndEverythingComes) {
  std::string all;
  for (int i = 0; i < 500; ++i) all += "line " + std::to_string(i) + "\n";
  write_log(all);
  write_log("e\n", true);
  start();
  std::string got, offset = "0";
  for (int i = 0; i < 200; ++i) {
    const auto piece = logs("?stream=all&limit=100&offset=" + offset);
    ASSERT_LE(piece.body.size(), 100u);
    got += piece.body;
    offset = piece.headers.at("x-next-offset");
    if (piece.headers.at("x-log-complete") == "true") break;
  }
  EXPECT_EQ(got.size(), all.size() + 2);
}

TEST_F(LogsTest, TailAndLines) {
  write_log("1\n2\n3\n4\n");
  start();
  EXPECT_EQ(logs("?stream=stdout&tail=2").body, "3\n4\n");
  EXPECT_EQ(logs("?tail=2").body, "3\n4\n");
  EXPECT_EQ(logs("?stream=stdout&lines=2-3").body, "2\n3\n");
  EXPECT_EQ(logs("?stream=stdout&lines=9-10").body, "");
  EXPECT_EQ(logs("?lines=2-3").status, 422);
  EXPECT_EQ(logs("?stream=stdout&lines=3-2").status, 422);
  EXPECT_EQ(logs("?tail=2&offset=3").status, 422);
}

TEST_F(LogsTest, StepsAndAttemptsThatAreNotThere) {
  start();
  const auto typo = logs("?step=sgt");
  EXPECT_EQ(typo.status, 404);
  EXPECT_THAT(typo.json()["detail"].get<std::string>(), HasSubstr("'stg'"));
  EXPECT_EQ(logs("?step=stg&attempt=2").status, 404);
  const auto by_id = std::string("?step=stg&attempt=") + kAttempt;
  EXPECT_EQ(logs(by_id).status, 410) << "its folder is gone: retention was there";
  write_log("");
  EXPECT_EQ(logs(by_id).status, 200);
  const auto never_ran = logs("?step=gold");
  EXPECT_EQ(never_ran.status, 200);
  EXPECT_EQ(never_ran.body, "");
  EXPECT_EQ(never_ran.headers.at("x-log-complete"), "true");
  EXPECT_EQ(logs("?stream=all&offset=5-x").status, 422);
  EXPECT_EQ(logs("?stream=stdout&offset=-1").status, 422);
}

TEST_F(LogsTest, TheTailOfALargeFileIsFoundFromItsEnd) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + "\n";
  write_log(text);
  const http::LogFile file(service.data_paths.log(1, kAttempt, false));
  const auto at = file.tail_offset(20'000, 8 << 20);
  EXPECT_EQ(file.read(at, 6), "30000\n");
  EXPECT_EQ(file.read(file.line_offset(49'999), 6), "49998\n");
  EXPECT_GE(file.tail_offset(20'000, 100), file.size() - 100);
}

}  // namespace
}  // namespace assetd::test
