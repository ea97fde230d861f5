#pragma once
// Whether the pages of a store's file are whole, beyond what a start has time for.

#include <atomic>
#include <chrono>
#include <expected>
#include <string>

#include "daemon/store/database.h"

namespace assetd {

/// Looks at every page of every table and index of a store that may be in use, over a connection of its own, table by table so that the log can be moved in
/// between. Ends early, with success, once `stop` is set. An error that is_damage() says which table and page; any other only that it could not look.
std::expected<void, StoreError> check_pages(const std::string& path, const std::atomic<bool>& stop);

/// What a start has time for: small stores are looked at whole, of larger ones as much as fits into `budget`, and in any case the first page of every table
/// and index. Failures are the database's.
void check_pages_at_start(Database& database, std::chrono::milliseconds budget);

/// The whole of a file that nobody else uses, free pages too. Failures are the database's.
void check_copy(Database& database);

}  // namespace assetd
