#pragma once
// The schema's history. A migration that has been released is never edited: a change is a new one at the end.

#include <expected>
#include <span>

#include "core/store_schema.h"
#include "daemon/store/database.h"

namespace assetd {

struct Migration {
  int number = 0;  ///< PRAGMA user_version once it is applied; 1, 2, 3 …
  const char* sql = nullptr;
};

std::span<const Migration> migrations();

/// Applies what is missing, each in its own transaction. Error (schema) if the store is newer than the last of `all`, or is no store of assetd.
std::expected<void, StoreError> migrate(Database& database, std::span<const Migration> all);

}  // namespace assetd
