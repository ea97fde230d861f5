#pragma once
// Values that are kept as compact bytes. Their formats are persisted: they may be added to, never changed.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/run/plan.h"

namespace assetd {

/// Ranges of ascending neighbours as pairs of varints: zigzag(first − end of the range before), length. Any order is kept.
std::string pack_steps(std::span<const StepIndex> steps);
std::optional<std::vector<StepIndex>> unpack_steps(std::string_view packed);  ///< nothing if damaged

/// A little-endian 64-bit length, then zlib's format.
std::string compress(std::string_view bytes);
std::optional<std::string> decompress(std::string_view packed);  ///< nothing if damaged

/// 32 hexadecimal digits as 16 bytes, and back. Another text is kept as it is (it has not 16 bytes).
std::string pack_id(std::string_view id);
std::string unpack_id(std::string_view packed);

}  // namespace assetd
