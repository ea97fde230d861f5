#pragma once
// Which windows of one asset a window of another is made from, also between grains: a week from its days, an hour from its day.

#include <expected>
#include <string>

#include "core/partition/time_windows.h"

namespace assetd {

/// A downstream window is made from the upstream windows that share a moment with it, the first of them moved by `start_offset` and the last by
/// `end_offset` upstream windows: {-1, -1} is the window before, {-6, 0} the last seven.
struct TimeMapping {
  int start_offset = 0, end_offset = 0;
  bool operator==(const TimeMapping&) const = default;
};

/// An error where no window would ever be mapped to one: start_offset beyond end_offset.
std::expected<void, std::string> check(const TimeMapping& mapping);

/// Upstream windows that `set` of downstream is made from, those that there are. Costs a fixed number of look-ups a range.
IndexSet upstream_of(const IndexSet& set, const TimeWindows& downstream, const TimeWindows& upstream, const TimeMapping& mapping);
/// Downstream windows that are made from a window of `set` of upstream.
IndexSet downstream_of(const IndexSet& set, const TimeWindows& downstream, const TimeWindows& upstream, const TimeMapping& mapping);
/// Of one downstream window: is a window that it is made from before the upstream's first or after its last?
bool reaches_beyond(PartitionIndex index, const TimeWindows& downstream, const TimeWindows& upstream, const TimeMapping& mapping);

}  // namespace assetd
