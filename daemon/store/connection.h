#pragma once
// Connections as the store needs them: which settings hold for its writer, its readers and its checkpoints.

#include <expected>
#include <memory>
#include <string>

#include "daemon/store/database.h"

namespace assetd {

/// Opens (creating, migrating) for writing: WAL, every commit synced, no checkpoint by itself.
std::expected<std::unique_ptr<Database>, StoreError> open_writer(const std::string& path);
/// A store that exists, its schema as this program's; writes nothing.
std::expected<std::unique_ptr<Database>, StoreError> open_reader(const std::string& path);

/// How far a checkpoint went.
struct CheckpointResult {
  int frames = 0, moved = 0;  ///< of the write-ahead log; moved == frames: all of it is in the main file
};
enum class CheckpointMode { passive, restart, truncate };
std::expected<CheckpointResult, StoreError> run_checkpoint(Database& database, CheckpointMode mode);

}  // namespace assetd
