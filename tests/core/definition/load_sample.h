#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/definition/load.h"

namespace assetd::testing {

/// A project of one file, loaded as far as it goes without its imports.
struct Loaded {
  Definitions definitions;
  std::vector<DefinitionError> errors;
  std::vector<std::string> lines() const;  ///< errors as "line:column message (hint)"
};

inline std::string in_one_line(const DefinitionError& error) {
  const auto& at = error.source;
  return (at.file == "assetd.yaml" ? "" : at.file + ":") + std::to_string(at.line) + ":" + std::to_string(at.column) +
         " " + error.message + (error.hint.empty() ? "" : " (" + error.hint + ")");
}

inline std::vector<std::string> Loaded::lines() const {
  std::vector<std::string> result;
  for (const auto& error : errors) result.push_back(in_one_line(error));
  return result;
}

inline Loaded load_files(const std::vector<ProjectFile>& files, const std::string& environment = {},
                         const std::map<std::string, std::string>& variables = {}) {
  LoadContext context{"/project/shop", environment, {}, {"dbt", "python", "sql", "exec_outputs"}, 4};
  context.env = [&](const std::string& name) {
    const auto it = variables.find(name);
    return it == variables.end() ? std::nullopt : std::optional(it->second);
  };
  Loaded loaded;
  auto parsed = parse_project(files, context);
  if (!parsed) {
    loaded.errors = parsed.error();
    return loaded;
  }
  loaded.definitions = std::move(parsed->definitions);
  loaded.errors = std::move(parsed->errors);
  if (!loaded.errors.empty() && !loaded.definitions.imports.empty()) return loaded;  // nobody describes their assets here
  for (auto& error : finish(loaded.definitions, loaded.errors, context.default_slots)) loaded.errors.push_back(std::move(error));
  std::ranges::stable_sort(loaded.errors, {}, [](const auto& error) {
    return std::tuple(error.source.file != "assetd.yaml", error.source.line, error.source.column);
  });
  return loaded;
}

inline Loaded load(const std::string& yaml, const std::string& environment = {},
                   const std::map<std::string, std::string>& variables = {}) {
  return load_files({{"assetd.yaml", yaml}}, environment, variables);
}

inline const AssetSpec& asset_of(const Loaded& loaded, const std::string& key) {
  for (const auto& asset : loaded.definitions.assets)
    if (asset.key == key) return asset;
  throw std::out_of_range("no asset " + key);
}

}  // namespace assetd::testing
