#pragma once
// A service whose state the test sets. Commands are answered on another thread, as the real one does.

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "core/schedule/cron.h"
#include "daemon/service/service.h"

namespace assetd::test {

class FakeService : public Service {
 public:
  struct Command {
    std::string what;  ///< "request_run", "cancel_run 41", …
    Caller caller;
    RunRequestBody body;
    std::vector<std::string> keys;
    bool flag = false;
  };

  // What the test sets, before requests that depend on it.
  Reply reply{201, {{"id", "41"}, {"status", "queued"}, {"steps_total", 1}, {"as_of", 7}, {"steps", nlohmann::json::array()}}};
  std::shared_ptr<Project> current;
  std::map<std::int64_t, std::shared_ptr<const Project>> versions;
  AssetTable table;
  std::map<RunId, LiveRun> live;
  QueueView queue_view;
  std::vector<PoolView> pool_views;
  std::vector<ScheduleView> schedule_views;
  std::vector<SensorView> sensor_views;
  AutomationPage automation_page;
  nlohmann::json definitions = {{"version", "3"}, {"state", "current"}, {"errors", nlohmann::json::array()}};
  std::vector<Unready> reasons;
  DataPaths data_paths;
  std::atomic<std::uint64_t> revision{1};
  nlohmann::json latched = nullptr;     ///< as of project_status()
  std::function<void()> before_answer;  ///< on the answering thread

  ~FakeService() override { wait_for_answers(); }

  /// What `before_answer` looks at is used no more.
  void wait_for_answers() {
    std::unique_lock lock(mutex_);
    auto threads = std::exchange(threads_, {});
    lock.unlock();
    for (auto& thread : threads) thread.join();
  }

  std::vector<Command> commands() const {
    const std::lock_guard lock(mutex_);
    return commands_;
  }
  void publish(const std::vector<Event>& events) {
    std::map<int, std::function<void(const std::vector<Event>&)>> listeners;
    {
      const std::lock_guard lock(mutex_);
      listeners = listeners_;
    }
    for (auto& [id, listener] : listeners) listener(events);
  }

  void request_run(Caller caller, RunRequestBody body, Done done) override { take({"request_run", caller, body}, std::move(done)); }
  void cancel_run(Caller caller, RunId run, Done done) override { take({"cancel_run " + std::to_string(run), caller}, std::move(done)); }
  void retry_run(Caller caller, RunId run, RetryBody body, Done done) override {
    take({"retry_run " + std::to_string(run), caller, {}, std::move(body.keys), body.from_start}, std::move(done));
  }
  void waive_check(Caller caller, RunId run, std::string check, WaiveBody body, Done done) override {
    take({"waive_check " + std::to_string(run) + " " + check + " " + body.reason + (body.until ? " " + format_time(*body.until) : "") + (body.partition.empty() ? "" : " in " + body.partition), caller}, std::move(done));
  }
  void unwaive_check(Caller caller, std::string key, std::string check, UnwaiveBody body, Done done) override {
    take({"unwaive_check " + key + " " + check + " " + body.reason + (body.partition.empty() ? "" : " in " + body.partition), caller}, std::move(done));
  }
  void acknowledge(Caller caller, std::string key, std::string note, bool taken, Done done) override {
    take({"acknowledge " + key + " " + note, caller, {}, {}, taken}, std::move(done));
  }
  void set_priority(Caller caller, RunId run, int priority, Done done) override {
    take({"set_priority " + std::to_string(run) + " " + std::to_string(priority), caller}, std::move(done));
  }
  void resize_pool(Caller caller, std::string pool, std::optional<int> slots, std::string reason, Done done) override {
    take({"resize_pool " + pool + " " + (slots ? std::to_string(*slots) : "reset") + " " + reason, caller}, std::move(done));
  }
  void pause_schedule(Caller caller, std::string schedule, bool pause, std::string reason, Done done) override {
    take({"pause_schedule " + schedule + " " + reason, caller, {}, {}, pause}, std::move(done));
  }
  void trigger_schedule(Caller caller, std::string schedule, Done done) override { take({"trigger_schedule " + schedule, caller}, std::move(done)); }
  void pause_sensor(Caller caller, std::string sensor, bool pause, std::string reason, Done done) override {
    take({"pause_sensor " + sensor + " " + reason, caller, {}, {}, pause}, std::move(done));
  }
  void evaluate_sensor(Caller caller, std::string sensor, bool dry_run, Done done) override { take({"evaluate_sensor " + sensor, caller, {}, {}, dry_run}, std::move(done)); }
  void reset_sensor(Caller caller, std::string sensor, std::string cursor, std::string reason, Done done) override {
    take({"reset_sensor " + sensor + " " + cursor + " " + reason, caller}, std::move(done));
  }
  void deliver_hook(HookDelivery delivery, Done done) override {
    take({"deliver_hook " + delivery.sensor + " " + delivery.signature + " " + delivery.id + " " + delivery.body, {}}, std::move(done));
  }
  void pause_automation(Caller caller, std::string asset, std::string reason, std::optional<WallTime> until, Done done) override {
    take({"pause_automation " + asset + " " + reason + (until ? " " + format_time(*until) : ""), caller}, std::move(done));
  }
  void resume_automation(Caller caller, std::string asset, std::string reason, Done done) override {
    take({"resume_automation " + asset + " " + reason, caller}, std::move(done));
  }
  void report_materialization(Caller caller, std::string key, ReportBody body, Done done) override {
    take({"report_materialization " + key + " " + body.reason + " " + body.metadata.dump() + body.data_version + (body.partition.empty() ? "" : " " + body.partition), caller}, std::move(done));
  }
  void request_backfill(Caller caller, BackfillBody body, Done done) override {
    take({"request_backfill " + body.select + " " + in_words(body.partitions) + " " + std::to_string(body.max_runs), caller, {}, {}, body.newest_first}, std::move(done));
  }
  void command_backfill(Caller caller, std::int64_t backfill, BackfillCommand command, std::string reason, Done done) override {
    take({"command_backfill " + std::to_string(backfill) + " " + std::to_string(static_cast<int>(command)) + " " + reason, caller}, std::move(done));
  }
  void change_partition_keys(Caller caller, std::string set, std::vector<std::string> add, std::vector<std::string>, Done done) override {
    take({"change_partition_keys " + set, caller, {}, std::move(add)}, std::move(done));
  }
  void add_silence(Caller caller, SilenceBody body, Done done) override {
    take({"add_silence " + body.rule + " " + body.select + " " + body.reason, caller}, std::move(done));
  }
  void end_silence(Caller caller, std::string silence, Done done) override { take({"end_silence " + silence, caller}, std::move(done)); }
  void test_alert(Caller caller, std::string rule, Done done) override { take({"test_alert " + rule, caller}, std::move(done)); }
  void reload(Caller caller, Done done) override { take({"reload", caller}, std::move(done)); }
  void plan_definitions(Caller caller, Done done) override { take({"plan_definitions", caller}, std::move(done)); }
  void apply_definitions(Caller caller, std::string plan, Done done) override { take({"apply_definitions " + plan, caller}, std::move(done)); }
  void back_up(Caller caller, Done done) override { take({"back_up", caller}, std::move(done)); }
  void prune(Caller caller, Done done) override { take({"prune", caller}, std::move(done)); }

  std::shared_ptr<const PartitionsInForce> partitions() const override {
    if (!current) return nullptr;
    return std::make_shared<const PartitionsInForce>(PartitionsInForce{current, PartitionTable::make(current->definitions, current->graph, {}), {}});
  }
  std::shared_ptr<const Project> project() const override { return current; }
  std::shared_ptr<const Project> project(std::int64_t version) override {
    if (current && current->version == version) return current;
    const auto found = versions.find(version);
    return found == versions.end() ? nullptr : found->second;
  }
  void with_assets(const std::function<void(const AssetTable&)>& read) const override {
    const std::lock_guard lock(mutex_);
    read(table);
  }
  std::uint64_t assets_revision() const override { return revision; }
  std::optional<LiveRun> live_run(RunId run, const std::vector<StepIndex>& steps) override {
    const auto found = live.find(run);
    if (found == live.end()) return std::nullopt;
    const std::lock_guard lock(mutex_);
    explained_.insert(explained_.end(), steps.begin(), steps.end());
    auto asked = found->second;
    std::erase_if(asked.steps, [&](const LiveStep& step) { return std::ranges::find(steps, step.step) == steps.end(); });
    return asked;
  }
  std::optional<std::vector<StepIndex>> live_steps(RunId run, const std::vector<StepStatus>& statuses, StepIndex from, std::size_t limit) override {
    const auto found = live.find(run);
    if (found == live.end()) return std::nullopt;
    std::vector<StepIndex> steps;
    for (const auto& step : found->second.steps)
      if (step.step >= from && steps.size() < limit && std::ranges::find(statuses, step.status) != statuses.end()) steps.push_back(step.step);
    return steps;
  }
  /// Of which steps it was asked what they wait for.
  std::vector<StepIndex> explained() const {
    const std::lock_guard lock(mutex_);
    return explained_;
  }
  UnderWay under_way(const std::string&) override { return {}; }
  QueueView queue(std::size_t skip, std::size_t limit) override {
    auto page = queue_view;
    page.steps.erase(page.steps.begin(), page.steps.begin() + static_cast<std::ptrdiff_t>(std::min(skip, page.steps.size())));
    if (page.steps.size() > limit) page.steps.resize(limit);
    return page;
  }
  std::vector<PoolView> pools() override { return pool_views; }
  std::vector<ScheduleView> schedules() override { return schedule_views; }
  std::vector<SensorView> sensors() override { return sensor_views; }
  AutomationPage automation(const std::string&, std::size_t) override { return automation_page; }
  std::optional<AutomationView> automation_of(const std::string& key) override {
    for (const auto& view : automation_page.items)
      if (view.key == key) return view;
    return std::nullopt;
  }
  std::shared_ptr<const ForecastStart> forecast_start() override { return nullptr; }
  nlohmann::json definitions_status() const override { return definitions; }
  std::vector<Unready> unready() const override {
    const std::lock_guard lock(mutex_);
    return reasons;
  }
  std::string metrics_text() const override { return "# TYPE assetd_up gauge\nassetd_up 1\n"; }
  nlohmann::json project_status() const override { return {{"name", "shop"}, {"latched", latched}}; }
  int subscribe(std::function<void(const std::vector<Event>&)> listener) override {
    const std::lock_guard lock(mutex_);
    listeners_[++last_listener_] = std::move(listener);
    return last_listener_;
  }
  void unsubscribe(int id) override {
    const std::lock_guard lock(mutex_);
    listeners_.erase(id);
  }
  const DataPaths& paths() const override { return data_paths; }

 private:
  void take(Command command, Done done) {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
    threads_.emplace_back([this, done = std::move(done)] {
      if (before_answer) before_answer();
      done(reply);
    });
  }

  mutable std::mutex mutex_;
  std::vector<Command> commands_;
  std::vector<StepIndex> explained_;
  std::vector<std::thread> threads_;
  std::map<int, std::function<void(const std::vector<Event>&)>> listeners_;
  int last_listener_ = 0;
};

}  // namespace assetd::test
