#pragma once
// Query parameters: declared in the route table, checked before a handler runs, so that handlers read values that are known to be good.

#include <cstdint>
#include <expected>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "daemon/http/message.h"

namespace assetd::http {

struct Param {
  enum class Kind {
    text,      ///< anything
    integer,   ///< min to max
    choice,    ///< one of choices
    choices,   ///< some of choices, separated by ','
    names,     ///< some names, separated by ','
    time,      ///< RFC 3339
    range,     ///< FROM-TO, both from 1
    dotted,    ///< any number of parameters CHOICE.NAME, of one of choices each; not one of the parameter's own name
  };
  std::string name;
  Kind kind = Kind::text;
  std::string description;
  std::int64_t min = 0, max = 0;          ///< integer
  std::optional<std::int64_t> fallback;   ///< integer: the value when it is not given
  std::vector<std::string> choices = {};
};

/// The parameters of one request. Names that were not given read as "", nullopt or their fallback.
class Params {
 public:
  bool has(const std::string& name) const { return values_.contains(name); }
  std::string text(const std::string& name) const;
  std::optional<std::int64_t> integer(const std::string& name) const;
  std::vector<std::string> list(const std::string& name) const;
  std::optional<WallTime> time(const std::string& name) const;
  std::optional<std::pair<std::int64_t, std::int64_t>> range(const std::string& name) const;
  /// Those of a dotted parameter whose names begin with `choice` and '.', by name.
  std::vector<std::pair<std::string, std::string>> dotted(const std::string& choice) const;
  void set(const std::string& name, std::string value) { values_[name] = std::move(value); }

 private:
  std::map<std::string, std::string> values_;
};

/// All that is wrong, at once: unknown names (with the nearest), values given twice, out of range or not understood.
std::expected<Params, std::vector<FieldError>> read_params(std::string_view query, const std::vector<Param>& declared);

/// Parts between ','; empty ones are left out.
std::vector<std::string> split_list(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);

/// The JSON Schema of a parameter, for the OpenAPI document.
nlohmann::json param_schema(const Param& param);

}  // namespace assetd::http
