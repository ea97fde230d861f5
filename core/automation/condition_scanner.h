#pragma once
#include <string>
#include <string_view>

namespace assetd {

struct ConditionToken {
  enum class Kind : std::uint8_t { name, text, open, close, comma, end, bad };
  Kind kind = Kind::end;
  std::string text;  ///< of a name or of a text without its quotes; what is wrong, for `bad`
  int column = 0;    ///< from 1
};

/// Splits an expression; one token ahead is known.
class ConditionScanner {
 public:
  explicit ConditionScanner(std::string_view text) : text_(text) { next_ = scan(); }
  const ConditionToken& peek() const { return next_; }
  ConditionToken take();

 private:
  ConditionToken scan();
  ConditionToken quoted(int column);

  std::string_view text_;
  std::size_t at_ = 0;
  ConditionToken next_;
};

}  // namespace assetd
