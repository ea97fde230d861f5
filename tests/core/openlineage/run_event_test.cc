// What OpenLineage is told; tests/end_to_end/test_openlineage.py holds it against the published schema.

#include <gtest/gtest.h>

#include "core/openlineage/run_event.h"

namespace assetd {
namespace {

LineageStep complete() {
  LineageStep step;
  step.type = "COMPLETE";
  step.at = WallTime(Millis(1'700'000'000'000));
  step.name_space = "shop";
  step.asset = "gold/customers";
  step.run = "11111111-1111-8111-8111-111111111111";
  step.parent_run = "22222222-2222-8222-8222-222222222222";
  step.parent_job = "nightly";
  step.inputs = {"stg/customers", "stg/charges"};
  step.rows = 812;
  return step;
}

TEST(LineageEvent, SaysRunJobParentAndDataSets) {
  const auto event = lineage_event(complete());
  EXPECT_EQ(event["eventType"], "COMPLETE");
  EXPECT_EQ(event["eventTime"], "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(event["run"]["runId"], "11111111-1111-8111-8111-111111111111");
  EXPECT_EQ(event["job"]["namespace"], "shop");
  EXPECT_EQ(event["job"]["name"], "gold/customers");
  EXPECT_EQ(event["run"]["facets"]["parent"]["run"]["runId"], "22222222-2222-8222-8222-222222222222");
  EXPECT_EQ(event["run"]["facets"]["parent"]["job"]["name"], "nightly");
  ASSERT_EQ(event["inputs"].size(), 2u);
  EXPECT_EQ(event["inputs"][0]["name"], "stg/customers");
  ASSERT_EQ(event["outputs"].size(), 1u);
  EXPECT_EQ(event["outputs"][0]["name"], "gold/customers");
  EXPECT_EQ(event["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"], 812);
}

TEST(LineageEvent, AFailureSaysWhy) {
  auto step = complete();
  step.type = "FAIL";
  step.rows.reset();
  step.error = "exit_code: exit code 3";
  step.nominal = step.at;
  const auto event = lineage_event(step);
  EXPECT_EQ(event["run"]["facets"]["errorMessage"]["message"], "exit_code: exit code 3");
  EXPECT_EQ(event["run"]["facets"]["nominalTime"]["nominalStartTime"], "2023-11-14T22:13:20.000Z");
  EXPECT_FALSE(event["outputs"][0].contains("outputFacets"));
}

TEST(LineageEvent, ChecksAloneWriteNothing) {
  auto step = complete();
  step.makes_data = false;
  step.inputs = {step.asset};
  const auto event = lineage_event(step);
  EXPECT_TRUE(event["outputs"].empty());
  EXPECT_EQ(event["job"]["facets"]["jobType"]["jobType"], "CHECKS");
}

TEST(LineageEvent, UuidsAreOfTheirBytesAlone) {
  const unsigned char bytes[16] = {0xff, 1, 2, 3, 4, 5, 0xff, 7, 0xff, 9, 10, 11, 12, 13, 14, 15};
  EXPECT_EQ(uuid_of(bytes), "ff010203-0405-8f07-bf09-0a0b0c0d0e0f");
}

}  // namespace
}  // namespace assetd
