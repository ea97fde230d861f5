#include "tests/simulation/random.h"

namespace assetd::simulation {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014): a good generator whose state is one word.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}
constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15ULL;

}  // namespace

int Random::below(int n) {
  if (n <= 1) return 0;
  if (source_ == Source::tape) {
    const auto at = next_++;
    return at < tape_.size() ? static_cast<int>(tape_[at] % static_cast<std::uint32_t>(n)) : 0;
  }
  const auto value = static_cast<std::uint32_t>(mix(state_ += kStep) % static_cast<std::uint64_t>(n));
  if (source_ == Source::seed) ++next_, tape_.push_back(value);
  return static_cast<int>(value);
}

void Random::leave_tape() {
  source_ = Source::seed_untaped;
  state_ = mix(seed_);  // also where the tape was shortened
}

std::string Random::hex32() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(32, '0');
  const auto high = mix(seed_ * kStep + ++ids_), low = mix(high);
  for (int i = 0; i < 16; ++i) {
    text[i] = kDigits[(high >> (4 * i)) & 15];
    text[16 + i] = kDigits[(low >> (4 * i)) & 15];
  }
  return text;
}

}  // namespace assetd::simulation
