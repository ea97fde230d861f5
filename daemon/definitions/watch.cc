#include "daemon/definitions/watch.h"

#include <cstdlib>

#include "daemon/definitions/files.h"

namespace assetd {
namespace {

constexpr std::int64_t kUnsure = -2;  ///< a size that no file has

std::vector<WatchedFile> look_at_all(const std::string& pattern) {
  std::vector<WatchedFile> files;
  for (const auto& path : expand_glob(pattern)) files.push_back(look_at(path));
  return files;
}

std::string variable_hash(const std::optional<std::string>& value) { return value ? sha256(*value) : ""; }

std::optional<std::string> variable_now(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

nlohmann::json row(const WatchedFile& file) {
  return nlohmann::json::array({file.path, file.size, file.mtime_ns, file.inode});
}

}  // namespace

void WatchState::add_pattern(const std::string& pattern) { patterns_.try_emplace(pattern, look_at_all(pattern)); }

void WatchState::add_pattern_read_since(const std::string& pattern, std::int64_t since_ns) {
  auto files = look_at_all(pattern);
  for (auto& file : files)
    if (file.size >= 0 && file.mtime_ns >= since_ns) file.size = kUnsure;
  patterns_.try_emplace(pattern, std::move(files));
}

void WatchState::add_variable(const std::string& name, const std::optional<std::string>& value) {
  variables_[name] = variable_hash(value);
}

std::vector<WatchedFile> WatchState::files() const {
  std::map<std::string, WatchedFile> unique;
  for (const auto& [pattern, files] : patterns_)
    for (const auto& file : files) unique.emplace(file.path, file);
  std::vector<WatchedFile> result;
  for (auto& [path, file] : unique) result.push_back(std::move(file));
  return result;
}

nlohmann::json WatchState::to_json() const {
  auto patterns = nlohmann::json::object(), variables = nlohmann::json::object();
  for (const auto& [pattern, files] : patterns_) {
    auto& rows = patterns[pattern] = nlohmann::json::array();
    for (const auto& file : files) rows.push_back(row(file));
  }
  for (const auto& [name, hash] : variables_) variables[name] = hash;
  return {{"patterns", std::move(patterns)}, {"variables", std::move(variables)}};
}

bool WatchState::holds(const nlohmann::json& state) {
  for (const auto& [name, hash] : state.at("variables").items())
    if (variable_hash(variable_now(name)) != hash.get_ref<const std::string&>()) return false;
  for (const auto& [pattern, rows] : state.at("patterns").items()) {
    const auto files = look_at_all(pattern);
    if (files.size() != rows.size()) return false;
    for (std::size_t i = 0; i < files.size(); ++i)
      if (row(files[i]) != rows[i]) return false;
  }
  return true;
}

void WatchState::add_again(const nlohmann::json& state) {
  for (const auto& [name, hash] : state.at("variables").items()) add_variable(name, variable_now(name));
  for (const auto& [pattern, rows] : state.at("patterns").items()) add_pattern(pattern);
}

}  // namespace assetd
