#pragma once
// The rules of alerts: which alert of which rule something gives, one at a time of each root cause, what a silence
// holds back, and when a delivery is tried again. What it decides is for the store; it keeps what is pending or open.

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
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
  std::vector<std::string> partitions = {};  ///< in which it failed, in order; empty: the asset is not divided
  std::size_t more_partitions = 0;           ///< of the same run, too many for it to name their causes
  std::size_t failed_partitions = 0;         ///< how many of the asset are failed now, whichever run it was
  std::vector<std::string> owners;  ///< of the asset; of a run as a whole: of all of its assets
  bool acknowledged = false;        ///< somebody looks after it: what a rule has told of it is not told again
};

/// What the end of a run gives: each of its root causes by itself, all partitions of an asset as one, or the run as a whole where it has none.
std::vector<Happening> happenings_of(const RunChanged& change);
/// A failing check of severity error; nothing for others.
std::optional<Happening> happening_of(const CheckResult& result);

/// The root cause in one text: the asset, "asset:check", "freshness asset", or the run where nothing in it is to blame.
std::string cause_of(const Happening& happening);

/// Asked for each selection of a rule or silence: is what happened about an asset of it?
using IsSelected = std::function<bool(const std::string& select)>;

/// Asked for each partition that an alert names, and for "", any at all: is it failed still? False of an asset that is not divided.
using IsFailed = std::function<bool(const std::string& partition)>;

// Events of OpenLineage about the same step of the same run stand in a line: one is tried only once those before it have
// been delivered or given up, so that a receiver never learns of an end before the begin. Alerts for people do not wait
// for each other.
class AlertBook {
 public:
  /// What the store has: pending or open alerts in the order in which they were raised, and silences.
  AlertBook() = default;
  AlertBook(std::vector<AlertRecord> alerts, std::vector<Silence> silences);

  /// What `rule` makes of it, with `id` for a new alert, whose body is still empty: AlertRaised, AlertRepeated, or nothing.
  std::optional<AlertChange> tell(const AlertSpec& rule, const Happening& happening, const IsSelected& is_selected,
                                  const std::string& id);
  /// An alert that a person asks for: no silence holds it back and nothing is its repetition.
  AlertRaised test(const AlertSpec& rule, WallTime now, const std::string& id) const;
  /// Takes up a new alert, with its body: it comes after all that were taken before.
  void take(const AlertRecord& alert);
  /// The asset was made, or its check (not "") passed: what was open of it is over, unless it is about partitions that are failed still.
  std::vector<AlertChange> mend(const std::string& asset, const std::string& check, WallTime now, const IsFailed& is_failed);
  /// Its data is fresh again: that it was too old is over.
  std::vector<AlertChange> refresh(const std::string& asset, WallTime now);

  /// An asset has another key: what is open of it, and silences of it alone, go along.
  void rename(const std::string& former, const std::string& present);

  void add(const Silence& silence);
  /// False: there is none that stands.
  bool end(const std::string& silence, WallTime now);

  /// Alerts whose time for an attempt has come, oldest first, of the same moment in the order in which they were raised;
  /// each is under way from now on, until attempted().
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
    bool freshness = false;
    std::vector<std::string> partitions = {};  ///< that it names and that were not seen whole since
    bool wide = false;  ///< it is about more partitions than it names: over once none of the asset is failed
  };
  /// A step of a run as OpenLineage sees it: rule, run, asset, and what tells its partitions apart.
  using Line = std::tuple<std::string, RunId, std::string, std::string>;
  struct Pending {
    AlertRecord alert;
    std::uint64_t number = 0;  ///< the order in which they were raised: the store's, also after a restart
  };
  static std::optional<Line> line_of(const AlertRecord& alert);
  void await_turn(const Pending& pending);
  void leave_line(const AlertRecord& alert);
  const Silence* silence_of(const AlertSpec& rule, const Happening& happening, const IsSelected& is_selected) const;
  void mark(const AlertRecord& alert);
  std::vector<AlertChange> resolve(const std::string& asset, WallTime now, const std::function<bool(Mark&)>& is_over);

  std::map<Cause, Mark> open_;
  std::map<std::string, std::set<Cause>> open_by_asset_;
  std::map<std::string, Pending> pending_;  ///< by id
  std::map<Line, std::deque<std::string>> lines_;  ///< ids of pending_, first raised first; only the first is waiting or under way
  std::set<std::tuple<WallTime, std::uint64_t, std::string>> waiting_;  ///< of pending_: next attempt, number and id of those that are not under way
  std::uint64_t taken_ = 0;
  std::map<std::string, Silence> silences_;
};

/// How long after the attempt of this number, from 1, the next one comes: 1 s, 2 s, 4 s, …, at most 10 min.
Millis delay_after(int attempt);

}  // namespace assetd
