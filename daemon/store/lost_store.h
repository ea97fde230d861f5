#pragma once
// A store whose files are gone, wholly or in part: known by what lies beside them. Nothing is begun anew on top of that by itself.

#include <cstdint>
#include <string>

#include "daemon/store/database.h"

namespace assetd {

/// Beside the store: the id of the store that is in use. One that ended in order takes it away; one that was killed leaves it, and then its log must be there.
std::string in_use_mark(const std::string& path);

/// Before the store is opened (which makes files): why one that is not there or empty cannot be a new one. Empty: it may be.
std::string was_lost(const std::string& path);

/// The highest run that has left output beside the store; 0: none.
std::int64_t highest_run_with_output(const std::string& path);

/// What was there before it was opened.
struct FoundFiles {
  explicit FoundFiles(const std::string& path);
  bool log = false;     ///< store.sqlite-wal
  std::string in_use;   ///< id in the mark; "": none
};
/// Once it is open and before anything is written: why its history cannot be whole. Empty: nothing speaks against it. A store that was restored from a backup
/// knows less than has left output, and has an id of its own.
std::string lost_history(Database& database, const FoundFiles& found);

/// The store's files as they were opened, by device and inode.
class OpenedFiles {
 public:
  OpenedFiles() = default;
  explicit OpenedFiles(const std::string& path);
  /// Why what is written would not be found at the next start; empty: they are where they were.
  std::string gone() const;

 private:
  struct File {
    std::string path;
    std::uint64_t device = 0, inode = 0;  ///< 0: it was not there
    bool is_in_place() const;
  };
  File main_, log_;
};

/// Synced, with its folder. What fails costs only that a lost log is not known as such.
void write_in_use_mark(const std::string& path, const std::string& id);
void remove_in_use_mark(const std::string& path);

}  // namespace assetd
