#include "tests/simulation/sensor_paces.h"

#include <algorithm>
#include <cmath>

#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {
constexpr Millis kGap{500}, kTold{60'000}, kLongestBackOff{15 * 60'000};

Millis back_off(Millis every, int failures) {
  const auto doubled = static_cast<double>(every.count()) * std::pow(2.0, failures);
  return Millis(static_cast<std::int64_t>(std::min(doubled, static_cast<double>(std::max(every, kLongestBackOff).count()))));
}

std::string number(Millis moment) { return std::to_string(moment.count()); }
}  // namespace

void SensorPaces::define(const std::vector<SensorSpec>& sensors, const Now& now) {
  std::map<std::string, Pace> next;
  for (const auto& spec : sensors) {
    auto& pace = next[spec.name];
    const auto before = paces_.find(spec.name);
    const bool same = before != paces_.end() && before->second.spec.kind == spec.kind && before->second.spec.file == spec.file && before->second.spec.asset == spec.asset &&
                      before->second.spec.sql == spec.sql && before->second.spec.run == spec.run;
    if (same) pace = before->second;
    else pace.latest = now.boot;
    pace.earliest = Millis{0};
    pace.spec = spec;
  }
  paces_ = std::move(next);
}

void SensorPaces::begins(const std::string& sensor, const Now& now) {
  auto& pace = paces_.at(sensor);
  if (now.boot < pace.earliest) broken(Invariant::paced, "the sensor " + sensor + " is looked at at " + number(now.boot) + ", and may be from " + number(pace.earliest) + " on");
  pace.begun = now.boot;
}

void SensorPaces::ended(const std::string& sensor, int failures, bool followed, const Now& now) {
  auto& pace = paces_.at(sensor);
  const bool told = followed || pace.spec.kind == SensorKind::asset;
  const auto usual = std::max(now.boot, pace.begun + (told ? std::max(pace.spec.every, kTold) : pace.spec.every));
  const auto then = failures > 0 ? now.boot + back_off(pace.spec.every, failures) : usual;
  pace.latest = std::max(then, pace.begun + kGap);
  pace.earliest = failures > 0 ? pace.latest : pace.begun + kGap;
}

void SensorPaces::at_once(const std::string& sensor, const Now& now) {
  const auto found = paces_.find(sensor);
  if (found == paces_.end()) return;
  found->second.earliest = Millis{0};
  found->second.latest = now.boot;
}

void SensorPaces::check_not_late(const std::string& sensor, const Now& now) const {
  const auto& pace = paces_.at(sensor);
  if (pace.spec.kind != SensorKind::webhook && now.boot >= pace.latest)
    broken(Invariant::paced, "the sensor " + sensor + " is not looked at at " + number(now.boot) + ", and was due at " + number(pace.latest));
}

}  // namespace assetd::simulation
