#pragma once
// What is shown of a way from something stale up to its cause.

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace assetd {

/// The first links of a way and its last ones; the last tells how many were left out before it.
template <typename Link>
class BothEnds {
 public:
  void add(Link link) {
    if (first_.size() < kMostOfOneEnd) return first_.push_back(std::move(link));
    last_.push_back(std::move(link));
    if (last_.size() < kMostOfOneEnd) return;
    last_.erase(last_.begin());  // a ring would spare little: the way is long once in a lifetime
    ++left_out_;
  }
  /// `detail_of(link)` gives its sentence, to be changed.
  template <typename DetailOf>
  void take(std::vector<Link>& into, DetailOf detail_of) {
    std::ranges::move(first_, std::back_inserter(into));
    if (left_out_ > 0) detail_of(last_.front()) += " (" + std::to_string(left_out_) + " more between)";
    std::ranges::move(last_, std::back_inserter(into));
  }

 private:
  static constexpr std::size_t kMostOfOneEnd = 25;
  std::vector<Link> first_, last_;
  std::size_t left_out_ = 0;
};

}  // namespace assetd
