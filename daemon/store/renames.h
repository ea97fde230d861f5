#pragma once
// Assets that were called otherwise: their history stands under the name of now, also what a run that began before the rename still writes.

#include <map>
#include <string>
#include <vector>

namespace assetd {

class Database;

/// Present names by former ones.
using AssetNames = std::map<std::string, std::string>;

/// What a new version of the definitions does to names.
struct Renaming {
  AssetNames renamed;                ///< with this version
  std::vector<std::string> defined;  ///< former names that are an asset's own again
};

const std::string& present_name(const AssetNames& names, const std::string& asset);
AssetNames read_names(Database& database);
/// Of one asset; the name itself where it was not renamed.
std::string read_present_name(Database& database, const std::string& asset);
/// Moves all that is kept of these assets, in the open transaction: work by the size of their history, and of the daily figures of all assets.
void write_renaming(Database& database, const Renaming& renaming);

}  // namespace assetd
