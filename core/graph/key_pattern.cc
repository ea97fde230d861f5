#include "core/graph/asset_key.h"

namespace assetd {
namespace {

/// Where to go on after a mismatch: the pattern behind a star, and the first text position that this star has not
/// swallowed yet.
struct Resume {
  std::size_t pattern = std::string_view::npos;
  std::size_t text = 0;
  bool set() const { return pattern != std::string_view::npos; }
};

/// Matches with at most one way back per kind of star. The last star of a kind is enough: whatever an earlier one could
/// still give, a later one can take as well. So the cost is bounded by |pattern|·|key|², without recursion.
class Matcher {
 public:
  Matcher(std::string_view pattern, std::string_view key) : pattern_(pattern), key_(key) {}

  bool run() {
    while (true) {
      if (take_star()) continue;
      if (k_ == key_.size() && p_ == pattern_.size()) return true;
      if (k_ < key_.size() && p_ < pattern_.size() && pattern_[p_] == key_[k_]) {
        ++p_, ++k_;
        continue;
      }
      if (!back_to_star() && !back_to_double_star()) return false;
    }
  }

 private:
  bool take_star() {
    if (p_ == pattern_.size() || pattern_[p_] != '*') return false;
    if (p_ + 1 == pattern_.size() || pattern_[p_ + 1] != '*') {
      star_ = {++p_, k_};
      return true;
    }
    const bool at_part = p_ == 0 || pattern_[p_ - 1] == '/';
    while (p_ < pattern_.size() && pattern_[p_] == '*') ++p_;
    whole_parts_ = at_part && p_ < pattern_.size() && pattern_[p_] == '/';
    if (whole_parts_) ++p_;  // "**/" stands for any number of whole parts, none included
    double_star_ = {p_, k_};
    star_ = {};
    return true;
  }

  bool back_to_star() {
    if (!star_.set() || star_.text == key_.size() || key_[star_.text] == '/') return false;
    k_ = ++star_.text;
    p_ = star_.pattern;
    return true;
  }

  bool back_to_double_star() {
    if (!double_star_.set() || double_star_.text == key_.size()) return false;
    if (whole_parts_) {
      const auto slash = key_.find('/', double_star_.text);
      if (slash == std::string_view::npos) return false;
      double_star_.text = slash;
    }
    k_ = ++double_star_.text;
    p_ = double_star_.pattern;
    star_ = {};
    return true;
  }

  std::string_view pattern_, key_;
  std::size_t p_ = 0, k_ = 0;
  Resume star_, double_star_;
  bool whole_parts_ = false;
};

}  // namespace

bool key_matches(std::string_view pattern, std::string_view key) { return Matcher(pattern, key).run(); }

}  // namespace assetd
