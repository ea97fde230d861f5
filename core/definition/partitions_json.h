#pragma once
// `partitions:` of an asset as JSON: how YAML, plugins and the compiled form write it.

#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/partition/spec.h"

namespace assetd {

struct PartitionsJsonError {
  std::vector<std::string> path;  ///< keys down to what is wrong
  std::string message, hint;
  int column = 0;  ///< from 1, within the text that is wrong; 0: all of it
};

/// Checked as far as it can be without the other assets: zones, starts, keys. `timezone`: of windows of time that name none; empty: UTC.
std::expected<PartitionsSpec, PartitionsJsonError> partitions_from_json(const nlohmann::json& json, const std::string& timezone);
/// A key of a list that is called as a word that chooses partitions ("latest"). Not part of reading: definitions of old that have one are still read.
std::optional<PartitionsJsonError> bad_name(const PartitionsSpec& spec);
/// What partitions_from_json reads as the same again.
nlohmann::json to_json(const PartitionsSpec& spec);

}  // namespace assetd
