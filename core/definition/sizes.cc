#include "core/definition/sizes.h"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace assetd {
namespace {

constexpr std::uint64_t kKilo = 1'000, kKibi = 1'024;
constexpr std::array<std::pair<std::string_view, std::uint64_t>, 11> kUnits{{{"", 1},
                                                                            {"B", 1},
                                                                            {"kB", kKilo},
                                                                            {"KB", kKilo},
                                                                            {"MB", kKilo * kKilo},
                                                                            {"GB", kKilo * kKilo * kKilo},
                                                                            {"TB", kKilo * kKilo * kKilo * kKilo},
                                                                            {"KiB", kKibi},
                                                                            {"MiB", kKibi * kKibi},
                                                                            {"GiB", kKibi * kKibi * kKibi},
                                                                            {"TiB", kKibi * kKibi * kKibi * kKibi}}};

std::uint64_t unit_of(std::string_view name) {
  for (const auto& [known, bytes] : kUnits)
    if (name == known) return bytes;
  return 0;
}

/// The decimals of a number as a share of `unit`; the text is shortened by them.
std::uint64_t take_decimals(std::string_view& text, std::uint64_t unit) {
  double share = 0, place = 0.1;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), place /= 10) share += place * (text[0] - '0');
  return static_cast<std::uint64_t>(share * static_cast<double>(unit) + 1e-6);
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t whole = 0, total = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const bool has_decimals = text.starts_with('.');
  const auto unit_begin = has_decimals ? text.find_first_not_of("0123456789", 1) : 0;
  const auto unit = unit_of(unit_begin == std::string_view::npos ? "" : text.substr(unit_begin));
  if (unit == 0 || (has_decimals && (unit_begin == 1 || unit == 1))) return std::nullopt;
  if (has_decimals) text.remove_prefix(1);
  const auto part = has_decimals ? take_decimals(text, unit) : 0;
  if (__builtin_mul_overflow(whole, unit, &total) || __builtin_add_overflow(total, part, &total)) return std::nullopt;
  return total > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) ? std::nullopt : std::optional(total);
}

}  // namespace assetd
