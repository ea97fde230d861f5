#pragma once
// What a new version of the definitions changes, as people read it: object by object, field by field. Lines that moved are no change.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/definition/spec.h"

namespace assetd {

struct FieldChange {
  std::string field;             ///< "run.command", "tags.team"; a list is one value
  nlohmann::json before, after;  ///< null: not set, or at its default. Durations are in milliseconds
  bool operator==(const FieldChange&) const = default;
};

/// {"field", "before", "after"}, and of a duration `before_text` and `after_text`, as files say it: "1h30m"; null where it is not set.
nlohmann::json to_json(const FieldChange& field);

struct DefinitionChange {
  enum class Action { added, removed, changed, renamed };
  std::string kind;  ///< asset, check, import, job, schedule, sensor, alert, pool, resource; project: what is none of these
  std::string name;  ///< of a check: "home:name"; empty for the project
  Action action = Action::changed;
  std::string renamed_from;  ///< of an asset, with what changed besides in `fields`
  std::vector<FieldChange> fields;  ///< of what is changed or renamed, by name
};

/// Present names by former ones, of assets that say what they were called, where nothing else is called so now.
std::map<std::string, std::string> renames(const Definitions& before, const Definitions& after);

/// In the order of kinds above, then by name. Linear in the sizes, with a JSON tree of one object of each at a time.
std::vector<DefinitionChange> difference(const Definitions& before, const Definitions& after);

}  // namespace assetd
