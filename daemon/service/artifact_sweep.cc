#include "daemon/service/artifact_sweep.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <vector>

#include "daemon/store/reader.h"

namespace assetd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartition = "partition=";
// `latest.json` is written after the object and its record, each synced: a run that began in between has read the former object.
constexpr std::chrono::minutes kWriting{1};

struct Object {
  fs::path folder, file;
  RunId run = 0;
  WallTime written{};
};

RunId run_named(std::string_view name) {
  RunId run = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), run);
  return error == std::errc() && rest == name.data() + name.size() ? run : 0;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code gone;
  for (fs::directory_iterator each(folder, gone), end; !gone && each != end; each.increment(gone)) {
    std::error_code vanished;
    if (fs::is_directory(each->symlink_status(vanished))) found.push_back(each->path());
  }
  return found;
}

std::optional<WallTime> written_at(const fs::path& file) {
  struct stat status {};
  if (lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return WallTime(std::chrono::floor<Millis>(std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec)));
}

/// The file that a record names; nothing: this is no record of the SDK's.
std::optional<fs::path> recorded_file(const fs::path& record, const fs::path& root) {
  if (!written_at(record)) return std::nullopt;
  std::ifstream in(record);
  const auto said = nlohmann::json::parse(in, nullptr, false);
  if (!said.is_object() || !said.contains("file") || !said["file"].is_string()) return std::nullopt;
  return (root / said["file"].get<std::string>()).lexically_normal();
}

/// "%2F" → "/": as urllib.parse.quote writes it.
std::string unquoted(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const bool coded = text[i] == '%' && i + 2 < text.size() && std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3;
    out += coded ? static_cast<char>(value) : text[i];
    if (coded) i += 2;
  }
  return out;
}

class ArtifactSweeper {
 public:
  ArtifactSweeper(const DataPaths& paths, Reader& reader, WallTime cutoff) : root_(fs::path(paths.artifacts()).lexically_normal()), reader_(reader), cutoff_(cutoff) {}

  ArtifactsSwept run() {
    const auto oldest = reader_.oldest_under_way();
    if (!oldest) return {.error = oldest.error().message};
    if (*oldest) cutoff_ = std::min(cutoff_, **oldest - kWriting);
    for (const auto& folder : folders_in(root_)) {
      auto key = folder.filename().string();
      std::ranges::replace(key, ':', '/');
      sweep(folder, key, "");
      for (const auto& inner : folders_in(folder))
        if (const auto name = inner.filename().string(); name.starts_with(kPartition)) sweep(inner, key, unquoted(std::string_view(name).substr(kPartition.size())));
    }
    return swept_;
  }

 private:
  std::vector<Object> objects_in(const fs::path& folder) const {
    std::vector<Object> found;
    for (const auto& inner : folders_in(folder)) {
      const auto run = run_named(inner.filename().string());
      const auto record = inner / "artifact.json";
      const auto written = run > 0 ? written_at(record) : std::nullopt;
      if (!written) continue;
      if (const auto file = recorded_file(record, root_); file && file->parent_path() == inner) found.push_back({inner, *file, run, *written});
    }
    std::ranges::sort(found, {}, [](const Object& object) { return std::pair(object.written, object.run); });
    return found;
  }

  /// Each was replaced when the next one was written.
  void sweep(const fs::path& folder, const std::string& key, const std::string& partition) {
    const auto objects = objects_in(folder);
    if (objects.size() < 2 || objects[1].written >= cutoff_) return;
    const auto latest = recorded_file(folder / "latest.json", root_);
    const auto made = reader_.materializations(key, {.limit = 1, .cursor = ""}, partition);
    if (!made) swept_.error = made.error().message;
    if (!made || !latest) return;  // without it nobody can tell which is read
    const auto newest = made->items.empty() ? RunId{0} : made->items.front().value.run;
    for (std::size_t i = 0; i + 1 < objects.size() && objects[i + 1].written < cutoff_; ++i)
      if (objects[i].file != *latest && objects[i].run != newest) remove(objects[i]);
  }

  /// The record goes last: of an object that is half gone the rest goes next time.
  void remove(const Object& object) {
    std::error_code failed;
    for (fs::directory_iterator each(object.folder, failed), end; !failed && each != end; each.increment(failed)) {
      const auto name = each->path().filename().string();
      const bool left_by_a_crash = name.starts_with(".artifact.json") || name.starts_with("." + object.file.filename().string());
      std::error_code ignored;
      if (left_by_a_crash) fs::remove(each->path(), ignored);
    }
    for (const auto& file : {object.file, object.folder / "artifact.json"})
      if (!failed) fs::remove(file, failed);
    if (failed) {
      swept_.error = object.folder.string() + ": " + failed.message();
      return;
    }
    std::error_code not_empty;  // somebody else put something there: it stays
    fs::remove(object.folder, not_empty);
    ++swept_.objects;
  }

  const fs::path root_;
  Reader& reader_;
  WallTime cutoff_;
  ArtifactsSwept swept_;
};

}  // namespace

ArtifactsSwept sweep_artifacts(const DataPaths& paths, Reader& reader, WallTime cutoff) { return ArtifactSweeper(paths, reader, cutoff).run(); }

}  // namespace assetd
