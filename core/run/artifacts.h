#pragma once
// What a step said of the artifacts that it made, as far as it tells one content from another.

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace assetd {

class ReportedArtifacts {
 public:
  /// The parameters of `assetd.artifact`: name, size and sha256 count. One of a name that was there takes its place.
  void add(const nlohmann::json& said);
  /// The same for the same contents under the same names, in whatever order they were said. Empty where there are none, or where the content of one is not
  /// known: it said no size or no SHA-256, or there are too many to remember.
  std::string content() const;

 private:
  std::map<std::string, std::string> by_name_;  ///< "SIZE SHA256"
  bool all_known_ = true;
};

}  // namespace assetd
