#pragma once
// What is different between two executions of a step: the first question when one of them failed.

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/version/provenance.h"

namespace assetd {

/// One execution of a step.
struct ExecutedStep {
  RunId run = 0;
  std::int64_t definitions_version = 0;
  Provenance found;
  nlohmann::json options = nlohmann::json::object();   ///< of its run
  nlohmann::json metadata = nlohmann::json::object();  ///< it reported; empty where it failed
};

struct VersionChange {
  std::string kind;    ///< code, commit, package, definitions, options, upstream, metadata
  std::string name;    ///< the package, the upstream asset, or the value of the metadata
  std::string detail;  ///< a sentence
  nlohmann::json from, to;  ///< null: not there
  nlohmann::json numbers = nlohmann::json::array();  ///< of an upstream asset: {name, from, to} of what it counted
};

/// The metadata of that data of an upstream asset; null where it is not kept.
using MetadataOf = std::function<nlohmann::json(const UsedData&)>;

/// In the order in which one would look: code, commit, packages, definitions, options, upstream data, own figures. Empty: nothing that is known of.
std::vector<VersionChange> changes_between(const ExecutedStep& before, const ExecutedStep& after, const MetadataOf& metadata_of);

/// Figures (numbers) that both have or one has, and that differ: [{name, from, to}].
nlohmann::json changed_numbers(const nlohmann::json& before, const nlohmann::json& after);

}  // namespace assetd
