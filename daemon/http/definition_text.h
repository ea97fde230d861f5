#pragma once
#include <optional>
#include <string>

#include "core/definition/spec.h"

namespace assetd::http {

/// The lines of the file that define what stands at `source`: from its line to the next one that is indented no deeper.
/// Nothing if the file cannot be read, or is no YAML file of the project.
std::optional<std::string> definition_text(const std::string& project_dir, const SourceRef& source);

}  // namespace assetd::http
