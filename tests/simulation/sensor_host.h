#pragma once
// Sensors around a simulated daemon: the production book of sensors and the production rules. When they are asked and what becomes of answers is played, after
// daemon/service/service_sensors.cc; so are the processes that look (daemon/sensors), which end with their daemon.

#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/engine.h"
#include "core/sensor/book.h"
#include "tests/simulation/automation_host.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/sensor_paces.h"

namespace assetd::simulation {

/// Does nothing where the seed has no sensors.
class SensorHost {
 public:
  SensorHost(Machine& machine, const AutomationHost& automation) : machine_(machine), automation_(automation) {}

  /// Of a turn of the daemon.
  struct Turn {
    const Now& now;
    FakeStore::Batch& batch;
    std::vector<std::function<void(bool)>>& after;
    const RunContext& context;  ///< that serves
    std::function<bool(AssetId)> can_run;
    std::function<RunId(RunRecord, AssetId)> begin;
  };
  /// An evaluation has ended.
  struct Answer {
    std::uint64_t evaluation = 0;
    std::string sensor;
    SensorFinding finding;
    bool followed = false;
    std::int64_t changes = 0;  ///< of all that it could have seen, how many things had happened when it looked
  };

  /// From the store, after a start or a failed commit; then use().
  void restore();
  void use(const Definitions& definitions, const Now& now);
  void look(Turn turn, const Engine& engine);
  void take(Turn turn, const Answer& answer, bool draining);
  void note_end(const RunRecord& run, const Now& now);
  void committed(const FakeStore::Batch& batch, const Now& now);

  /// Whoever calls a webhook is told whether it was taken.
  void deliver(Turn turn, const std::string& delivery, bool draining);
  // People.
  void pause(Turn turn, const std::string& sensor, bool paused);
  void reset(Turn turn, const std::string& sensor);
  const std::map<std::string, SensorBook::Entry>& entries() const { return book_.entries(); }

  // Processes that look, in any order.
  bool can_go_on(const Now& now) const;
  /// One of them goes on; what it answers once it ends.
  std::optional<Answer> go_on(const Now& now);
  /// Its files have changed, and somebody looks at them: it is told with the next turn.
  bool hears_of_files() const;
  void tell_of_files(const Now& now) { book_.tell(sensor::kFiles, now); }

  std::optional<Millis> next_due() const;  ///< boot time
  /// All of them have seen all that there is.
  bool is_quiet() const;

 private:
  struct Evaluation {
    std::string sensor;
    SensorSpec spec;
    std::string cursor;
    Millis begun{};
    bool hangs = false;
    bool counts = true;         ///< the daemon has not forgotten it
    std::optional<Answer> answer;  ///< it has looked
    bool has_answered = false;  ///< under way until that is taken
  };
  struct Found {
    std::vector<RunId> runs;
    int known = 0;
  };
  bool off() const { return machine_.options.sensors == 0; }
  void begin(Turn& turn, const std::string& name, const Engine& engine);
  std::optional<RunId> running_run_of(const std::string& sensor, const Engine& engine) const;
  std::expected<Found, std::string> request_found(Turn& turn, const SensorSpec& spec, const std::vector<SensorRequest>& requests);
  bool is_known(const Turn& turn, const std::string& sensor, const std::string& key) const;
  void record(Turn& turn, const std::string& name);
  SensorFinding find(const Evaluation& evaluation);
  SensorFinding run_program(const Evaluation& evaluation);
  static bool can_go_on(const Evaluation& evaluation, const Now& now);
  std::int64_t changes(SensorKind kind) const;

  Machine& machine_;
  const AutomationHost& automation_;  ///< who knows of the red button
  SensorBook book_;
  SensorPaces paces_;
  std::map<std::string, SensorState> stored_;
  std::map<std::string, SensorTick> stored_ticks_;
  std::map<std::uint64_t, Evaluation> under_way_;
  std::map<std::string, std::int64_t> seen_;  ///< changes() as of the last look that found nothing more
  Millis saved_at_{};
};

}  // namespace assetd::simulation
