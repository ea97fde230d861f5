#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "daemon/definitions/compiler.h"

namespace assetd {

/// What decided an outcome: patterns with the files they named, and variables. Taken once, compared later without
/// reading a file.
class WatchState {
 public:
  /// Files as they are now. Take it before a file is read: a change in between is then seen later.
  void add_pattern(const std::string& pattern);
  /// A file that is younger than `since_ns` (wall clock) may have changed after it was read: it will count as changed.
  void add_pattern_read_since(const std::string& pattern, std::int64_t since_ns);
  void add_variable(const std::string& name, const std::optional<std::string>& value);

  std::vector<WatchedFile> files() const;
  nlohmann::json to_json() const;

  /// Whether everything in a stored state still is as it was.
  static bool holds(const nlohmann::json& state);
  /// Files and variables of a stored state as they are now.
  void add_again(const nlohmann::json& state);

 private:
  std::map<std::string, std::vector<WatchedFile>> patterns_;
  std::map<std::string, std::string> variables_;  ///< hashes: values may be secret
};

}  // namespace assetd
