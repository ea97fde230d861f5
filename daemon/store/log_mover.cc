#include "daemon/store/log_mover.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "daemon/store/backup.h"
#include "daemon/store/connection.h"

namespace assetd {
namespace {

// Long enough that pages written again and again are moved once, and short enough to be read quickly after a crash.
constexpr std::int64_t kWorthMoving = 16 << 20;
constexpr std::int64_t kTooLong = 32 << 20;  // then the writer itself does it all
constexpr std::int64_t kLittle = 1 << 20;    // what the writer may move itself: a few milliseconds
constexpr std::int64_t kRoom = 1 << 20;
constexpr std::int64_t kFrameHeader = 24;

int note_frames(void* frames, sqlite3*, const char*, int in_log) {
  *static_cast<int*>(frames) = in_log;
  return SQLITE_OK;
}

}  // namespace

LogMover::LogMover(Database& writer) : writer_(writer), begin_at_(kWorthMoving) {
  auto size = writer.query("PRAGMA page_size");
  if (size.next()) page_bytes_ = static_cast<int>(size.row().integer());
  sqlite3_wal_hook(writer.handle(), note_frames, &frames_);
}

LogMover::~LogMover() { sqlite3_wal_hook(writer_.handle(), nullptr, nullptr); }

void LogMover::look() {
  make_room();
  const auto bytes = std::int64_t{frames_} * page_bytes_;
  if (bulk_.valid()) {
    const bool too_long = bytes >= begin_at_ + kTooLong;
    if (!too_long && bulk_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
    const auto rest = bytes - std::int64_t{bulk_.get()} * page_bytes_;
    // While the disk was busy with the bulk, much more may have come. Where moving makes the rest no smaller, a reader holds it.
    if (too_long || rest <= kLittle || rest >= std::exchange(rest_, rest)) return move_rest();
    return move_bulk();
  }
  if (bytes < begin_at_) return;
  if (bytes >= begin_at_ + kTooLong - kWorthMoving) return move_rest();
  rest_ = bytes;
  move_bulk();
}

bool LogMover::is_moving() {
  if (bulk_.valid()) look();
  return bulk_.valid();
}

void LogMover::move_bulk() {
  bulk_ = std::async(std::launch::async, [path = writer_.path()] { return checkpoint_store(path).value_or(CheckpointResult{}).moved; });
}

void LogMover::make_room() {
  const auto used = std::int64_t{frames_} * (page_bytes_ + kFrameHeader);
  if (used + kRoom / 4 <= room_until_) return;
  const int file = open((writer_.path() + "-wal").c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  const std::string zeros(kRoom, '\0');
  struct stat status {};
  // Without space for it the commits take what there is, as they would have.
  if (fstat(file, &status) == 0 && status.st_size < used + kRoom && pwrite(file, zeros.data(), zeros.size(), status.st_size) == kRoom)
    status.st_size += kRoom;
  room_until_ = std::max(status.st_size, used + kRoom / 4);
  close(file);
}

void LogMover::move_rest() {
  const auto moved = run_checkpoint(writer_, CheckpointMode::passive);
  // A reader that holds the log keeps it from being begun anew: to try again at every commit would cost a sync each time.
  const bool all = moved && moved->moved == moved->frames;
  begin_at_ = kWorthMoving + (all ? 0 : std::int64_t{frames_} * page_bytes_);
}

}  // namespace assetd
