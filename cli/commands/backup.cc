// prune: the daemon forgets what retention lets go. backup: the daemon writes a copy of its store beside it; it is then moved to where it is wanted.

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "cli/command_line.h"
#include "cli/format.h"

namespace assetd::cli {
namespace {

namespace fs = std::filesystem;

struct BackupOptions {
  std::string file;
};

bool sync_file(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && fsync(file) == 0;
  if (file >= 0) close(file);
  return synced;
}

/// Also to another file system. What is at `to` is replaced only by a whole backup. Returns what went wrong, if something did.
std::string move_backup(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (!error) return "";
  if (error != std::errc::cross_device_link) return error.message();
  const fs::path unfinished = to.string() + ".tmp";
  fs::copy_file(from, unfinished, fs::copy_options::overwrite_existing, error);
  if (!error && !sync_file(unfinished)) error = std::error_code(errno, std::generic_category());
  if (!error) fs::rename(unfinished, to, error);
  std::error_code ignored;
  fs::remove(error ? unfinished : from, ignored);
  return error ? error.message() : "";
}

int back_up(Session& session, const BackupOptions& options) {
  auto answer = session.api->post("/admin/backup");
  if (!answer) return session.fail(answer.error());
  const auto made = text_at(*answer, "path");
  if (!options.file.empty()) {
    std::error_code ignored;
    const auto problem = fs::exists(made, ignored) ? move_backup(made, options.file) : "it is not on this machine, or not readable for this user";
    if (!problem.empty()) {
      session.err << "error: the backup is made, but cannot be moved to " << options.file << ": " << problem << "\n  it is on the daemon's machine at " << made << "\n";
      return kFailed;
    }
    (*answer)["path"] = fs::absolute(options.file).string();
  }
  return session.show(answer, [&](const Json& backup) {
    session.out << text_at(backup, "path") << ": " << bytes_text(backup.value("bytes", std::uint64_t{0})) << "\n";
  });
}

int prune(Session& session, const NoOptions&) {
  return session.show(session.api->post("/admin/prune"), [&](const Json& pruned) {
    session.out << "forgot " << pruned.value("events", 0) << " events, " << pruned.value("runs", 0) << " runs, the output of " << pruned.value("logs", 0) << " runs and "
                << pruned.value("artifacts", 0) << " artifacts\n";
  });
}

}  // namespace

void add_prune_command(CommandLine& line) {
  add_command(line.app, line, "prune", "forget now what the project's retention lets go; it is done by itself once an hour", std::make_shared<NoOptions>(), prune);
}

void add_backup_command(CommandLine& line) {
  const auto options = std::make_shared<BackupOptions>();
  add_command(line.app, line, "backup", "a copy of the store, made while the daemon goes on; docs/operations.md says how to restore it", options, back_up)
      ->add_option("FILE", options->file, "where to put it; by default backups/ in the daemon's data folder");
}

}  // namespace assetd::cli
