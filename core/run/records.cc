#include "core/run/records.h"

#include <array>

namespace assetd {
namespace {
constexpr std::array<std::string_view, 5> kCheckNames{"passed", "failed", "warned", "skipped", "error"};
}

std::string_view to_string(TickOutcome outcome) {
  static constexpr std::array<std::string_view, 4> kNames{"requested", "skipped", "failed", "queued"};
  return kNames[static_cast<std::size_t>(outcome)];
}

std::string_view to_string(CheckStatus status) { return kCheckNames[static_cast<std::size_t>(status)]; }

std::optional<CheckStatus> parse_check_status(std::string_view text) {
  for (std::size_t i = 0; i < kCheckNames.size(); ++i)
    if (kCheckNames[i] == text) return static_cast<CheckStatus>(i);
  return std::nullopt;
}

}  // namespace assetd
