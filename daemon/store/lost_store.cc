#include "daemon/store/lost_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

namespace assetd {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const std::string& path) { return fs::absolute(path).parent_path(); }

bool has_output(const std::string& path) {
  std::error_code none;
  const fs::directory_iterator output(folder_of(path) / "logs", none), end;
  return !none && output != end;
}

void sync_folder(const std::string& path) {
  const int folder = open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  fsync(folder);
  close(folder);
}

std::int64_t first_number(Database& database, const char* sql) {
  auto query = database.query(sql);
  return query.next() ? query.row().integer() : 0;
}

std::string first_text(Database& database, const char* sql) {
  auto query = database.query(sql);
  return query.next() ? query.row().text() : "";
}

}  // namespace

std::string in_use_mark(const std::string& path) { return path + ".in-use"; }

std::string was_lost(const std::string& path) {
  std::error_code absent, no_log;
  const auto size = fs::file_size(path, absent);
  if (!absent && size > 0) return "";
  const auto what = absent ? std::string("the file is gone") : std::string("the file is empty");
  if (const auto log = fs::file_size(path + "-wal", no_log); !no_log && log > 0) return what + ", and yet its log " + path + "-wal holds something";
  return has_output(path) ? what + ", and yet logs of runs lie beside it" : "";
}

std::int64_t highest_run_with_output(const std::string& path) {
  std::int64_t highest = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder_of(path) / "logs", none)) {
    const auto name = entry.path().filename().string();
    if (!name.empty() && name.size() < 16 && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) highest = std::max<std::int64_t>(highest, std::stoll(name));
  }
  return highest;
}

FoundFiles::FoundFiles(const std::string& path) : log(access((path + "-wal").c_str(), F_OK) == 0) {
  std::ifstream mark(in_use_mark(path));
  std::getline(mark, in_use);
}

std::string lost_history(Database& database, const FoundFiles& found) {
  if (!database.ok()) return "";  // told as it is
  const auto& path = database.path();
  const bool has_no_schema = first_number(database, "PRAGMA user_version") == 0 && first_number(database, "SELECT count(*) FROM sqlite_schema") == 0;
  if (!database.ok()) return "";
  if (has_no_schema)
    return has_output(path) ? "there is nothing in it, and yet logs of runs lie beside it: its log " + path + "-wal was lost" : "";
  if (found.log || found.in_use.empty()) return "";
  const auto last = first_number(database, "SELECT last_run FROM meta"), highest = highest_run_with_output(path);
  if (!database.ok() || first_text(database, "SELECT store_id FROM meta") != found.in_use || highest <= last) return "";
  return "its log " + path + "-wal is gone, and with it what was in it: the store knows runs up to " + std::to_string(last) + ", and run " + std::to_string(highest) +
         " has left output. To go on with what is there, remove " + in_use_mark(path);
}

OpenedFiles::OpenedFiles(const std::string& path) {
  const auto look = [](File& file, std::string name) {
    file.path = std::move(name);
    struct stat status {};
    if (stat(file.path.c_str(), &status) != 0) return;
    file.device = status.st_dev;
    file.inode = status.st_ino;
  };
  look(main_, path);
  look(log_, path + "-wal");
}

// An error that says nothing of the name being gone is the disk's, and shows by itself.
bool OpenedFiles::File::is_in_place() const {
  struct stat status {};
  if (inode == 0) return true;
  if (stat(path.c_str(), &status) != 0) return errno != ENOENT && errno != ENOTDIR;
  return status.st_ino == inode && status.st_dev == device;
}

std::string OpenedFiles::gone() const {
  for (const auto* file : {&main_, &log_})
    if (!file->is_in_place())
      return file->path + ": was removed or replaced while it was in use; nothing more is written. Put the data folder back as it was, or restore a backup (docs/operations.md), then start the daemon again";
  return "";
}

void write_in_use_mark(const std::string& path, const std::string& id) {
  const int file = open(in_use_mark(path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return;
  const auto line = id + "\n";
  if (write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size())) fsync(file);
  close(file);
  sync_folder(path);
}

void remove_in_use_mark(const std::string& path) {
  if (unlink(in_use_mark(path).c_str()) == 0) sync_folder(path);
}

}  // namespace assetd
