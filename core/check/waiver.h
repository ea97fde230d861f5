#pragma once
// A person lets a check's failure pass for some time: it counts as a warning until then, or until the check passes again.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/time.h"

namespace assetd {

struct Waiver {
  std::string by, reason;
  WallTime at{};
  WallTime until{};
  std::int64_t run = 0;  ///< whose failed check it was given for
  /// Of an asset that is divided: partitions in which it has let a failure pass since, and none has passed. They are not
  /// among those that failed, and it is needed for them all the same.
  std::set<std::string> let_pass = {};
  bool operator==(const Waiver&) const = default;
};

/// By asset and name of the check.
using Waivers = std::map<std::pair<std::string, std::string>, Waiver>;

/// The one that lets this check pass at `now`; null where there is none, or its time is over.
const Waiver* waiver_in_force(const Waivers& waivers, const std::string& asset, const std::string& check, WallTime now);

/// "waived by anna until 2026-11-28T02:00:00.000Z: the supplier knows".
std::string in_words(const Waiver& waiver);

}  // namespace assetd
