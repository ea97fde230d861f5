#pragma once
#include "daemon/store/database.h"

namespace assetd {

/// Versions of the definitions. Their compiled bytes are kept once for each content.
std::optional<DefinitionsRecord> read_definitions(Database& database, std::int64_t version);
std::int64_t current_definitions_version(Database& database);  ///< 0: none yet
std::string definitions_hash(Database& database, std::int64_t version);
std::int64_t insert_definitions(Database& database, const DefinitionsRecord& record);

}  // namespace assetd
