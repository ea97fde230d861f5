#pragma once
// What the names of the language stand for.

#include <optional>

#include "core/automation/condition.h"

namespace assetd {

/// Leaves without arguments, by name; nothing: there is no such.
std::optional<Condition::Kind> leaf_kind(std::string_view name);

/// Arguments that a name takes, in this order.
struct NamedForm {
  const char* name;
  std::size_t conditions;  ///< that many
  bool cron;               ///< then a cron expression and perhaps a zone
  bool selection;          ///< then perhaps a selection of the assets above
};
const NamedForm* find_form(std::string_view name);

struct FormArguments {
  std::vector<ConditionPtr> conditions;
  std::string cron, zone, selection;
  int selection_column = 0;
};
/// `form` is one of find_form.
ConditionPtr make_named(const NamedForm& form, FormArguments arguments, int column);

ConditionPtr make_condition(Condition::Kind kind, std::string name, int column, std::vector<ConditionPtr> children = {});

}  // namespace assetd
