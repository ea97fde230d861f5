#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "daemon/store/store.h"

namespace assetd {

/// The name of the network file system, or "" for a local one. `magic` is statfs' f_type, `type` the kernel's name of it in mountinfo ("" if unknown).
std::string network_file_system(std::uint64_t magic, std::string_view type);

/// An error if the folder of `path` lies on a network file system: SQLite's locks and syncs cannot be relied upon there.
std::expected<void, StoreError> check_local(const std::string& path);

}  // namespace assetd
