#pragma once
// What a materialization was made from: the version of its code, and which data of each upstream asset its step found when it began.

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/run/records.h"

namespace assetd {

struct AssetSpec;
struct AssetState;

/// Of an upstream asset that is divided: the partitions that its dependency maps the step to (core/version/partition_inputs.h).
struct UsedPartitions {
  std::int64_t mapped = 0;   ///< how many those are
  std::int64_t found = 0;    ///< how many of them had data
  std::string partition;     ///< the key, where it is one
  std::string data_version;  ///< of that one; of several, a hash over key and version of each that had data; empty: of so many it is not told
  RunId run = 0;             ///< of the newest of them; 0: reported
  WallTime at{};
  bool operator==(const UsedPartitions&) const = default;
};

/// The data of one upstream asset, as the step found it. Of one that is divided what was made last, of whichever partition.
struct UsedData {
  std::string key;
  std::string data_version;
  RunId run = 0;  ///< 0: reported, no run made it
  WallTime at{};
  std::optional<UsedPartitions> of = std::nullopt;  ///< nothing: it is not divided, or its partitions were not told apart then
  bool operator==(const UsedData&) const = default;
};

struct Provenance {
  std::string code_version;
  std::string commit;   ///< of the project's repository when the step began, 12 hex; empty: none
  std::string options;  ///< version of what the run told the step's plugin; empty: nothing
  bool declared = false;  ///< the step itself gave the version of its data
  std::vector<UsedData> inputs = {};  ///< upstream assets that had data, in the order of the definition
  std::map<std::string, std::string> versions = {};  ///< of the interpreter and the packages that its import runs with, where its plugin says
  bool by_content = false;  ///< the version of its data is a hash of its step's artifacts
  const UsedData* input(std::string_view key) const;
  bool operator==(const Provenance&) const = default;
};

nlohmann::json to_json(const Provenance& provenance);
/// Throws what json throws for a shape that to_json() does not make.
Provenance provenance_from_json(const nlohmann::json& json);

/// 12 hexadecimal digits that tell one text from another (64-bit FNV-1a, cut): to notice a change, no protection against intent.
std::string version_of_text(std::string_view text);
/// What the asset declares, or its plugin says of its source; else derived from all that makes its process (command, environment, the plugin's keys) and
/// from the files that its command names. Empty for an external asset.
std::string code_version_of(const AssetSpec& asset);
/// Of what a run tells a plugin; "" for nothing.
std::string options_version(const nlohmann::json& options, const std::string& plugin);
/// Of data whose step declared no version: one of this attempt, or (without an attempt) of this moment.
std::string derived_data_version(const AttemptId& attempt, WallTime at);

}  // namespace assetd
