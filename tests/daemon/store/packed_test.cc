#include "daemon/store/packed.h"

#include <gtest/gtest.h>

#include <numeric>

#include "daemon/store/codes.h"

namespace assetd {
namespace {

TEST(Packed, StepsComeBackInTheirOrder) {
  const std::vector<std::vector<StepIndex>> cases{{}, {0}, {0, 1, 2}, {5, 3, 4, 9}, {7, 7}, {kNone - 1}, {1, 1000000, 2}};
  for (const auto& steps : cases) EXPECT_EQ(unpack_steps(pack_steps(steps)), steps);
}

TEST(Packed, StepsComeBackForAnyPattern) {
  // A generator of its own, so that a failure is the same everywhere.
  std::uint64_t random = 1;
  const auto next = [&] { return random = random * 6364136223846793005U + 1442695040888963407U, random >> 33; };
  for (int round = 0; round < 200; ++round) {
    std::vector<StepIndex> steps;
    const std::uint64_t among = next() % 5 + 1;
    for (StepIndex step = 0; step < 300; ++step)
      if (next() % among == 0) steps.push_back(step);
    EXPECT_EQ(unpack_steps(pack_steps(steps)), steps);
  }
}

TEST(Packed, AHundredThousandNeighboursTakeAFewBytes) {
  std::vector<StepIndex> steps(100'000);
  std::iota(steps.begin(), steps.end(), 10U);
  EXPECT_LE(pack_steps(steps).size(), 5U);
}

TEST(Packed, DamagedStepsAreRefused) {
  EXPECT_EQ(unpack_steps("\x01"), std::nullopt) << "a length is missing";
  EXPECT_EQ(unpack_steps("\x80"), std::nullopt) << "a number that does not end";
  EXPECT_EQ(unpack_steps(std::string_view("\x01\x01", 2)), std::nullopt) << "a step below zero";
  EXPECT_EQ(unpack_steps("\x02\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), std::nullopt) << "more steps than there can be";
}

TEST(Packed, CompressedBytesComeBack) {
  for (const auto& bytes : {std::string(), std::string("a"), std::string(100'000, 'x'), std::string("\0\xff", 2)})
    EXPECT_EQ(decompress(compress(bytes)), bytes);
  EXPECT_LT(compress(std::string(100'000, 'x')).size(), 1'000U);
}

TEST(Packed, DamagedBytesAreRefused) {
  auto packed = compress("some text that is long enough");
  EXPECT_EQ(decompress(packed.substr(0, 4)), std::nullopt);
  EXPECT_EQ(decompress(packed.substr(0, packed.size() - 2)), std::nullopt);
  packed[0] = static_cast<char>(packed[0] + 1);
  EXPECT_EQ(decompress(packed), std::nullopt) << "another length";
  EXPECT_EQ(decompress(std::string(8, '\xff') + "x"), std::nullopt) << "a length that no memory holds";
}

TEST(Packed, AttemptIdsTakeSixteenBytes) {
  const std::string id = "00112233445566778899aabbccddeeff";
  EXPECT_EQ(pack_id(id).size(), 16U);
  EXPECT_EQ(unpack_id(pack_id(id)), id);
  for (const auto* other : {"", "a1", "zz112233445566778899aabbccddeeff"}) EXPECT_EQ(unpack_id(pack_id(other)), other);
}

template <typename E>
void expect_all_stored(int values) {
  for (int i = 0; i < values; ++i) {
    const auto value = static_cast<E>(i);
    EXPECT_NE(stored(value), -1) << i << " has no number";
    EXPECT_EQ(from_stored<E>(stored(value)), value);
  }
  EXPECT_EQ(from_stored<E>(99), std::nullopt);
}

TEST(StoredCodes, EveryValueHasANumber) {
  expect_all_stored<RunStatus>(6);
  expect_all_stored<StepStatus>(9);
  expect_all_stored<StepsMode>(3);
  expect_all_stored<AttemptOutcome>(3);
  expect_all_stored<ExitReport::Kind>(4);
  expect_all_stored<CheckStatus>(5);
  expect_all_stored<Severity>(2);
  expect_all_stored<HoldMode>(2);
  expect_all_stored<TickOutcome>(3);
  expect_all_stored<SensorOutcome>(3);
}

TEST(StoredCodes, ActiveRunsAreBelowTheFirstEnded) {
  for (int i = 0; i < 6; ++i) EXPECT_EQ(is_terminal(static_cast<RunStatus>(i)), stored(static_cast<RunStatus>(i)) >= kFirstEndedRun);
}

}  // namespace
}  // namespace assetd
