#include "core/forecast/what_if.h"

#include <charconv>
#include <optional>

#include "core/graph/asset_key.h"

namespace assetd {
namespace {

constexpr int kMostSlots = 1'000'000;
constexpr double kLeastSpeed = 0.001, kMostSpeed = 1000;

template <typename Number>
std::optional<Number> whole(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty() ? std::optional(number) : std::nullopt;
}

std::string nearest_of(const std::string& name, const std::vector<std::string_view>& names) {
  const auto nearest = nearest_name(name, names);
  return nearest.empty() ? "" : "; nearest: '" + nearest + "'";
}

std::vector<std::string_view> keys_of(const AssetGraph& graph) {
  std::vector<std::string_view> keys;
  for (AssetId id = 0; id < graph.size(); ++id) keys.push_back(graph.key(id));
  return keys;
}

/// "+2" and "-1" are counted from what is in force.
std::expected<int, std::string> slots_from(const std::string& text, int in_force) {
  const bool relative = text.starts_with('+') || text.starts_with('-');
  const auto number = whole<int>(text.starts_with('+') ? std::string_view(text).substr(1) : std::string_view(text));
  const std::string expected = "'" + text + "' is no number of slots: write 4, +2 or -1 ('+' is %2B in a URL)";
  if (!number || text.starts_with("+-") || *number > kMostSlots || *number < -kMostSlots) return std::unexpected(expected);
  const auto slots = relative ? in_force + *number : *number;
  if (slots < 0) return std::unexpected("it has " + std::to_string(in_force) + " slots; there cannot be " + std::to_string(slots));
  return slots;
}

}  // namespace

std::expected<WhatIf, std::vector<WhatIfError>> read_what_if(const std::vector<std::pair<std::string, std::string>>& suppositions,
                                                             const std::map<std::string, int>& pools, const AssetGraph& graph) {
  WhatIf found;
  std::vector<WhatIfError> errors;
  const auto wrong = [&](const std::string& name, std::string detail) { errors.push_back({"/" + name, std::move(detail)}); };
  for (const auto& [name, value] : suppositions) {
    if (name.starts_with("pool.")) {
      const auto pool = name.substr(5);
      const auto known = pools.find(pool);
      if (known == pools.end()) {
        std::vector<std::string_view> names;
        for (const auto& [each, slots] : pools) names.push_back(each);
        wrong(name, "there is no pool '" + pool + "'" + nearest_of(pool, names));
      } else if (const auto slots = slots_from(value, known->second); !slots) {
        wrong(name, slots.error());
      } else {
        found.pools[pool] = *slots;
      }
    } else if (name.starts_with("speed.")) {
      const auto key = name.substr(6);
      const auto factor = whole<double>(value);
      if (!graph.find(key)) wrong(name, "nobody defines the asset '" + key + "'" + nearest_of(key, keys_of(graph)));
      else if (!factor || !(*factor >= kLeastSpeed && *factor <= kMostSpeed)) wrong(name, "'" + value + "' is no speed: write 2 for twice as fast, 0.5 for half (0.001 to 1000)");
      else found.speed[key] = *factor;
    } else {
      wrong(name, "a supposition is pool.NAME (slots) or speed.KEY (a factor)");
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return found;
}

}  // namespace assetd
