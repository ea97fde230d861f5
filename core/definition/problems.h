#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/definition/load.h"

namespace assetd {

/// Gathers what is wrong in a load, all of it, and adds to each error the line it points at.
class Problems {
 public:
  /// `files` must outlive this.
  explicit Problems(const std::vector<ProjectFile>& files);

  void error(SourceRef source, std::string message, std::string hint = {});
  void warn(SourceRef source, std::string message) { warnings_.push_back({std::move(message), std::move(source)}); }

  bool any() const { return !errors_.empty(); }
  std::size_t count() const { return errors_.size(); }
  /// In the order of the files, then of the lines.
  std::vector<DefinitionError> take_errors();
  std::vector<DefinitionWarning> take_warnings() { return std::move(warnings_); }

 private:
  const std::vector<ProjectFile>& files_;
  std::vector<DefinitionError> errors_;
  std::vector<DefinitionWarning> warnings_;
};

/// The line `number` (from 1) of a text, without its end and cut after 200 bytes; empty when there is none.
std::string line_of(std::string_view text, int number);

/// "did you mean \"x\"?" with the nearest of the names; without a near one, the names themselves if they are few
/// ("known: a, b").
std::string suggest(std::string_view wrong, const std::vector<std::string_view>& names);

}  // namespace assetd
