#pragma once
// When each sensor may be looked at next and when it must have been, worked out without the book of sensors.

#include <map>
#include <string>
#include <vector>

#include "core/definition/spec.h"
#include "core/time.h"

namespace assetd::simulation {

/// Boot time throughout.
class SensorPaces {
 public:
  /// What was in memory is gone: all of them are looked at anew.
  void clear() { paces_.clear(); }
  void define(const std::vector<SensorSpec>& sensors, const Now& now);
  /// Throws a Violation if it was too early.
  void begins(const std::string& sensor, const Now& now);
  /// An evaluation that counts has ended; `failures` in a row, this one with them.
  void ended(const std::string& sensor, int failures, bool followed, const Now& now);
  /// A person has set it going.
  void at_once(const std::string& sensor, const Now& now);
  /// It may be looked at, and nobody does: throws a Violation if it is too late for that.
  void check_not_late(const std::string& sensor, const Now& now) const;

 private:
  struct Pace {
    SensorSpec spec;
    Millis begun{}, earliest{}, latest{};
  };
  std::map<std::string, Pace> paces_;
};

}  // namespace assetd::simulation
