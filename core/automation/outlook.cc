#include "core/automation/outlook.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/schedule/cron.h"

namespace assetd {
namespace {

using Kind = Condition::Kind;

struct Verb {
  const char *one = "", *many = "";
  bool operator==(const Verb&) const = default;
};
constexpr Verb kUpdated{"is updated", "are updated"}, kUpdatedAfter{"is updated after that", "are updated after that"}, kMade{"has been made", "have been made"},
    kLetPass{"has passed its blocking checks", "have passed their blocking checks"}, kBegins{"is being made", "are being made"},
    kEnds{"is no longer being made", "are no longer being made"}, kFails{"fails", "fail"}, kMadeAgain{"has been made since it failed", "have been made since they failed"},
    kPasses{"has passed all its checks", "have passed all their checks"}, kFailsCheck{"fails a check", "fail a check"}, kAskedFor{"is asked for", "are asked for"},
    kChanges{"changes", "change"}, kTicks{"ticks", "tick"}, kComes{"comes", "come"}, kAdded{"is added", "are added"};

constexpr std::size_t kSubjectsNamed = 3;

/// What must come for a condition to be true, or false: nothing, what cannot come any more, one event, or several.
struct Wish {
  enum class Kind { given, never, one, all, any };
  Kind kind = Kind::given;
  std::string subject{};              ///< of `one`
  Verb verb{};
  std::optional<WallTime> at{};       ///< where the clock brings it
  std::vector<Wish> parts{};          ///< of `all` and `any`: at least two
  bool operator==(const Wish&) const = default;
};

Wish one(std::string subject, Verb verb, std::optional<WallTime> at = {}) { return {.kind = Wish::Kind::one, .subject = std::move(subject), .verb = verb, .at = at}; }

Wish joined(Wish::Kind kind, const std::vector<Wish>& wishes) {
  const auto decides = kind == Wish::Kind::any ? Wish::Kind::given : Wish::Kind::never;  // whatever the others are
  Wish out{.kind = kind};
  const auto add = [&](const Wish& wish) {
    if (std::ranges::find(out.parts, wish) == out.parts.end()) out.parts.push_back(wish);
  };
  for (const auto& wish : wishes) {
    if (wish.kind == decides) return wish;
    if (wish.kind == kind) std::ranges::for_each(wish.parts, add);
    else if (wish.kind != Wish::Kind::given && wish.kind != Wish::Kind::never) add(wish);
  }
  if (kind == Wish::Kind::all)  // an update makes it there
    std::erase_if(out.parts, [&](const Wish& part) { return part.verb == kMade && std::ranges::find(out.parts, one(part.subject, kUpdated)) != out.parts.end(); });
  if (out.parts.empty()) return {.kind = kind == Wish::Kind::any ? Wish::Kind::never : Wish::Kind::given};
  return out.parts.size() == 1 ? out.parts.front() : out;
}

// ---- In words

std::string list_of(const std::vector<std::string>& subjects, bool any) {
  std::string out = subjects.front();
  const auto named = std::min(subjects.size(), kSubjectsNamed);
  for (std::size_t i = 1; i < named; ++i) out += (i + 1 == subjects.size() ? (any ? " or " : " and ") : ", ") + subjects[i];
  if (named == subjects.size()) return out;
  return out + (any ? " or one of " : " and ") + std::to_string(subjects.size() - named) + " more";
}

std::string time_of(const Wish& wish) { return wish.at ? " (" + format_time(*wish.at) + ")" : ""; }

/// Those of the same verb in one breath: "a or b is updated".
std::string text_of(const Wish& wish) {
  if (wish.kind == Wish::Kind::one) return wish.subject + " " + wish.verb.one + time_of(wish);
  const bool any = wish.kind == Wish::Kind::any;
  std::string out;
  std::vector<bool> said(wish.parts.size());
  for (std::size_t i = 0; i < wish.parts.size(); ++i) {
    const auto& part = wish.parts[i];
    if (said[i]) continue;
    out += out.empty() ? "" : any ? " or " : ", and ";
    if (part.kind != Wish::Kind::one) {
      out += any ? "(" + text_of(part) + ")" : text_of(part);
      continue;
    }
    std::vector<std::string> subjects;
    for (std::size_t j = i; j < wish.parts.size(); ++j)
      if (const auto& other = wish.parts[j]; other.kind == part.kind && other.verb == part.verb && other.at == part.at) subjects.push_back(other.subject), said[j] = true;
    out += list_of(subjects, any) + " " + (subjects.size() == 1 || any ? part.verb.one : part.verb.many) + time_of(part);
  }
  return out;
}

bool is_tick(const Wish& wish) { return wish.kind == Wish::Kind::one && wish.verb == kTicks; }

std::string sentence_of(const Wish& wish) {
  const auto tick = [](const Wish& of) { return "at the tick of " + of.subject + time_of(of); };
  if (wish.kind == Wish::Kind::given) return "with the next look at its condition";
  if (wish.kind == Wish::Kind::never) return "not by itself: what its condition waits for has come already";
  if (is_tick(wish)) return tick(wish);
  const auto first = std::ranges::find_if(wish.parts, is_tick);
  if (wish.kind != Wish::Kind::all || first == wish.parts.end()) return "when " + text_of(wish);
  auto others = wish.parts;
  std::erase(others, *first);
  return tick(*first) + ", once " + text_of(joined(Wish::Kind::all, others));
}

// ---- What is waited for

class Outlook {
 public:
  Outlook(const AutomationWorld& world, WallTime now, AssetId asset) : world_(world), now_(now), asset_(asset) {}

  /// That it become true, or false (`wanted`), of one of the partitions in `of`.
  Wish wish(const ConditionAnswer& answer, bool wanted, const IndexSet& of) const {
    const auto holds = answer.holds & of;
    switch (answer.condition->kind) {
      case Kind::negation: return wish(answer.children.front(), !wanted, of);
      case Kind::since: return wish(answer.children[wanted ? 0 : 1], true, wanted ? of : holds);
      case Kind::newly_true: return wanted ? anew(answer.children.front()) : Wish{};
      case Kind::all_of: return wanted ? all_true(answer, of) : each(answer, false, holds, Wish::Kind::any);
      case Kind::any_of: return each(answer, wanted, wanted ? of : holds, wanted ? Wish::Kind::any : Wish::Kind::all);
      case Kind::any_deps:
      case Kind::all_deps: return of_deps(answer, wanted, wanted ? of : holds);
      default: return holds.empty() == wanted ? leaf(answer, wanted) : Wish{};
    }
  }

  /// Something that counts as a new cause.
  Wish causes(const ConditionAnswer& answer) const {
    std::vector<Wish> found;
    const auto kind = answer.condition->kind;
    const bool of_above = kind == Kind::newly_updated || kind == Kind::newly_updated_apart || kind == Kind::newly_requested;
    if (kind == Kind::cron_tick_passed || (of_above && answer.on != asset_)) found.push_back(leaf(answer, true));
    for (const auto& child : answer.children) found.push_back(causes(child));
    return joined(Wish::Kind::any, found);
  }

  Wish code_changes() const { return one("its code", kChanges); }

 private:
  std::string name(AssetId asset) const { return asset == asset_ ? "it" : world_.graph().key(asset); }
  IndexSet existing(AssetId asset) const { return world_.existing(asset, now_); }

  Wish leaf(const ConditionAnswer& answer, bool wanted) const {
    const auto on = answer.on;
    const auto either = [&](Verb is_true, Verb is_false) { return one(name(on), wanted ? is_true : is_false); };
    switch (answer.condition->kind) {
      case Kind::missing: return wanted ? another_partition(on) : one(name(on), (world_.materialized(on) & answer.holds).empty() ? kMade : kLetPass);
      case Kind::in_progress: return either(kBegins, kEnds);
      case Kind::failed: return either(kFails, kMadeAgain);
      case Kind::checks_passed: return either(kPasses, kFailsCheck);
      case Kind::in_latest_time_window: return wanted ? another_partition(on) : Wish{.kind = Wish::Kind::never};
      default: break;
    }
    if (!wanted) return {};  // what holds for one look only
    switch (answer.condition->kind) {
      case Kind::code_version_changed: return on == asset_ ? code_changes() : one("the code of " + name(on), kChanges);
      case Kind::cron_tick_passed: return tick(*answer.condition);
      case Kind::newly_requested:
      case Kind::requested: return one(name(on), kAskedFor);
      default: return one(name(on), kUpdated);
    }
  }

  Wish tick(const Condition& condition) const {
    const auto cron = CronSchedule::parse(condition.text, condition.zone);
    const auto zone = condition.zone.empty() || condition.zone == "UTC" ? "" : " in " + condition.zone;
    return one("cron \"" + condition.text + "\"" + zone, kTicks, cron ? cron->next(now_) : std::nullopt);
  }

  Wish another_partition(AssetId on) const {
    const auto subject = on == asset_ ? std::string("its next partition") : "the next partition of " + name(on);
    if (const auto at = world_.next_window(on, now_)) return one(subject, kComes, at);
    return world_.takes_keys(on) ? one(on == asset_ ? "a key of its partitions" : "a key of the partitions of " + name(on), kAdded) : Wish{.kind = Wish::Kind::never};
  }

  /// That it become true once more, whether or not it is.
  Wish anew(const ConditionAnswer& answer) const { return wish(answer, true, {}); }

  /// One partition of which all is true is enough; where the newest is asked for, it is that one.
  Wish all_true(const ConditionAnswer& answer, IndexSet of) const {
    std::vector<Wish> open;
    bool ticks = false;
    for (const auto& child : answer.children) {
      const auto holds = child.holds & of;
      // What was updated since the instant before does not count after the next one.
      if (ticks && child.condition->kind == Kind::all_deps && child.condition->name == "all_deps_updated_since_cron") {
        if (!child.children.empty()) open.push_back(one("all that it depends on", kUpdatedAfter));
        continue;
      }
      if (!holds.empty()) {
        of = holds;
        continue;
      }
      open.push_back(wish(child, true, of));
      ticks = ticks || is_tick(open.back());
    }
    return joined(Wish::Kind::all, open);
  }

  /// That an evaluation asks for one above comes to the same as its update.
  static bool is_of_requests(const Condition& condition) {
    return condition.kind == Kind::requested || (condition.kind == Kind::negation && is_of_requests(*condition.children.front()));
  }

  Wish each(const ConditionAnswer& answer, bool wanted, const IndexSet& of, Wish::Kind kind) const {
    std::vector<Wish> found;
    for (const auto& child : answer.children) {
      if (is_of_requests(*child.condition) && answer.children.size() > 1) continue;
      found.push_back(wish(child, wanted, of));
    }
    return joined(kind, found);
  }

  /// True of any, or of all, of those above, in what `of` is made from.
  Wish of_deps(const ConditionAnswer& answer, bool wanted, const IndexSet& of) const {
    const bool any = answer.condition->kind == Kind::any_deps;
    if ((answer.holds & of).empty() != wanted) return {};
    std::vector<Wish> found;
    for (const auto& child : answer.children) {
      const auto others = wanted ? existing(child.on) - child.holds : child.holds;
      const bool is_all = any != wanted;  // each that stands in the way
      if (is_all && (world_.made_from(answer.on, child.on, others) & of).empty()) continue;
      found.push_back(wish(child, wanted, others));
    }
    return joined(any == wanted ? Wish::Kind::any : Wish::Kind::all, found);
  }

  const AutomationWorld& world_;
  WallTime now_;
  AssetId asset_;
};

std::string unchecked_above(AssetId asset, const AutomationWorld& world) {
  std::vector<std::string> keys;
  for (const auto parent : world.graph().parents(asset))
    if (!world.unchecked(parent, asset).empty()) keys.push_back(world.graph().key(parent));
  return keys.empty() ? "what is above it" : list_of(keys, true);
}

}  // namespace

AutomationOutlook outlook_of(const ConditionAnswer& answer, const AutomationWorld& world, WallTime now, const std::string& before) {
  const Outlook outlook(world, now, answer.on);
  const auto wanted = answer.holds - world.in_progress(answer.on) - answer.spent - answer.unchecked;
  if (!wanted.empty() && world.may_request(answer.on)) return {"its condition is true: it is asked for next", ""};
  if (!wanted.empty()) return {"its condition is true: it is asked for once that is no longer paused", ""};
  if (!(answer.kept - answer.unchecked - world.in_progress(answer.on)).empty()) return {"its condition was true: it is asked for once that is no longer paused", ""};
  if (!answer.unchecked.empty()) {
    const auto above = unchecked_above(answer.on, world);
    return {"when the blocking checks of " + above + " have passed, or are waived" + (world.may_request(answer.on) ? "" : ", once that is no longer paused"), "a blocking check of " + above + " has not ended, or has failed"};
  }
  if (!answer.spent.empty())
    return {sentence_of(joined(Wish::Kind::any, {outlook.causes(answer), outlook.code_changes()})) + "; or by hand", "it was asked for for the same causes" + before};
  if (!answer.kept.empty()) return {"when the run that is to make it has ended without having made it", "a run that is not over is to make it"};
  if (!answer.holds.empty()) return {"when the run that is to make it has ended, if its condition is true then", "a run that is not over is to make it"};
  return {sentence_of(outlook.wish(answer, true, world.existing(answer.on, now))), ""};
}

}  // namespace assetd
