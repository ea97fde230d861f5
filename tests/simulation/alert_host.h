#pragma once
// Alerts and events of OpenLineage around a simulated daemon: the production book of alerts and the production happenings. When it is asked is played, after
// daemon/service/service_alerts.cc and service_openlineage.cc; so is the courier, with a lane for each rule, who ends with his daemon.

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/alert/book.h"
#include "core/engine/engine.h"
#include "tests/simulation/automation_host.h"
#include "tests/simulation/machine.h"

namespace assetd::simulation {

/// Does nothing where the seed has no alerts.
class AlertHost {
 public:
  AlertHost(Machine& machine, const AutomationHost& assets) : machine_(machine), assets_(assets) {}

  /// From the store, after a start or a failed commit; then use() and, for each run, know().
  void restore();
  void use(const RunContext& context) { context_ = context; }
  void know(RunId run, std::shared_ptr<const RunPlan> plan, const RunContext& context);
  /// A change that the turn in progress commits.
  void note(const Change& change, const Now& now, FakeStore::Batch& batch);
  void note(const FreshnessTold& told, const Now& now, FakeStore::Batch& batch);
  /// The asset, or its check (not ""), is well again.
  void mend(const std::string& asset, const std::string& check, const Now& now, FakeStore::Batch& batch);
  void committed(const FakeStore::Batch& batch);

  // People.
  void silence(const Silence& silence, FakeStore::Batch& batch);
  void end_silence(const std::string& silence, const Now& now, FakeStore::Batch& batch);

  /// Between turns: what is due goes to the courier.
  void send_due(const Now& now);
  /// An attempt has ended, well or by an error.
  struct Report {
    std::string alert;
    std::optional<std::string> error;
  };
  bool can_deliver() const;
  Report deliver();
  void take(const Report& report, const Now& now, FakeStore::Batch& batch);

  std::optional<WallTime> next_due() const { return off() ? std::nullopt : book_.next_due(); }
  /// Nothing waits to be delivered.
  bool is_quiet() const { return off() || (book_.pending() == 0 && !can_deliver()); }

 private:
  struct Known {
    std::shared_ptr<const RunPlan> plan;
    RunContext context;
  };
  bool off() const { return machine_.options.alerts == 0; }
  const Known* known(RunId run) const;
  const AlertSpec* rule(const std::string& name) const;
  void tell(Happening happening, FakeStore::Batch& batch);
  void tell_lineage(const StepChanged& change, const Now& now, FakeStore::Batch& batch);
  bool is_about(const std::string& select, const Happening& happening) const;
  std::vector<std::string> owners_of(const Happening& happening) const;

  Machine& machine_;
  const AutomationHost& assets_;
  AlertBook book_;
  RunContext context_;
  std::map<RunId, Known> known_;
  std::map<std::string, std::deque<AlertRecord>> lanes_;  ///< by rule
};

}  // namespace assetd::simulation
