// Against cronsim, an independent implementation: cron_golden.txt, written by make_golden.py.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/schedule/cron.h"
#include "tests/paths.h"

namespace assetd {
namespace {

struct GoldenCase {
  bool back = false;
  std::string zone, expression;
  std::vector<std::int64_t> instants;  ///< the start, then what follows
};

GoldenCase read_case(const std::string& line) {
  GoldenCase result;
  std::istringstream in(line);
  std::getline(in, result.zone, '\t');
  std::getline(in, result.expression, '\t');
  if (result.zone.starts_with('!')) result.zone.erase(0, 1);
  result.back = result.zone.starts_with('<');
  if (result.back) result.zone.erase(0, 1);
  for (std::int64_t number; in >> number;)
    result.instants.push_back(result.instants.empty() ? number
                                                      : result.instants.back() + (result.back ? -number : number));
  return result;
}

WallTime at_second(std::int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

/// The instants that our implementation answers, formatted like the expected ones.
std::string answer(const CronSchedule& schedule, const GoldenCase& expected) {
  std::string text;
  auto time = at_second(expected.instants.front());
  for (std::size_t i = 1; i < expected.instants.size(); ++i) {
    const auto found = expected.back ? schedule.previous(time - Millis(1)) : schedule.next(time);
    if (!found) return text + "nothing";
    text += format_time(*found) + "\n";
    time = *found;
  }
  return text;
}

TEST(CronGolden, AnswersAsCronsim) {
  std::ifstream file(testing::in_source("tests/core/schedule/cron_golden.txt"));
  int cases = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const auto expected = read_case(line);
    const auto schedule = CronSchedule::parse(expected.expression, expected.zone);
    ASSERT_TRUE(schedule) << line << ": " << schedule.error().message;
    std::string text;
    for (std::size_t i = 1; i < expected.instants.size(); ++i) text += format_time(at_second(expected.instants[i])) + "\n";
    EXPECT_EQ(answer(*schedule, expected), text)
        << expected.zone << " " << expected.expression << " from " << format_time(at_second(expected.instants.front()));
    ++cases;
  }
  EXPECT_GT(cases, 400);
}

}  // namespace
}  // namespace assetd
