#pragma once
// Paths as text, without a look at any file system: what std::filesystem::path does, in a room that must not include
// it.

#include <string>
#include <string_view>

namespace assetd {

/// "a/./b/../c//d" → "a/c/d"; "" → "."; a trailing '/' goes. ".." at the front stays, except below the root.
std::string normal_path(std::string_view path);
/// `path` as seen from `base`, in normal form; an absolute path stands for itself.
std::string joined_path(std::string_view base, std::string_view path);
/// "a/b/c" → "a/b"; "c" → "".
std::string_view parent_path(std::string_view path);
/// "a/b/c" → "c".
std::string_view file_name(std::string_view path);

}  // namespace assetd
