#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/definition/load.h"

namespace assetd {

/// As a key or a value stands in a message.
std::string in_quotes(std::string_view text);

/// Lines of the project's files, found without reading a file twice: ten thousand errors of one file are no reason to
/// hang.
class Excerpts {
 public:
  /// `files` must outlive this.
  explicit Excerpts(const std::vector<ProjectFile>& files) : files_(files) {}
  /// The line, without its end and cut after 200 bytes; nothing when the file is none of the project's.
  std::optional<std::string> line(const SourceRef& source);

 private:
  const std::vector<ProjectFile>& files_;
  std::map<std::string, std::vector<std::size_t>> starts_;  ///< offsets of lines by file
};

/// Gathers what is wrong in a load, all of it, and adds to each error the line it points at.
class Problems {
 public:
  /// `files` must outlive this.
  explicit Problems(const std::vector<ProjectFile>& files);

  void error(SourceRef source, std::string message, std::string hint = {});
  void warn(SourceRef source, std::string message) { warnings_.push_back({std::move(message), std::move(source)}); }

  bool any() const { return !errors_.empty(); }
  std::size_t count() const { return errors_.size(); }
  const std::vector<DefinitionError>& errors() const { return errors_; }
  /// In the order of the files, then of the lines.
  std::vector<DefinitionError> take_errors();
  std::vector<DefinitionWarning> take_warnings() { return std::move(warnings_); }

 private:
  const std::vector<ProjectFile>& files_;
  std::vector<DefinitionError> errors_;
  std::vector<DefinitionWarning> warnings_;
};

/// "did you mean \"x\"?" with the nearest of the names; without a near one, the names themselves if they are few
/// ("known: a, b").
std::string suggest(std::string_view wrong, const std::vector<std::string_view>& names);

}  // namespace assetd
