#include "daemon/http/partition_choice.h"

#include "daemon/http/json_shapes.h"

namespace assetd::http {

using nlohmann::json;

std::expected<PartitionChoice, Response> partition_choice(const json& body) {
  using Word = PartitionChoice::Word;
  const auto found = body.find("partitions");
  if (found == body.end()) return PartitionChoice{};
  if (found->is_object()) return PartitionChoice{PartitionRange{found->at("from"), found->at("to")}};
  if (found->is_array()) return PartitionChoice{found->get<std::vector<std::string>>()};
  for (const auto& [name, word] : {std::pair{"latest", Word::latest}, {"all", Word::all}, {"missing", Word::missing}, {"failed", Word::failed}, {"stale", Word::stale}})
    if (*found == name) return PartitionChoice{word};
  return std::unexpected(invalid({{"/partitions", "takes latest, all, missing, failed, stale, a list of partitions, or {\"from\": …, \"to\": …}"}}));
}

json partition_choice_schema() {
  const json key = {{"type", "string"}, {"minLength", 1}, {"maxLength", 2100}};
  return {{"type", {"string", "array", "object"}},
          {"maxLength", 7},
          {"minItems", 1},  // a list that came out empty asks for nothing, not for the latest
          {"maxItems", 100'000},
          {"items", key},
          {"properties", {{"from", key}, {"to", key}}},
          {"required", {"from", "to"}},
          {"additionalProperties", false},
          {"description", "of assets that are divided: latest, all, missing, failed, stale, a list of keys, or a range; default: the latest window of time, all other keys"}};
}

}  // namespace assetd::http
