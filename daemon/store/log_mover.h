#pragma once
// Keeps the write-ahead log short, and its file a little longer than that, without making commits wait for either.

#include <cstdint>
#include <future>
#include <string>

#include "daemon/store/database.h"

namespace assetd {

/// Belongs to the writer's thread. When the log has grown long, a thread beside moves the bulk of it into the main file; what was committed meanwhile
/// moved after it, until it is so little that the writer moves it itself, so that its next commit writes the log from the beginning again. A commit that
/// makes the file longer syncs its inode too, which takes twice as long: so the file grows ahead, by zeros, which SQLite takes for the end of the log.
class LogMover {
 public:
  /// `writer` must outlive this.
  explicit LogMover(Database& writer);
  ~LogMover();
  LogMover(const LogMover&) = delete;

  /// After each commit. Failures take nothing back: what they leave stays in the log, and the next look tries again.
  void look();
  /// True while a move beside is under way: work that can wait does well to, or the log grows as fast as it is moved.
  bool is_moving();

 private:
  void move_bulk();
  void move_rest();
  void make_room();

  Database& writer_;
  int frames_ = 0;                ///< in the log since its beginning
  int page_bytes_ = 4096;
  std::int64_t begin_at_ = 0;     ///< bytes of log from which the next move is worth it
  std::int64_t room_until_ = 0;   ///< the file is at least so long
  std::int64_t rest_ = 0;         ///< bytes that were not moved yet when the move beside began
  std::future<int> bulk_;         ///< frames of the log moved in all; valid while a move beside is under way or not looked at yet
};

}  // namespace assetd
