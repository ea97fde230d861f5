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

/// A daemon writes through files that it has open: what is put in their place is lost to it, and its store with it.
bool is_a_daemons_own(const fs::path& file) {
  std::error_code ignored;
  const auto name = file.filename().string();
  const auto lies = [&](const fs::path& other) { return fs::exists(other, ignored); };
  if (lies(file.string() + "-wal") || lies(file.string() + ".in-use")) return true;  // a store that is open, wherever it is
  const auto folder = file.parent_path();
  const bool of_a_daemon = lies(folder / "lock") || lies(folder / "store.sqlite-wal") || lies(folder / "store.sqlite.in-use");
  return of_a_daemon && (name.starts_with("store.sqlite") || name.starts_with("supervisor.") || name == "lock");
}

/// Why nothing can be put there; asked before anything is made. Empty: it can.
std::string refused_target(const std::string& file) {
  std::error_code error;
  if (is_a_daemons_own(fs::weakly_canonical(fs::absolute(file), error)) || is_a_daemons_own(fs::absolute(file)))
    return "it is of a daemon's own store and not a place for a copy of it: name another file, or none, and it stays in backups/ of the data folder";
  const auto there = fs::status(file, error);
  if (fs::exists(there) && !fs::is_regular_file(there)) return fs::is_directory(there) ? "it is a folder: name a file in it" : "it is no regular file (a device, a pipe or a socket)";
  const auto folder = fs::absolute(file).parent_path();
  return fs::is_directory(folder, error) ? "" : "there is no folder " + folder.string();
}

int back_up(Session& session, const BackupOptions& options) {
  if (const auto refused = options.file.empty() ? "" : refused_target(options.file); !refused.empty()) {
    session.err << "error: no backup is made to " << options.file << ": " << refused << "\n";
    return kUsage;
  }
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
