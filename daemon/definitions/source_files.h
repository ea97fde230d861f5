#pragma once
#include <string>
#include <vector>

#include "core/definition/spec.h"

namespace assetd {

/// The project's files that the command of an asset names and that are code, not data: programs given by a path, and arguments whose name ends as those of
/// scripts and queries do (.py, .sh, .sql, …). Absolute, in the order of the command; files of more than a megabyte are left out.
std::vector<std::string> source_files(const AssetSpec& asset, const std::string& project_dir);

}  // namespace assetd
