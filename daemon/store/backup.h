#pragma once
// What is done to the store's files beside the writer, on connections of their own: callable from any thread while commits go on.

#include <cstdint>
#include <expected>
#include <string>

#include "daemon/store/connection.h"
#include "daemon/store/store.h"

namespace assetd {

/// Copies the newest committed state to `file`.tmp in one step, syncs it and renames it. An existing `file` is replaced only by a whole one, of which every page was
/// looked at. The copy is
/// a store with an id of its own, in which every attempt that had not ended counts as started: what became of it since, a restored store cannot know.
std::expected<void, StoreError> backup_store(const std::string& path, const std::string& file);

/// What a backup that was killed has left in the folder.
void remove_unfinished_backups(const std::string& folder);

/// Moves the write-ahead log into the main file as far as readers let it, without making the writer wait. Nothing moved: another checkpoint is under way.
std::expected<CheckpointResult, StoreError> checkpoint_store(const std::string& path);

}  // namespace assetd
