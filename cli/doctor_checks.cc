#include "cli/doctor_checks.h"

#include <sqlite3.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "cli/format.h"
#include "cli/subprocess.h"
#include "core/store_schema.h"

namespace assetd::cli {
namespace {

namespace fs = std::filesystem;
using Grade = Finding::Grade;

constexpr std::uint64_t kLittleDisk = 1ULL << 30, kNoDisk = 64ULL << 20;

void collect_pythons(const YAML::Node& node, std::set<std::string>& found) {
  if (node.IsSequence()) {
    for (const auto& child : node) collect_pythons(child, found);
  }
  if (!node.IsMap()) return;
  for (const auto& entry : node) {
    if (entry.second.IsScalar() && entry.first.IsScalar() && entry.first.as<std::string>() == "python") found.insert(entry.second.as<std::string>());
    else collect_pythons(entry.second, found);
  }
}

Finding check_python(const std::string& shown, const std::string& program) {
  const auto version = run_program({program, "--version"}, false);
  if (!version) return {"python", Grade::fail, version.error() + " (" + shown + ")"};
  if (version->exit_code != 0) return {"python", Grade::fail, shown + " --version ends with exit code " + std::to_string(version->exit_code)};
  auto text = version->out;
  text.erase(text.find_last_not_of('\n') + 1);
  return {"python", Grade::ok, shown + ": " + text};
}

}  // namespace

std::string grade_name(Grade grade) {
  switch (grade) {
    case Grade::ok: return "ok";
    case Grade::warn: return "warn";
    case Grade::fail: return "failed";
  }
  return "";
}

Finding check_data_folder(const std::string& data_dir) {
  std::error_code ignored;
  if (!fs::is_directory(data_dir, ignored)) return {"data folder", Grade::warn, data_dir + " does not exist; the daemon makes it at its first start"};
  if (access(data_dir.c_str(), R_OK | W_OK | X_OK) != 0) return {"data folder", Grade::fail, data_dir + " is not writable for this user"};
  return {"data folder", Grade::ok, data_dir};
}

Finding check_free_disk(const std::string& data_dir) {
  struct statvfs disk {};
  fs::path path = fs::absolute(data_dir);
  while (statvfs(path.c_str(), &disk) != 0 && path.has_relative_path()) path = path.parent_path();
  const auto free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  const auto text = bytes_text(free) + " free at " + path.string();
  if (free < kNoDisk) return {"disk", Grade::fail, text + ": no step starts with so little"};
  return {"disk", free < kLittleDisk ? Grade::warn : Grade::ok, text};
}

/// Rows of a store that SQLite takes for whole and the daemon cannot read. Each gives a number, 0 when all is well.
constexpr std::pair<const char*, const char*> kRowChecks[] = {
    {"meta: its row is missing", "SELECT count(*) <> 1 FROM meta"},
    {"asset_states: states are no JSON", "SELECT count(*) FROM asset_states WHERE NOT json_valid(state)"},
    {"runs: counts, causes, options or tags are no JSON",
     "SELECT count(*) FROM runs WHERE NOT (json_valid(coalesce(nullif(counts,''),'1')) AND json_valid(coalesce(nullif(causes,''),'1')) "
     "AND json_valid(coalesce(nullif(options,''),'1')) AND json_valid(coalesce(nullif(tags,''),'1')))"},
    {"events: changes or subjects are no JSON",
     "SELECT count(*) FROM events WHERE NOT (json_valid(coalesce(nullif(changes,''),'1')) AND json_valid(coalesce(nullif(subject,''),'1')))"},
    {"definitions: the compiled form of a version is missing", "SELECT count(*) FROM definitions WHERE hash NOT IN (SELECT hash FROM compiled)"},
    {"compiled: a version is cut short", "SELECT count(*) FROM compiled WHERE length(bytes) < 8"},
    {"run_plans: the plan of a run is cut short", "SELECT count(*) FROM run_plans WHERE length(bytes) < 8"},
};

/// The first column of the first row; an error is its own text.
std::string first_value(sqlite3* db, const char* query) {
  sqlite3_stmt* statement = nullptr;
  std::string answer;
  if (sqlite3_prepare_v2(db, query, -1, &statement, nullptr) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
    if (const auto* text = sqlite3_column_text(statement, 0)) answer = reinterpret_cast<const char*>(text);
  if (answer.empty()) answer = sqlite3_errmsg(db);
  sqlite3_finalize(statement);
  return answer;
}

/// Leaves no file behind: without a log it is read as one that nobody writes.
int open_store(const std::string& path, sqlite3** db) {
  std::error_code ignored;
  const bool log = fs::exists(path + "-wal", ignored);
  std::string uri = "file:";
  for (const char c : fs::absolute(path).string()) uri += c == '?' || c == '#' || c == '%' ? (c == '?' ? "%3f" : c == '#' ? "%23" : "%25") : std::string(1, c);
  return sqlite3_open_v2((uri + (log ? "" : "?immutable=1")).c_str(), db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
}

/// Why the daemon would not take a store that may well be whole (daemon/store/migrations.cc). Empty: it would, or the pages say more.
std::string foreign_store(const std::string& path) {
  sqlite3* db = nullptr;
  std::string why;
  if (open_store(path, &db) == SQLITE_OK && first_value(db, "SELECT count(*) >= 0 FROM sqlite_schema") == "1") {
    const auto schema = first_value(db, "PRAGMA user_version");
    if (first_value(db, "PRAGMA application_id") != std::to_string(kApplicationId) && first_value(db, "SELECT count(*) FROM sqlite_schema") != "0")
      why = "is a database, but not a store of assetd; give --data another folder, or move this file away";
    else if (std::atoll(schema.c_str()) > kStoreSchema)
      why = "was written by a newer assetd (schema " + schema + ", this program knows " + std::to_string(kStoreSchema) + "); start that version, or restore a backup";
  }
  sqlite3_close(db);
  return why;
}

/// What is wrong with pages or rows; empty when nothing.
std::string store_damage(const std::string& path) {
  sqlite3* db = nullptr;
  const int code = open_store(path, &db);
  std::string damage = code == SQLITE_OK ? first_value(db, "PRAGMA quick_check(1)") : sqlite3_errmsg(db);
  if (damage == "ok") {
    damage.clear();
    for (const auto& [what, query] : kRowChecks) {
      const auto count = first_value(db, query);
      if (count == "0") continue;
      damage = std::string(what) + " (" + count + ")";
      break;
    }
  }
  sqlite3_close(db);
  return damage;
}

std::int64_t highest_run_with_output(const std::string& data_dir) {
  std::int64_t highest = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(data_dir + "/logs", none)) highest = std::max<std::int64_t>(highest, std::atoll(entry.path().filename().c_str()));
  return highest;
}

/// A log that went with what was in it, as the daemon finds it at its start (daemon/store/lost_store.cc).
std::string lost_log(const std::string& path, const std::string& data_dir) {
  std::error_code ignored;
  const auto highest = highest_run_with_output(data_dir);
  if (highest == 0 || fs::exists(path + "-wal", ignored)) return "";
  std::string mark, why;
  std::getline(std::ifstream(path + ".in-use") >> std::ws, mark);
  sqlite3* db = nullptr;
  if (open_store(path, &db) == SQLITE_OK) {
    if (first_value(db, "SELECT count(*) FROM sqlite_schema") == "0") why = "there is nothing in it, and yet logs of runs lie beside it";
    const auto last = first_value(db, "SELECT last_run FROM meta");
    if (why.empty() && !mark.empty() && first_value(db, "SELECT store_id FROM meta") == mark && std::atoll(last.c_str()) < highest)
      why = "its log " + path + "-wal is gone: the store knows runs up to " + last + ", and run " + std::to_string(highest) + " has left output";
  }
  sqlite3_close(db);
  return why;
}

/// As the daemon finds it at its start (daemon/store/lost_store.cc).
std::string lost_store(const std::string& path, const std::string& data_dir) {
  std::error_code ignored, no_log;
  const bool there = fs::exists(path, ignored);
  if (there && fs::file_size(path, ignored) > 0) return "";
  const auto log = fs::file_size(path + "-wal", no_log);
  const fs::directory_iterator output(data_dir + "/logs", ignored), none;
  const bool lost = (!no_log && log > 0) || (!ignored && output != none);
  return lost ? std::string(there ? "the file is empty" : "the file is gone") + ", and yet its log or logs of runs lie beside it" : "";
}

Finding check_store(const std::string& data_dir) {
  const auto path = data_dir + "/store.sqlite";
  std::error_code ignored;
  auto found = lost_store(path, data_dir);
  if (found.empty() && (!fs::exists(path, ignored) || fs::file_size(path, ignored) == 0)) return {"store", Grade::ok, "none yet"};
  if (found.empty())
    if (const auto foreign = foreign_store(path); !foreign.empty()) return {"store", Grade::fail, path + ": " + foreign};
  if (found.empty()) found = lost_log(path, data_dir);
  if (found.empty()) found = store_damage(path);
  if (found.empty()) return {"store", Grade::ok, path + " is whole"};
  return {"store", Grade::fail,
          path + ": " + found + ". What to do: (1) copy the whole folder " + data_dir + " before anything else. (2) With a backup: remove " + path + ", " + path + "-wal and " + path +
              "-shm, copy the backup to " + path + " and start the daemon. (3) Without one: `sqlite3 " + path +
              " .recover | sqlite3 recovered.sqlite` saves what can be read; or move the folder away and start anew: definitions are in the project's files, the history is lost"};
}

Finding check_supervisor(const std::string& data_dir, bool daemon_runs) {
  const auto path = data_dir + "/supervisor.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return {"supervisor", Grade::fail, "the path of its socket is too long: " + path};
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool answers = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  const auto why = std::string(std::strerror(errno));
  close(fd);
  if (answers) return {"supervisor", Grade::ok, "answers on " + path};
  if (!daemon_runs) return {"supervisor", Grade::ok, "not running, as no daemon is"};
  return {"supervisor", Grade::fail, "does not answer on " + path + ": " + why};
}

Finding check_clock() {
  timex state{};
  if (adjtimex(&state) == TIME_ERROR) return {"clock", Grade::warn, "not synchronised; schedules follow it all the same"};
  return {"clock", Grade::ok, "synchronised"};
}

Finding check_project(const std::string& project_dir) {
  std::error_code ignored;
  if (fs::exists(project_dir + "/assetd.yaml", ignored)) return {"project", Grade::ok, fs::absolute(project_dir).lexically_normal().string()};
  if (!fs::is_directory(project_dir, ignored)) return {"project", Grade::fail, "there is no folder " + project_dir + "; --project names the one that holds assetd.yaml"};
  return {"project", Grade::warn, "no assetd.yaml in " + project_dir + ": its plugins and Pythons were not looked for; --project names the folder that holds it"};
}

std::vector<Finding> check_plugins(const std::string& project_dir, const std::string& program_dir) {
  std::vector<std::string> folders;
  if (const char* named = std::getenv("ASSETD_PLUGINS")) {
    for (std::string_view rest = named; !rest.empty();) {
      const auto end = rest.find(':');
      folders.emplace_back(rest.substr(0, end));
      rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    }
  }
  folders.insert(folders.end(), {project_dir + "/plugins", program_dir + "/../share/assetd/plugins"});
  std::string names;
  std::error_code ignored;
  for (const auto& folder : folders) {
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      if (fs::exists(entry.path() / "plugin.yaml", ignored)) names += (names.empty() ? "" : ", ") + entry.path().filename().string();
    }
  }
  if (names.empty()) return {{"plugins", Grade::warn, "none found beside the program or in the project; only exec is there"}};
  return {{"plugins", Grade::ok, names}};
}

std::vector<Finding> check_pythons(const std::string& project_dir) {
  std::vector<Finding> findings = {check_python("python3", "python3")};
  const auto file = project_dir + "/assetd.yaml";
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return findings;
  std::set<std::string> named;
  try {
    collect_pythons(YAML::LoadFile(file), named);
  } catch (const YAML::Exception&) {
    findings.push_back({"python", Grade::warn, file + " is not valid YAML; assetctl validate says where"});
  }
  for (const auto& path : named) {
    const bool is_path = path.find('/') != std::string::npos;
    findings.push_back(check_python(path, is_path ? (fs::absolute(project_dir) / path).string() : path));
  }
  return findings;
}

}  // namespace assetd::cli
