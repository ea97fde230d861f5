#pragma once
// The rules of alerts: which alert of which rule something gives, one at a time of each root cause, what a silence
// holds back, and when a delivery is tried again. What it decides is for the store; it keeps what is pending or open.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/alert/alert.h"
#include "core/definition/spec.h"
#include "core/engine/change.h"

namespace assetd {

/// Something that rules may be about.
struct Happening {
  AlertEvent event = AlertEvent::run_failed;
  WallTime at{};
  RunId run = 0;
  std::string asset;  ///< the root cause's; "": the run as a whole
  std::string check;
  std::string reason, detail;
  std::uint32_t skipped = 0;
  std::vector<std::string> owners;  ///< of the asset; of a run as a whole: of all of its assets
  bool acknowledged = false;        ///< somebody looks after it: what a rule has told of it is not told again
};

/// What the end of a run gives: each of its root causes by itself, or the run as a whole where it has none.
std::vector<Happening> happenings_of(const RunChanged& change);
/// A failing check of severity error; nothing for others.
std::optional<Happening> happening_of(const CheckResult& result);

/// The root cause in one text: the asset, "asset:check", or the run where nothing in it is to blame.
std::string cause_of(const Happening& happening);

/// Asked for each selection of a rule or silence: is what happened about an asset of it?
using IsSelected = std::function<bool(const std::string& select)>;

class AlertBook {
 public:
  /// What the store has: pending or open alerts in their order, and silences.
  AlertBook() = default;
  AlertBook(std::vector<AlertRecord> alerts, std::vector<Silence> silences);

  /// What `rule` makes of it, with `id` for a new alert, whose body is still empty: AlertRaised, AlertRepeated, or nothing.
  std::optional<AlertChange> tell(const AlertSpec& rule, const Happening& happening, const IsSelected& is_selected,
                                  const std::string& id);
  /// An alert that a person asks for: no silence holds it back and nothing is its repetition.
  AlertRaised test(const AlertSpec& rule, WallTime now, const std::string& id) const;
  /// Takes up a new alert, with its body.
  void take(const AlertRecord& alert);
  /// The asset was made, or its check (not "") passed: what was open of it is over.
  std::vector<AlertChange> mend(const std::string& asset, const std::string& check, WallTime now);

  void add(const Silence& silence);
  /// False: there is none that stands.
  bool end(const std::string& silence, WallTime now);

  /// Alerts whose time for an attempt has come, oldest first; each is under way from now on, until attempted().
  std::vector<AlertRecord> due(WallTime now);
  /// When due() has something to give; nothing while nothing waits.
  std::optional<WallTime> next_due() const;
  /// The attempt has ended, by `error` if it failed; `give_up` answers how long after the event one gives up. Nothing for
  /// an alert that is not known.
  std::optional<AlertAttempted> attempted(const std::string& id, const std::optional<std::string>& error, WallTime now,
                                          const std::function<Millis(const AlertRecord&)>& give_up);
  std::size_t pending() const { return pending_.size(); }

 private:
  using Cause = std::pair<std::string, std::string>;  ///< rule, root cause
  struct Mark {
    std::string id;  ///< of the alert that told it last
    WallTime at{};
    RunId run = 0;
    bool silenced = false;
    std::string asset, check;
  };
  const Silence* silence_of(const AlertSpec& rule, const Happening& happening, const IsSelected& is_selected) const;
  void mark(const AlertRecord& alert);

  std::map<Cause, Mark> open_;
  std::map<std::string, std::set<Cause>> open_by_asset_;
  std::map<std::string, AlertRecord> pending_;  ///< by id
  std::set<std::pair<WallTime, std::string>> waiting_;  ///< of pending_: next attempts of those that are not under way
  std::map<std::string, Silence> silences_;
};

/// How long after the attempt of this number, from 1, the next one comes: 1 s, 2 s, 4 s, …, at most 10 min.
Millis delay_after(int attempt);

}  // namespace assetd
