// Any expression, zone and moment: errors point into the text; next() and previous() undo each other and never go the
// wrong way.

#include <cstdlib>
#include <cstring>

#include "core/schedule/cron.h"

using namespace assetd;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr const char* kZones[] = {"UTC",          "Europe/London", "America/New_York", "Australia/Lord_Howe",
                                  "Pacific/Apia", "Asia/Kolkata",  "America/Havana",   "Africa/Casablanca"};

void check(const CronSchedule& schedule, WallTime at) {
  if (const auto next = schedule.next(at)) {
    require(*next > at);
    require(schedule.previous(*next) == next);
    const auto before = schedule.previous(*next - Millis(1));
    require(!before || *before <= at);
  }
  if (const auto previous = schedule.previous(at)) {
    require(*previous <= at);
    require(schedule.next(*previous - Millis(1)) == previous);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 9) return 0;
  std::uint64_t moment;
  std::memcpy(&moment, data + 1, sizeof moment);
  const WallTime at(Millis(static_cast<std::int64_t>(moment % 2'145'916'800'000)));  // 1970 to 2037
  const std::string_view text(reinterpret_cast<const char*>(data) + 9, size - 9);
  const auto schedule = CronSchedule::parse(text, kZones[data[0] % std::size(kZones)]);
  if (schedule)
    check(*schedule, at);
  else
    require(schedule.error().column >= 1 && schedule.error().column <= static_cast<int>(text.size()) + 1);
  if (const auto time = parse_time(text)) require(parse_time(format_time(*time)) == time);
  if (const auto duration = parse_duration(text)) require(parse_duration(format_duration(*duration)) == duration);
  return 0;
}
