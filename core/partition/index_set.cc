#include "core/partition/index_set.h"

#include <algorithm>
#include <charconv>

namespace assetd {
namespace {

/// The moments at which either set begins or ends, in order; `keep` says whether what is between two of them belongs to the result.
template <typename Keep>
std::vector<IndexRange> sweep(const std::vector<IndexRange>& a, const std::vector<IndexRange>& b, Keep keep) {
  std::vector<IndexRange> result;
  std::size_t i = 0, j = 0;  // edges passed: the even ones are begins
  const auto edge = [](const std::vector<IndexRange>& ranges, std::size_t at) { return at % 2 == 0 ? ranges[at / 2].begin : ranges[at / 2].end; };
  std::optional<PartitionIndex> open;
  while (i < 2 * a.size() || j < 2 * b.size()) {
    const bool first = j >= 2 * b.size() || (i < 2 * a.size() && edge(a, i) <= edge(b, j));
    const auto at = first ? edge(a, i) : edge(b, j);
    while (i < 2 * a.size() && edge(a, i) == at) ++i;
    while (j < 2 * b.size() && edge(b, j) == at) ++j;
    const bool in = keep(i % 2 == 1, j % 2 == 1);
    if (in && !open) open = at;
    if (!in && open) {
      result.push_back({*open, at});
      open.reset();
    }
  }
  return result;
}

bool read_number(std::string_view& text, PartitionIndex& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data() || value < 0) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

IndexSet::IndexSet(std::vector<IndexRange> ranges) {
  std::erase_if(ranges, [](const IndexRange& each) { return each.begin >= each.end; });
  std::ranges::sort(ranges, {}, &IndexRange::begin);
  for (const auto& each : ranges) {
    if (!ranges_.empty() && each.begin <= ranges_.back().end) ranges_.back().end = std::max(ranges_.back().end, each.end);
    else ranges_.push_back(each);
  }
}

std::int64_t IndexSet::size() const {
  std::int64_t count = 0;
  for (const auto& each : ranges_) count += each.end - each.begin;
  return count;
}

bool IndexSet::contains(PartitionIndex index) const {
  const auto after = std::ranges::upper_bound(ranges_, index, {}, &IndexRange::begin);
  return after != ranges_.begin() && index < std::prev(after)->end;
}

// Most sets are of an asset without partitions, all or nothing: these are answered without a sweep.

IndexSet IndexSet::operator|(const IndexSet& other) const {
  if (other.empty() || *this == other) return *this;
  if (empty()) return other;
  IndexSet result;
  result.ranges_ = sweep(ranges_, other.ranges_, [](bool a, bool b) { return a || b; });
  return result;
}

IndexSet IndexSet::operator&(const IndexSet& other) const {
  if (empty() || *this == other) return *this;
  if (other.empty()) return other;
  IndexSet result;
  result.ranges_ = sweep(ranges_, other.ranges_, [](bool a, bool b) { return a && b; });
  return result;
}

IndexSet IndexSet::operator-(const IndexSet& other) const {
  if (empty() || other.empty()) return *this;
  if (*this == other) return {};
  IndexSet result;
  result.ranges_ = sweep(ranges_, other.ranges_, [](bool a, bool b) { return a && !b; });
  return result;
}

IndexSet IndexSet::first(std::int64_t count) const {
  IndexSet result;
  for (const auto& each : ranges_) {
    if (count <= 0) break;
    const auto taken = std::min(count, each.end - each.begin);
    result.ranges_.push_back({each.begin, each.begin + taken});
    count -= taken;
  }
  return result;
}

IndexSet IndexSet::last(std::int64_t count) const {
  IndexSet result;
  for (auto it = ranges_.rbegin(); it != ranges_.rend() && count > 0; ++it) {
    const auto taken = std::min(count, it->end - it->begin);
    result.ranges_.insert(result.ranges_.begin(), {it->end - taken, it->end});
    count -= taken;
  }
  return result;
}

void IndexSet::each(const std::function<void(PartitionIndex)>& visit) const {
  for (const auto& range : ranges_)
    for (auto index = range.begin; index < range.end; ++index) visit(index);
}

std::string IndexSet::encode() const {
  std::string text;
  for (const auto& each : ranges_) {
    text += (text.empty() ? "" : ",") + std::to_string(each.begin);
    if (each.end - each.begin > 1) text += "-" + std::to_string(each.end - 1);
  }
  return text;
}

std::optional<IndexSet> IndexSet::decode(std::string_view text) {
  IndexSet result;
  while (!text.empty()) {
    IndexRange range;
    if (!read_number(text, range.begin)) return std::nullopt;
    range.end = range.begin;
    if (text.starts_with('-')) {
      text.remove_prefix(1);
      if (!read_number(text, range.end)) return std::nullopt;
    }
    if (range.end < range.begin || range.end == INT64_MAX || (!result.empty() && range.begin <= result.ranges_.back().end)) return std::nullopt;
    ++range.end;
    result.ranges_.push_back(range);
    if (text.empty()) break;
    if (text.front() != ',' || text.size() == 1) return std::nullopt;
    text.remove_prefix(1);
  }
  return result;
}

}  // namespace assetd
