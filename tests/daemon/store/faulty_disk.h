#pragma once
// A disk that fails on demand: while one of these lives, SQLite's default file layer counts writes and syncs and lets the chosen ones fail.

#include <cstdint>

namespace assetd {

enum class Fault {
  write_error,   ///< EIO; nothing is written
  disk_full,     ///< ENOSPC; nothing is written
  short_write,   ///< half is written, then EIO
  sync_error,    ///< fsync fails; what was written may be there or not
};

class FaultyDisk {
 public:
  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  /// From now on the n-th write (sync), counted from 1, fails; with `onwards` all that follow too.
  void fail(Fault fault, int nth, bool onwards);
  void heal();
  bool struck() const;  ///< something has failed since fail()
};

}  // namespace assetd
