#pragma once
// A person lets a check's failure pass for some time, in one partition or wherever it fails: it counts as a warning until then, or until the check passes again.

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "core/time.h"

namespace assetd {

struct Waiver {
  std::string by, reason;
  WallTime at{};
  WallTime until{};
  std::int64_t run = 0;  ///< whose failed check it was given for
  /// Of one for all partitions of an asset that is divided: those in which it has let a failure pass since, and none has passed. They are not
  /// among those that failed, and it is needed for them all the same.
  std::set<std::string> let_pass = {};
  bool operator==(const Waiver&) const = default;
};

/// What of one asset is waived: those of one check lie together, the one for all partitions first.
struct WaivedCheck {
  std::string check;
  std::string partition = "";  ///< the only one in which a failure passes; "": in all, and in an asset that is not divided
  /// Does it let a result of this partition pass? A result that names none is about all of them: one partition's waiver is not enough.
  bool holds_in(const std::string& other) const { return partition.empty() || partition == other; }
  auto operator<=>(const WaivedCheck&) const = default;
};

/// The same of all assets.
struct WaiverKey {
  std::string asset, check;
  std::string partition = "";
  auto operator<=>(const WaiverKey&) const = default;
};
using Waivers = std::map<WaiverKey, Waiver>;

/// The one that lets this check pass at `now` in `partition` ("": its result names none): the one given for that partition before the one for all.
/// Null where there is none, or its time is over.
const Waiver* waiver_in_force(const Waivers& waivers, const std::string& asset, const std::string& check, const std::string& partition, WallTime now);

/// "waived by anna until 2026-11-28T02:00:00.000Z: the supplier knows".
std::string in_words(const Waiver& waiver);

}  // namespace assetd
