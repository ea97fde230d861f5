#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "daemon/definitions/compiler.h"

namespace assetd {

/// The whole of a regular file; the error names the path and the reason. More than 256 MiB is refused.
std::expected<std::string, std::string> read_file(const std::string& path);

/// Replaces a file in one step (a temporary file beside it, renamed). False when it can't be written.
bool write_file(const std::string& path, const std::string& text);

/// Size, modification time and inode as they are now; size -1 when there is no such file.
WatchedFile look_at(const std::string& path);

/// What a pattern names, sorted: '*' and '?' within a part, '**' any number of folders. Wildcards do not match hidden
/// names and __pycache__. Folders are not among the result. A pattern without wildcards is its own result, whether or
/// not the file exists. At most 1,000,000 files. `folders` gets those in which another file could appear, or a folder on the way to one.
std::vector<std::string> expand_glob(const std::string& pattern, std::vector<std::string>* folders = nullptr);
bool has_wildcard(const std::string& pattern);

std::string sha256(const std::string& bytes);  ///< 64 hex

}  // namespace assetd
