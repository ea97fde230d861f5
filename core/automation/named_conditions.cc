#include "core/automation/named_conditions.h"

#include <algorithm>
#include <array>
#include <utility>

namespace assetd {
namespace {

using Kind = Condition::Kind;

constexpr std::pair<const char*, Kind> kLeaves[] = {
    {"missing", Kind::missing},
    {"in_progress", Kind::in_progress},
    {"failed", Kind::failed},
    {"newly_updated", Kind::newly_updated},
    {"newly_updated_apart", Kind::newly_updated_apart},
    {"newly_requested", Kind::newly_requested},
    {"code_version_changed", Kind::code_version_changed},
    {"checks_passed", Kind::checks_passed},
    {"in_latest_time_window", Kind::in_latest_time_window},
    {"requested", Kind::requested},
};

constexpr NamedForm kForms[] = {
    {"eager", 0, false, false},
    {"on_missing", 0, false, false},
    {"on_cron", 0, true, false},
    {"cron_tick_passed", 0, true, false},
    {"all_deps_updated_since_cron", 0, true, true},
    {"any_deps_updated", 0, false, true},
    {"any_deps_missing", 0, false, true},
    {"any_deps_in_progress", 0, false, true},
    {"any_deps", 1, false, true},
    {"all_deps", 1, false, true},
    {"since", 2, false, false},
    {"since_last_handled", 1, false, false},
    {"newly_true", 1, false, false},
};

/// Builds what one name stands for; all of it points at that name's column.
class Builder {
 public:
  Builder(FormArguments arguments, int column) : arguments_(std::move(arguments)), column_(column) {}

  ConditionPtr make(std::string_view name) const {
    if (name == "eager") return eager();
    if (name == "on_missing") return on_missing();
    if (name == "on_cron") return on_cron();
    if (name == "cron_tick_passed") return cron_tick();
    if (name == "all_deps_updated_since_cron") return all_deps_updated_since_cron();
    if (name == "any_deps_updated") return deps(Kind::any_deps, "any_deps_updated", updated());
    if (name == "any_deps_missing") return deps(Kind::any_deps, "any_deps_missing", all({leaf(Kind::missing), negation(leaf(Kind::requested))}));
    if (name == "any_deps_in_progress") return deps(Kind::any_deps, "any_deps_in_progress", leaf(Kind::in_progress));
    if (name == "any_deps") return deps(Kind::any_deps, "any_deps", arguments_.conditions[0]);
    if (name == "all_deps") return deps(Kind::all_deps, "all_deps", arguments_.conditions[0]);
    if (name == "since") return node(Kind::since, "since", arguments_.conditions);
    if (name == "since_last_handled") return since_last_handled("since_last_handled", arguments_.conditions[0]);
    return node(Kind::newly_true, "newly_true", arguments_.conditions);
  }

 private:
  ConditionPtr node(Kind kind, std::string name, std::vector<ConditionPtr> children = {}) const {
    return make_condition(kind, std::move(name), column_, std::move(children));
  }
  ConditionPtr leaf(Kind kind) const {
    return node(kind, std::ranges::find(kLeaves, kind, [](const auto& entry) { return entry.second; })->first);
  }
  ConditionPtr all(std::vector<ConditionPtr> children, std::string name = "and") const { return node(Kind::all_of, std::move(name), std::move(children)); }
  ConditionPtr any(std::vector<ConditionPtr> children, std::string name = "or") const { return node(Kind::any_of, std::move(name), std::move(children)); }
  ConditionPtr negation(ConditionPtr child) const { return node(Kind::negation, "not", {std::move(child)}); }
  ConditionPtr updated() const { return any({leaf(Kind::newly_updated_apart), leaf(Kind::requested)}); }

  ConditionPtr deps(Kind kind, std::string name, ConditionPtr child) const {
    auto made = std::make_shared<Condition>(*node(kind, std::move(name), {std::move(child)}));
    made->text = arguments_.selection;
    made->text_column = arguments_.selection_column;
    return made;
  }
  ConditionPtr cron_tick() const {
    auto made = std::make_shared<Condition>(*node(Kind::cron_tick_passed, "cron_tick_passed"));
    made->text = arguments_.cron;
    made->zone = arguments_.zone;
    return made;
  }
  /// Handled: asked for, or materialized by whomever.
  ConditionPtr since_last_handled(std::string name, ConditionPtr trigger) const {
    return node(Kind::since, std::move(name), {std::move(trigger), any({leaf(Kind::newly_requested), leaf(Kind::newly_updated)}, "handled")});
  }
  ConditionPtr any_deps(const char* name, ConditionPtr child) const { return node(Kind::any_deps, name, {std::move(child)}); }
  ConditionPtr no_deps_missing() const {
    return negation(any_deps("any_deps_missing", all({leaf(Kind::missing), negation(leaf(Kind::requested))})));
  }

  ConditionPtr eager() const {
    auto trigger = any({node(Kind::newly_true, "newly_missing", {leaf(Kind::missing)}), any_deps("any_deps_updated", updated())});
    return all({leaf(Kind::in_latest_time_window), since_last_handled("since_last_handled", std::move(trigger)), no_deps_missing(),
                negation(any_deps("any_deps_in_progress", leaf(Kind::in_progress))), negation(leaf(Kind::in_progress))},
               "eager");
  }
  ConditionPtr on_missing() const {
    return all({leaf(Kind::in_latest_time_window), since_last_handled("since_last_handled", node(Kind::newly_true, "newly_missing", {leaf(Kind::missing)})),
                no_deps_missing(), negation(leaf(Kind::in_progress))},
               "on_missing");
  }
  ConditionPtr all_deps_updated_since_cron() const {
    return deps(Kind::all_deps, "all_deps_updated_since_cron",
                any({node(Kind::since, "updated_since_cron", {leaf(Kind::newly_updated), cron_tick()}), leaf(Kind::requested)}));
  }
  ConditionPtr on_cron() const {
    return all({leaf(Kind::in_latest_time_window), since_last_handled("since_last_handled", cron_tick()), all_deps_updated_since_cron(),
                negation(leaf(Kind::in_progress))},
               "on_cron");
  }

  FormArguments arguments_;
  int column_;
};

}  // namespace

std::optional<Condition::Kind> leaf_kind(std::string_view name) {
  const auto* const found = std::ranges::find(kLeaves, name, [](const auto& entry) { return std::string_view(entry.first); });
  return found == std::end(kLeaves) ? std::nullopt : std::optional(found->second);
}

const NamedForm* find_form(std::string_view name) {
  const auto* const found = std::ranges::find(kForms, name, [](const NamedForm& form) { return std::string_view(form.name); });
  return found == std::end(kForms) ? nullptr : found;
}

ConditionPtr make_named(const NamedForm& form, FormArguments arguments, int column) { return Builder(std::move(arguments), column).make(form.name); }

ConditionPtr make_condition(Condition::Kind kind, std::string name, int column, std::vector<ConditionPtr> children) {
  return std::make_shared<Condition>(Condition{kind, std::move(name), "", "", column, std::move(children)});
}

std::vector<std::string> condition_names() {
  std::vector<std::string> out{"and", "or", "not"};
  for (const auto& [name, kind] : kLeaves) out.emplace_back(name);
  for (const auto& form : kForms) out.emplace_back(form.name);
  return out;
}

}  // namespace assetd
