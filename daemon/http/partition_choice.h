#pragma once
// `partitions` of a request's body: a word, a list of keys or a range.

#include <expected>
#include <nlohmann/json.hpp>

#include "core/partition/choose.h"
#include "daemon/http/message.h"

namespace assetd::http {

/// Of a body that fits its schema; absent means what is usual. The error is a 422 with its pointer.
std::expected<PartitionChoice, Response> partition_choice(const nlohmann::json& body);
/// Its JSON Schema.
nlohmann::json partition_choice_schema();

}  // namespace assetd::http
