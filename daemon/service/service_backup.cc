// Care for the store while everything goes on: backups, on a thread of their own since a large store takes a while, and retention when it is asked for.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>

#include "core/schedule/cron.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/replies.h"

namespace assetd {
namespace {

namespace fs = std::filesystem;

/// store-2026-01-31T235959.123Z.sqlite: sorts by age, and is a file name everywhere.
std::string backup_name(WallTime at) {
  auto time = format_time(at);
  std::erase(time, ':');
  return "store-" + time + ".sqlite";
}

std::expected<void, std::string> write_backup(Store& store, const std::string& path) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (error) return std::unexpected("cannot make " + fs::path(path).parent_path().string() + ": " + error.message());
  if (auto made = store.backup(path); !made) return std::unexpected(made.error().message);
  return {};
}

Reply told(const std::string& path) {
  std::error_code ignored;
  return {201, {{"path", path}, {"bytes", fs::file_size(path, ignored)}}};
}

}  // namespace

void DaemonService::back_up(Caller caller, Done done) {
  if (backing_up_.exchange(true)) return done(conflict("backup-running", "A backup is under way", "wait for the backup that is under way, then ask again"));
  if (backup_thread_.joinable()) backup_thread_.join();
  backup_thread_ = std::thread([this, caller = std::move(caller), done = std::move(done)] {
    const auto path = options_.paths.backups() + "/" + backup_name(clock_.now().wall);
    const auto made = write_backup(*store_, path);
    backing_up_ = false;
    if (!made) {
      spdlog::error("no backup was made: {}", made.error());
      return done(problem(503, "backup-failed", "No backup was made", made.error()));
    }
    command(caller, done, [this, path](Turn& turn, const Caller& who) {
      audit(turn, who, "backup", path);
      return told(path);
    });
  });
}

void DaemonService::prune(Caller caller, Done done) {
  const bool taken = tasks_.push([this, caller, done](Turn&) {
    if (!may_keep_house()) return done(unavailable("nothing is forgotten while the daemon is being drained or its store is opened anew; see /readyz"));
    housekeeper_->sweep_now([this, caller, done](const Housekeeper::Report& report) {
      const nlohmann::json body = {{"events", report.store.events}, {"runs", report.store.runs}, {"logs", report.output.runs}, {"artifacts", report.output.artifacts}};
      command(caller, done, [this, body](Turn& turn, const Caller& who) {
        audit(turn, who, "prune", "", body);
        return Reply{200, body};
      });
    });
  });
  if (!taken) done(unavailable("the daemon is shutting down"));
}

}  // namespace assetd
