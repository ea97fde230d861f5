#include <algorithm>
#include <cctype>

#include "core/graph/asset_key.h"

namespace assetd {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

/// Letters that differ only in case cost next to nothing: they decide between names that are otherwise as near.
constexpr std::size_t kEdit = 256, kCase = 1;

/// The cost of the edits (insert, delete, replace, swap of neighbours) from `a` to `b`.
/// Gives up with `limit` + 1 as soon as no better can come of it.
class Distance {
 public:
  std::size_t operator()(std::string_view a, std::string_view b, std::size_t limit) {
    const std::size_t gap = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
    if (kEdit * gap > limit) return limit + 1;
    before_.assign(b.size() + 1, 0);
    last_.resize(b.size() + 1);
    row_.resize(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last_[j] = kEdit * j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
      if (fill_row(a, b, i) > limit) return limit + 1;
      before_.swap(last_);
      last_.swap(row_);
    }
    return last_[b.size()];
  }

 private:
  std::size_t fill_row(std::string_view a, std::string_view b, std::size_t i) {
    std::size_t least = row_[0] = kEdit * i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : lower(a[i - 1]) == lower(b[j - 1]) ? kCase : kEdit;
      row_[j] = std::min({last_[j - 1] + change, last_[j] + kEdit, row_[j - 1] + kEdit});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row_[j] = std::min(row_[j], before_[j - 2] + kEdit);
      least = std::min(least, row_[j]);
    }
    return least;
  }

  std::vector<std::size_t> before_, last_, row_;
};

/// "customers" for "gold/customers": people forget the prefix more often than they mistype.
std::string_view only_one_ending_with(std::string_view name, const std::vector<std::string_view>& candidates) {
  std::string_view found;
  for (const auto candidate : candidates) {
    if (candidate.size() <= name.size() || !candidate.ends_with(name)) continue;
    if (candidate[candidate.size() - name.size() - 1] != '/') continue;
    if (!found.empty()) return {};
    found = candidate;
  }
  return found;
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string_view>& candidates) {
  if (name.empty()) return {};
  std::string_view best;
  std::size_t limit = kEdit * std::min((name.size() + 2) / 3, name.size() - 1) + kEdit - 1;
  Distance distance;
  for (const auto candidate : candidates) {
    const std::size_t found = distance(name, candidate, limit);
    if (found > limit || (found == limit && !best.empty() && best <= candidate)) continue;
    best = candidate;
    limit = found;
  }
  if (best.empty()) best = only_one_ending_with(name, candidates);
  return std::string(best);
}

}  // namespace assetd
