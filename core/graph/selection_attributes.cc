#include "core/graph/selection_attributes.h"

#include <algorithm>

#include "core/graph/asset_key.h"

namespace assetd {
namespace {

bool any_matches(const std::string& pattern, const std::vector<std::string>& values) {
  return std::ranges::any_of(values, [&](const std::string& value) { return key_matches(pattern, value); });
}

std::string clean_path(std::string path) {
  while (path.starts_with("./")) path.erase(0, 2);
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

AttributeMatcher::AttributeMatcher(const Definitions& definitions, const SelectionState* state, Attribute attribute,
                                   std::string value)
    : definitions_(definitions),
      state_(state),
      attribute_(attribute),
      value_(attribute == Attribute::path ? clean_path(std::move(value)) : std::move(value)) {}

bool AttributeMatcher::operator()(AssetId id) const {
  const AssetSpec& asset = definitions_.assets[id];
  switch (attribute_) {
    case Attribute::key:
      return value_ == "*" || key_matches(value_, asset.key);
    case Attribute::group:
      return key_matches(value_, asset.group);
    case Attribute::kind:
      return any_matches(value_, asset.kinds);
    case Attribute::owner:
      return any_matches(value_, asset.owners);
    case Attribute::tag:
      return has_tag(asset);
    case Attribute::path:
      return has_path(asset);
    case Attribute::import:
      return asset.import >= 0 &&
             key_matches(value_, definitions_.imports[static_cast<std::size_t>(asset.import)].name);
    case Attribute::status:
      return state_->status(id) == value_;
    case Attribute::stale:
      return state_->stale(id) == (value_ == "true" || value_ == "yes");
    case Attribute::freshness:
      return state_->freshness(id) == value_;
  }
  return false;
}

bool AttributeMatcher::has_tag(const AssetSpec& asset) const {
  const auto equals = value_.find('=');
  const std::string_view name = std::string_view(value_).substr(0, equals);
  return std::ranges::any_of(asset.tags, [&](const auto& tag) {
    return key_matches(name, tag.first) &&
           (equals == std::string::npos || key_matches(std::string_view(value_).substr(equals + 1), tag.second));
  });
}

/// The file itself, or one below a folder.
bool AttributeMatcher::has_path(const AssetSpec& asset) const {
  return key_matches(value_, asset.source.file) || key_matches(value_ + "/**", asset.source.file);
}

}  // namespace assetd
