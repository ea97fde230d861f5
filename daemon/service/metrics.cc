#include "daemon/service/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace assetd {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

const Histogram::BucketBoundaries kCommitSeconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5};

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  Family<Counter>& runs = prometheus::BuildCounter().Name("assetd_runs_total").Help("Runs by how they ended, and those created").Register(registry);
  Family<Counter>& steps = prometheus::BuildCounter().Name("assetd_steps_total").Help("Steps by how they ended").Register(registry);
  Family<Counter>& attempts = prometheus::BuildCounter().Name("assetd_attempts_total").Help("Attempts started, and by how they ended").Register(registry);
  Family<Counter>& checks = prometheus::BuildCounter().Name("assetd_check_results_total").Help("Check results by status").Register(registry);
  Family<Counter>& ticks = prometheus::BuildCounter().Name("assetd_schedule_ticks_total").Help("Schedule ticks by outcome").Register(registry);
  Family<Counter>& commits = prometheus::BuildCounter().Name("assetd_store_commits_total").Help("Transactions of the store by outcome").Register(registry);
  Histogram& commit_seconds =
      prometheus::BuildHistogram().Name("assetd_store_commit_seconds").Help("Duration of transactions, sync included").Register(registry).Add({}, kCommitSeconds);
  Gauge& heartbeat = gauge("assetd_scheduler_heartbeat_timestamp_seconds", "When the scheduling loop last came round, Unix time");
  Gauge& active_runs = gauge("assetd_active_runs", "Runs that have not ended");
  Gauge& live_attempts = gauge("assetd_live_attempts", "Attempts that hold slots");
  Gauge& waiting = gauge("assetd_ready_waiting", "Units of work that are ready and wait for slots or resources");
  Gauge& oldest = gauge("assetd_oldest_ready_age_seconds", "For how long the longest-waiting ready unit has waited");
  Gauge& latched = gauge("assetd_store_latched", "1 while the store has failed and is being recovered");
  Gauge& supervisor = gauge("assetd_supervisor_connected", "1 while the supervisor answers");
  Family<Gauge>& pool_slots = prometheus::BuildGauge().Name("assetd_pool_slots").Help("Slots of each pool").Register(registry);
  Family<Gauge>& pool_used = prometheus::BuildGauge().Name("assetd_pool_used_slots").Help("Slots held of each pool").Register(registry);

  Gauge& gauge(const char* name, const char* help) { return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({}); }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::count(const Change& change) {
  const auto add = [](Family<Counter>& family, std::string_view status, double by = 1) { family.Add({{"status", std::string(status)}}).Increment(by); };
  if (std::holds_alternative<RunCreated>(change)) add(impl_->runs, "created");
  else if (const auto* run = std::get_if<RunChanged>(&change); run && is_terminal(run->run.status)) add(impl_->runs, to_string(run->run.status));
  else if (const auto* step = std::get_if<StepChanged>(&change); step && is_terminal(step->step.status)) add(impl_->steps, to_string(step->step.status));
  else if (const auto* steps = std::get_if<StepsEnded>(&change)) add(impl_->steps, to_string(steps->status), static_cast<double>(steps->steps.size()));
  else if (std::holds_alternative<AttemptIntended>(change)) add(impl_->attempts, "intended");
  else if (const auto* ended = std::get_if<AttemptEnded>(&change))
    add(impl_->attempts, ended->attempt.outcome == AttemptOutcome::succeeded ? "succeeded" : ended->attempt.outcome == AttemptOutcome::failed ? "failed" : "canceled");
  else if (const auto* check = std::get_if<CheckReported>(&change)) add(impl_->checks, to_string(check->result.status));
  else if (const auto* tick = std::get_if<TickRecorded>(&change))
    add(impl_->ticks, tick->tick.outcome == TickOutcome::requested ? "requested" : tick->tick.outcome == TickOutcome::skipped ? "skipped" : "failed");
}

void Metrics::committed(std::chrono::nanoseconds took, bool ok) {
  impl_->commits.Add({{"status", ok ? "ok" : "failed"}}).Increment();
  impl_->commit_seconds.Observe(std::chrono::duration<double>(took).count());
}

void Metrics::heartbeat(WallTime now) { impl_->heartbeat.Set(static_cast<double>(now.time_since_epoch().count()) / 1000); }

std::string Metrics::text(const Gauges& gauges) {
  impl_->active_runs.Set(static_cast<double>(gauges.active_runs));
  impl_->live_attempts.Set(static_cast<double>(gauges.live_attempts));
  impl_->waiting.Set(static_cast<double>(gauges.waiting_units));
  impl_->oldest.Set(gauges.oldest_ready_seconds);
  impl_->latched.Set(gauges.latched ? 1 : 0);
  impl_->supervisor.Set(gauges.supervisor_connected ? 1 : 0);
  for (const auto& [name, use] : gauges.pools) {
    impl_->pool_used.Add({{"pool", name}}).Set(use.first);
    impl_->pool_slots.Add({{"pool", name}}).Set(use.second);
  }
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace assetd
