#pragma once
// The one place that turns SQLite's result codes into StoreError.

#include <string>
#include <string_view>

#include "daemon/store/store.h"

struct sqlite3;

namespace assetd {

/// `code` is an extended result code of a call on `db` (null: it could not even be opened). Reads the connection's last message and errno.
StoreError store_error(sqlite3* db, int code, const std::string& path, std::string_view doing);

/// A value in the store that no version of assetd writes.
StoreError damaged_error(const std::string& path, std::string_view what);
/// Pages of the file are damaged: `what` says which.
StoreError corrupt_error(const std::string& path, std::string_view what);

}  // namespace assetd
