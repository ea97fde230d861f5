// Answers, for tests/contract/test_cron.py, what CronSchedule says: one line in, "zone TAB expression TAB start TAB count", one line out, the instants after
// `start`, in seconds since the epoch, separated by blanks. A negative count goes back in time, from before `start`.

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

#include "core/schedule/cron.h"

namespace {

using assetd::CronSchedule;
using assetd::WallTime;

std::string answer(const CronSchedule& schedule, WallTime time, int count) {
  std::ostringstream out;
  for (int i = 0; i < std::abs(count); ++i) {
    const auto found = count > 0 ? schedule.next(time) : schedule.previous(time - assetd::Millis(1));
    if (!found) break;
    time = *found;
    out << (i ? " " : "") << std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  }
  return out.str();
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream in(line);
    std::string zone, expression;
    long long start = 0;
    int count = 0;
    std::getline(in, zone, '\t');
    std::getline(in, expression, '\t');
    in >> start >> count;
    const auto schedule = CronSchedule::parse(expression, zone);
    std::cout << (schedule ? answer(*schedule, WallTime(std::chrono::seconds(start)), count) : "error: " + schedule.error().message) << "\n";
  }
  return 0;
}
