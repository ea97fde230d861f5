#pragma once
#include <string>

namespace assetd {

/// The first 12 digits of the commit that is checked out where `dir` lies; empty where it lies in no git repository. Reads a few small files, starts no process.
std::string head_commit(const std::string& dir);

}  // namespace assetd
