#include "core/partition/time_mapping.h"

namespace assetd {
namespace {

IndexRange moved(IndexRange range, PartitionIndex start, PartitionIndex end) { return {range.begin + start, range.end + end}; }

TimeWindow time_of(const TimeWindows& windows, IndexRange range) { return {windows.window(range.begin).begin, windows.window(range.end - 1).end}; }

/// A window that never was (begin = end) shares no moment with another.
IndexRange sharing(const TimeWindows& windows, const TimeWindow& time) { return time.begin < time.end ? windows.overlapping(time) : IndexRange{}; }

}  // namespace

std::expected<void, std::string> check(const TimeMapping& mapping) {
  if (mapping.start_offset <= mapping.end_offset) return {};
  return std::unexpected("start_offset " + std::to_string(mapping.start_offset) + " is beyond end_offset " + std::to_string(mapping.end_offset) + ": no partition would be mapped to any");
}

IndexSet upstream_of(const IndexSet& set, const TimeWindows& downstream, const TimeWindows& upstream, const TimeMapping& mapping) {
  std::vector<IndexRange> found;
  for (const auto& range : set.ranges())
    if (const auto shared = sharing(upstream, time_of(downstream, range)); shared.begin < shared.end)
      found.push_back(upstream.existing(moved(shared, mapping.start_offset, mapping.end_offset)));
  return IndexSet(std::move(found));
}

// j is made into i where first(i) + start <= j <= last(i) + end, so where i shares a moment with what is between j - end and j - start.
IndexSet downstream_of(const IndexSet& set, const TimeWindows& downstream, const TimeWindows& upstream, const TimeMapping& mapping) {
  std::vector<IndexRange> found;
  for (const auto& range : set.ranges()) {
    const auto reached = moved(range, -mapping.end_offset, -mapping.start_offset);
    if (const auto shared = sharing(downstream, time_of(upstream, reached)); shared.begin < shared.end) found.push_back(downstream.existing(shared));
  }
  return IndexSet(std::move(found));
}

bool reaches_beyond(PartitionIndex index, const TimeWindows& downstream, const TimeWindows& upstream, const TimeMapping& mapping) {
  const auto shared = sharing(upstream, downstream.window(index));
  if (shared.begin >= shared.end) return false;
  const auto all = moved(shared, mapping.start_offset, mapping.end_offset);
  return upstream.existing(all) != all;
}

}  // namespace assetd
