#pragma once
// Amounts of bytes as people write them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assetd {

/// "512MiB", "1.5GB", "4096": bytes, rounded down. Units: B, kB, KB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (of 1024). Nothing
/// when it is none, or more than 2^63 - 1.
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace assetd
