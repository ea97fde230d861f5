#pragma once
#include <string>

#include "core/definition/spec.h"
#include "core/graph/selection_syntax.h"

namespace assetd {

/// Does an asset have an attribute of this value? Values match by the wildcards of names; `state` is needed where
/// asks_for_state().
class AttributeMatcher {
 public:
  /// All arguments but `value` must outlive the matcher.
  AttributeMatcher(const Definitions& definitions, const SelectionState* state, Attribute attribute, std::string value);
  bool operator()(AssetId id) const;

 private:
  bool has_tag(const AssetSpec& asset) const;
  bool has_path(const AssetSpec& asset) const;

  const Definitions& definitions_;
  const SelectionState* state_;
  Attribute attribute_;
  std::string value_;
};

}  // namespace assetd
