// Waivers of a divided asset on the service: in which partitions one holds, what is kept of it and how it ends.

#include <gmock/gmock.h>

#include "tests/daemon/service/harness.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The check of a partition passes once the test has made the file good_x or good_y.
constexpr char kDivided[] = R"(
name: shop
assets:
  - key: stg
    partitions: {static: [x, y]}
    run: {plugin: exec, command: ["true"]}
    checks:
      - {name: unique, run: {plugin: exec, command: [sh, -c, "test -e good_$ASSETD_PARTITION"]}, severity: error, blocking: true}
  - {key: gold, deps: [stg], partitions: {static: [x, y]}, run: {plugin: exec, command: ["true"]}}
)";

class WaiversTest : public ServiceTest {
 protected:
  RunId make(const std::string& select, std::vector<std::string> partitions) {
    RunRequestBody body;
    body.select = select;
    body.partitions.of = std::move(partitions);
    return std::stoll(answer([&](auto done) { service_->request_run(caller(), body, done); }).body.at("id").get<std::string>());
  }
  RunId fail_in_both() {
    const auto run = make("*", {"x", "y"});
    EXPECT_EQ(outcome(run), "failed");
    return run;
  }
  Reply waive(RunId run, const std::string& partition) {
    return answer([&](auto done) { service_->waive_check(caller(), run, "unique", {"known", "", std::nullopt, partition}, done); });
  }
  Reply unwaive(const std::string& partition) {
    return answer([&](auto done) { service_->unwaive_check(caller(), "stg", "unique", {"", partition}, done); });
  }
  void mend(const std::string& partition) {
    std::ofstream(file("good_" + partition)) << "good";
    EXPECT_EQ(outcome(make("stg", {partition})), "succeeded");
  }
  std::vector<std::string> waived() {
    std::vector<std::string> partitions;
    for (const auto& [of, waiver] : asset("stg").waivers) partitions.push_back(of.partition);
    return partitions;
  }
  IndexSet made_of_gold() {
    const auto partitions = asset("gold").partitions;
    return partitions ? partitions->materialized : IndexSet();
  }
};

TEST_F(WaiversTest, OneOfAPartitionLetsOnlyWhatIsBelowItRunAndEndsWithItsPass) {
  start(kDivided);
  const auto run = fail_in_both();
  EXPECT_TRUE(made_of_gold().empty());
  const auto reply = waive(run, "x");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body["partition"], "x");
  stop();
  start();
  EXPECT_THAT(waived(), ElementsAre("x"));
  EXPECT_EQ(outcome(std::stoll(retry(run).body.at("id").get<std::string>())), "failed") << "y is held back";
  EXPECT_EQ(made_of_gold(), IndexSet::range(0, 1));
  mend("y");
  EXPECT_THAT(waived(), ElementsAre("x")) << "a pass in another partition is none in this";
  mend("x");
  EXPECT_THAT(waived(), IsEmpty());
}

TEST_F(WaiversTest, OneWithoutAPartitionLetsAllPassAndLastsUntilAllHavePassed) {
  start(kDivided);
  const auto run = fail_in_both();
  EXPECT_TRUE(waive(run, "").body["partition"].is_null());
  EXPECT_EQ(outcome(std::stoll(retry(run).body.at("id").get<std::string>())), "succeeded");
  EXPECT_EQ(made_of_gold(), IndexSet::range(0, 2));
  mend("y");
  EXPECT_THAT(waived(), ElementsAre(""));
  mend("x");
  EXPECT_THAT(waived(), IsEmpty());
}

TEST_F(WaiversTest, OneIsWithdrawnByItsPartitionAndAllWithoutOne) {
  start(kDivided);
  const auto run = fail_in_both();
  for (const auto* partition : {"", "x", "y"}) waive(run, partition);
  EXPECT_THAT(waived(), ElementsAre("", "x", "y"));
  EXPECT_EQ(unwaive("x").status, 200);
  EXPECT_EQ(unwaive("x").status, 404) << "that for all is not of x alone";
  EXPECT_THAT(waived(), ElementsAre("", "y"));
  EXPECT_EQ(unwaive("").status, 200);
  EXPECT_THAT(waived(), IsEmpty());
  EXPECT_EQ(unwaive("").status, 404);
}

TEST_F(WaiversTest, WhatDidNotFailThereIsRefused) {
  start(kDivided);
  std::ofstream(file("good_y")) << "good";
  const auto run = fail_in_both();
  EXPECT_EQ(waive(run, "y").status, 409);
  EXPECT_EQ(waive(run, "z").status, 404);
  EXPECT_THAT(waive(run, "xx").body["detail"].get<std::string>(), HasSubstr("in partition 'xx'; nearest: 'x'"));
  EXPECT_EQ(waive(run, "").status, 200) << "x failed, whichever was judged last";
}

}  // namespace
}  // namespace assetd::testing
