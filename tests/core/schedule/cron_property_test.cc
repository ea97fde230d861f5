// Random expressions against a look at the clock every minute, near changes of the clocks. Only the zone's offsets are
// shared with the implementation.

#include <date/tz.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "core/schedule/cron.h"

namespace assetd {
namespace {

using std::chrono::minutes;
using Minute = date::sys_time<minutes>;
using LocalMinute = date::local_time<minutes>;

struct RandomField {
  std::string text;
  std::set<int> values;
  bool star = false;
};

RandomField arbitrary_field(int least, int most) {
  RandomField field;
  const int kind = *rc::gen::inRange(0, 4), step = *rc::gen::inRange(1, 1 + (most - least + 1) / 2);
  if (kind == 0) {
    field.star = true;
    field.text = "*" + (step > 1 ? "/" + std::to_string(step) : "");
    for (int value = least; value <= most; value += step) field.values.insert(value);
    return field;
  }
  for (int term = 0; term < kind; ++term) {
    const int first = *rc::gen::inRange(least, most + 1), last = *rc::gen::inRange(first, most + 1);
    if (term > 0) field.text += ",";
    field.text += std::to_string(first) + (last > first ? "-" + std::to_string(last) : "");
    for (int value = first; value <= last; ++value) field.values.insert(value);
  }
  return field;
}

struct RandomCron {
  RandomField minute = arbitrary_field(0, 59), hour = arbitrary_field(0, 6), day = arbitrary_field(1, 31),
              weekday = arbitrary_field(0, 7);

  std::string text() const { return minute.text + " " + hour.text + " " + day.text + " * " + weekday.text; }

  bool matches(LocalMinute time) const {
    const auto midnight = date::floor<date::days>(time);
    const auto of_day = (time - midnight).count();
    const auto dom = static_cast<int>(static_cast<unsigned>(date::year_month_day(midnight).day()));
    const auto dow = static_cast<int>(date::weekday(midnight).c_encoding());
    const bool dom_matches = day.values.contains(dom);
    const bool dow_matches = weekday.values.contains(dow) || (dow == 0 && weekday.values.contains(7));
    const bool day_matches = day.star || weekday.star ? dom_matches && dow_matches : dom_matches || dow_matches;
    const bool hour_matches =
        hour.star ? of_day / 60 % star_step() == 0 : hour.values.contains(static_cast<int>(of_day / 60));
    return day_matches && hour_matches && minute.values.contains(static_cast<int>(of_day % 60));
  }

  int star_step() const { return hour.text == "*" ? 1 : std::stoi(hour.text.substr(2)); }
};

/// All instants within some days from `first` at which the expression fires, by looking at each minute.
std::set<Minute> naive_instants(const RandomCron& cron, const date::time_zone& zone, Minute first, int count) {
  std::set<Minute> found;
  LocalMinute shown_until = LocalMinute::min();  // the greatest local minute that the clock has shown
  for (Minute at = first; at < first + minutes(count); at += minutes(1)) {
    const auto local = LocalMinute((at.time_since_epoch() + date::floor<minutes>(zone.get_info(at).offset)));
    if (cron.minute.star || cron.hour.star) {
      if (cron.matches(local)) found.insert(at);
      continue;
    }
    const bool jumped = shown_until != LocalMinute::min() && local > shown_until + minutes(1);
    for (LocalMinute now = jumped ? shown_until + minutes(1) : local; now <= local; now += minutes(1))
      if (now > shown_until && cron.matches(now)) found.insert(at);
    shown_until = std::max(shown_until, local);
  }
  return found;
}

TEST(CronProperty, AgreesWithALookAtTheClockEveryMinute) {
  const std::vector<std::pair<const char*, const char*>> edges{
      {"Europe/London", "2024-03-30T22:00:00Z"},       {"Europe/London", "2024-10-26T22:00:00Z"},
      {"America/New_York", "2024-11-03T02:00:00Z"},    {"Australia/Lord_Howe", "2024-10-05T12:00:00Z"},
      {"Australia/Lord_Howe", "2024-04-06T12:00:00Z"}, {"Pacific/Apia", "2011-12-30T05:00:00Z"},
      {"America/Havana", "2024-11-03T02:00:00Z"},      {"Asia/Kolkata", "2024-02-28T16:00:00Z"}};
  EXPECT_TRUE(rc::check([&] {
    const RandomCron cron;
    const auto [zone_name, start] = *rc::gen::elementOf(edges);
    const auto schedule = CronSchedule::parse(cron.text(), zone_name).value();
    const auto* zone = date::locate_zone(zone_name);
    const auto first = date::floor<minutes>(*parse_time(start));
    constexpr int kMinutes = 9 * 60;
    const auto instants = naive_instants(cron, *zone, first, kMinutes);
    RC_LOG() << cron.text() << " in " << zone_name << "\n";
    WallTime at = first - Millis(1);
    for (const Minute expected : instants) {
      const auto found = schedule.next(at);
      RC_ASSERT(found.has_value());
      RC_ASSERT(format_time(*found) == format_time(expected));
      RC_ASSERT(schedule.previous(expected + minutes(1) - Millis(1)) == found);
      at = expected;
    }
    const auto after = schedule.next(at);
    RC_ASSERT(!after || *after >= first + minutes(kMinutes));
  }));
}

}  // namespace
}  // namespace assetd
