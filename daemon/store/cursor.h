#pragma once
// Opaque positions in lists: base64url of JSON with the last row's keys and a hash of the query and its filters.

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "daemon/store/store.h"

namespace assetd {

/// What a cursor is bound to: the query's name and all its filters, in any unambiguous form.
struct CursorScope {
  nlohmann::json of;
};

std::string make_cursor(const CursorScope& scope, const std::vector<std::int64_t>& position);

/// `size` numbers; none for "". Error `cursor` if it was not made for this scope.
std::expected<std::vector<std::int64_t>, StoreError> read_cursor(const CursorScope& scope, const std::string& cursor, std::size_t size);

}  // namespace assetd
