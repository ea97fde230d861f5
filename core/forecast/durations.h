#pragma once
// How long steps are taken to last, by what they took before.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/definition/spec.h"
#include "core/time.h"

namespace assetd {

enum class Pace : std::uint8_t {
  typical,  ///< every step takes the middle of what it took before (p50)
  slow,     ///< every step takes what nine in ten stayed below (p90)
};

struct AssumedDuration {
  enum class From : std::uint8_t {
    history,  ///< of this asset
    group,    ///< it has none: the middle of its group's
    project,  ///< neither has its group: the middle of all
    nothing,  ///< nothing was ever made: kUnknownDuration
  };
  Millis typical{}, slow{};
  From from = From::nothing;
  std::size_t samples = 0;  ///< of its own
  double speed = 1;         ///< what it was divided by: what-if
  Millis at(Pace pace) const { return pace == Pace::typical ? typical : slow; }
};
std::string_view to_string(AssumedDuration::From from);

inline constexpr Millis kUnknownDuration{60'000};

class Durations {
 public:
  /// `samples`: by AssetId, durations of succeeded steps in any order. External assets take no time.
  Durations(const Definitions& definitions, std::span<const std::vector<Millis>> samples);
  /// Of an asset that the definitions do not have: as of one without history in no group.
  const AssumedDuration& of(const std::string& key) const;
  /// From now on it takes a `factor`th of the time; factor > 0. Nothing happens for a key that is not known.
  void speed_up(const std::string& key, double factor);

 private:
  std::unordered_map<std::string, AssumedDuration> known_;
  AssumedDuration unknown_;
};

}  // namespace assetd
