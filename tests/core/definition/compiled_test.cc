#include "core/definition/compiled.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/core/definition/load_sample.h"

namespace assetd {
namespace {

using ::testing::HasSubstr;

template <typename T>
T any() {
  return *rc::gen::arbitrary<T>();
}

// UTF-8 texts: what else there may be is refused when the project is read.
std::string text() {
  return *rc::gen::element<std::string>("", "a", "two words", "é\n\t", "\"quoted\" \\ /", "${secret:X}",
                                        std::string("nul\0!", 5));
}
std::vector<std::string> texts() {
  return *rc::gen::container<std::vector<std::string>>(*rc::gen::inRange(0, 4), rc::gen::exec(text));
}
std::map<std::string, std::string> text_map() {
  return *rc::gen::container<std::map<std::string, std::string>>(rc::gen::exec(text), rc::gen::exec(text));
}
SourceRef source() {
  return any<bool>() ? SourceRef{} : SourceRef{text(), *rc::gen::inRange(0, 99), *rc::gen::inRange(0, 99)};
}
nlohmann::json json() { return nlohmann::json{{text(), any<int>()}, {"list", texts()}, {"null", nullptr}, {"x", 0.1}}; }
std::optional<Millis> duration() {
  return any<bool>() ? std::nullopt : std::optional(Millis(*rc::gen::inRange(0, 1'000'000)));
}

LimitsSpec limits() {
  const auto count = [] { return any<bool>() ? std::nullopt : std::optional(*rc::gen::inRange<std::uint64_t>(0, 1ull << 40)); };
  return {count(), count(), duration(), count(), count()};
}

RunSpec run() {
  RunSpec run;
  run.plugin = text();
  run.command = texts();
  if (any<bool>()) run.config = json();
  run.cwd = text();
  run.env = text_map();
  run.env_file = text();
  run.inherit_env = texts();
  run.timeout = duration();
  run.queue_timeout = duration();
  run.stop_signal = *rc::gen::element<std::string>("", "TERM", "INT");
  run.grace = Millis(*rc::gen::inRange(0, 20'000));
  run.limits = limits();
  run.warm = any<bool>();
  return run;
}

RetrySpec retries() {
  return {*rc::gen::inRange(0, 9), Millis(any<int>()),
          *rc::gen::element(Backoff::constant, Backoff::linear, Backoff::exponential),
          *rc::gen::inRange(0, 100) / 100.0, duration(), texts()};
}

AssetSpec asset(int number) {
  AssetSpec asset;
  asset.key = "asset_" + std::to_string(number);
  asset.source = source();
  for (const auto& key : texts())
    asset.deps.push_back({key, *rc::gen::element(OnFailure::skip, OnFailure::proceed),
                          any<bool>() ? SourceRef{asset.source.file, 3, 4} : source(), *rc::gen::element(nlohmann::json(), nlohmann::json("last"), nlohmann::json{{"offset", -1}})});
  asset.description = text();
  asset.group = text();
  asset.kinds = texts();
  asset.owners = texts();
  asset.tags = text_map();
  asset.code_version = text();
  if (any<bool>()) asset.partitions = PartitionsSpec{{{"", TimeWindowsSpec{.start = "2026-01-01", .timezone = "Europe/London"}}}, *rc::gen::inRange(0, 3)};
  else if (any<bool>()) asset.partitions = PartitionsSpec{{{"at", TimeWindowsSpec{.grain = Grain::hourly, .start = "2026-01-01", .end = "2026-02-01"}}, {"of", StaticPartitionsSpec{{"a", "b"}}}}};
  asset.renamed_from = text();
  asset.runbook = text();
  asset.external = any<bool>();
  if (!asset.external) asset.run = run();
  asset.retries = retries();
  asset.pools = {{text(), 2}};
  asset.uses = {{text(), *rc::gen::element(HoldMode::read, HoldMode::write)}};
  asset.freshness = {duration(), text(), text(), duration(), text()};
  asset.import = *rc::gen::inRange(-1, 3);
  asset.batch = text();
  if (any<bool>()) asset.data = json();
  if (any<bool>()) asset.metadata = json();
  return asset;
}

CheckSpec check() {
  CheckSpec check{text(),      text(),  texts(), *rc::gen::element(Severity::error, Severity::warn),
                  any<bool>(), text(),  {},      {}, *rc::gen::inRange(-1, 3),
                  nullptr,     source()};
  if (any<bool>()) check.run = run();
  if (any<bool>()) check.anomaly = AnomalySpec{.metric = text(), .sigma = 2.5, .last = *rc::gen::inRange(2, 30), .min = *rc::gen::inRange(2, 9)};
  if (any<bool>()) check.data = json();
  return check;
}

ImportSpec import() {
  ImportSpec import{text(), text(), any<bool>(), text()};
  import.config = json();
  import.defaults = {run(), text(), texts(), text_map(), {{"cpu", 1}}, {{"db", HoldMode::write}}, retries()};
  import.describe_timeout = duration();
  import.watch = texts();
  import.versions = text_map();
  import.source = source();
  return import;
}

std::optional<int> count() { return any<bool>() ? std::optional(*rc::gen::inRange(1, 9)) : std::nullopt; }

RunTerms terms() { return {{duration(), duration()}, count(), count(), {{text(), text()}}}; }

AlertSpec alert() {
  AlertSpec alert;
  alert.name = text();
  alert.on = {*rc::gen::element(AlertEvent::run_failed, AlertEvent::run_succeeded, AlertEvent::run_canceled), AlertEvent::check_failed};
  alert.select = text();
  alert.owners = texts();
  if (any<bool>()) alert.webhook = WebhookSpec{text(), *rc::gen::element(WebhookForm::json, WebhookForm::slack), text()};
  if (any<bool>()) alert.email = EmailSpec{text(), text(), texts(), text(), text()};
  alert.program = texts();
  alert.run.env = {{text(), text()}};
  alert.run.env_file = text();
  alert.run.inherit_env = texts();
  alert.repeat = Millis(*rc::gen::inRange(0, 20'000));
  alert.timeout = Millis(*rc::gen::inRange(0, 20'000));
  alert.give_up = Millis(*rc::gen::inRange(0, 20'000));
  alert.select_source = source();
  alert.source = source();
  return alert;
}

SensorSpec sensor() {
  SensorSpec sensor;
  sensor.name = text();
  sensor.kind = *rc::gen::element(SensorKind::file, SensorKind::webhook, SensorKind::asset, SensorKind::sql, SensorKind::program);
  const auto span = [] { return Millis(*rc::gen::inRange(1, 90'000)); };
  if (sensor.kind == SensorKind::file) sensor.file = {text(), span(), *rc::gen::element(FilesPer::batch, FilesPer::file), *rc::gen::element(ExistingFiles::fire, ExistingFiles::skip)};
  if (sensor.kind == SensorKind::webhook) sensor.webhook = {text(), *rc::gen::element(HookForm::assetd, HookForm::github), span()};
  if (sensor.kind == SensorKind::asset) sensor.asset = {text(), {AssetHappening::materialized, AssetHappening::skipped}, source()};
  if (sensor.kind == SensorKind::sql) sensor.sql = {text(), text(), text(), *rc::gen::element(SqlWhen::changes, SqlWhen::rows)};
  if (any<bool>()) sensor.run = run();
  sensor.job = text();
  sensor.select = text();
  sensor.target_source = source();
  sensor.every = span();
  sensor.timeout = span();
  sensor.overlap = *rc::gen::element(Overlap::skip, Overlap::allow);
  sensor.terms = terms();
  sensor.paused = any<bool>();
  sensor.source = source();
  return sensor;
}

Definitions definitions() {
  Definitions result;
  result.name = text();
  result.environment = text();
  for (int i = 0; i < *rc::gen::inRange(0, 3); ++i) result.assets.push_back(asset(i));
  for (int i = 0; i < *rc::gen::inRange(0, 2); ++i) result.checks.push_back(check());
  for (int i = 0; i < *rc::gen::inRange(0, 2); ++i) result.imports.push_back(import());
  result.jobs.push_back({text(), text(), terms(), source(), source()});
  result.schedules.push_back({text(), text(), text(), source(), text(), text(),
                              *rc::gen::element(Misfire::skip, Misfire::once, Misfire::all),
                              *rc::gen::element(Overlap::skip, Overlap::queue, Overlap::cancel_running, Overlap::allow),
                              Millis(*rc::gen::inRange(0, 9)), terms(), any<bool>(), source()});
  result.sensors.push_back(sensor());
  result.alerts.push_back(alert());
  result.exposures.push_back({text(), text(), text(), text(), text(), {text(), text()}, *rc::gen::inRange(-1, 3), source()});
  result.pools[text()].slots = 3;
  result.limits = {count(), {{text(), 2}}};
  result.resources[text()] = {text(), json()};
  if (any<bool>()) result.settings = json();
  result.warnings.push_back({text(), source()});
  return result;
}

TEST(Compiled, ComesBackAsItWentIn) {
  ASSERT_TRUE(rc::check("from_compiled(to_compiled(x)) == x", [] {
    const auto before = definitions();
    const auto compiled = to_compiled(before);
    const auto after = from_compiled(compiled);
    if (!after) RC_FAIL(after.error());
    RC_ASSERT(*after == before);
    RC_ASSERT(to_compiled(*after) == compiled);
  }));
}

Definitions small() {
  return testing::load("assets:\n  - {key: a, run: {command: [x]}}\n  - {key: b, deps: [a], run: {command: [x]}}\n")
      .definitions;
}

TEST(Compiled, StoresASharedWayToRunOnce) {
  const auto compiled = to_compiled(small());
  EXPECT_EQ(compiled.find("{\"run\":"), compiled.rfind("{\"run\":"));
  EXPECT_NE(compiled.find("{\"run\":"), std::string::npos);
}

TEST(Compiled, NamesTheDamagedLine) {
  auto compiled = to_compiled(small());
  compiled.replace(compiled.find("\"key\":\"b\""), 9, "\"key\":17  ");
  const auto read = from_compiled(compiled);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error(), HasSubstr("line 4 of the compiled definitions is damaged"));
}

TEST(Compiled, RefusesWhatIsCutOffAtAnyByte) {
  const auto compiled = to_compiled(small());
  for (std::size_t length = 0; length + 1 < compiled.size(); ++length)
    EXPECT_FALSE(from_compiled(compiled.substr(0, length))) << length;
}

TEST(Compiled, RefusesALaterFormat) {
  auto compiled = to_compiled(small());
  compiled.replace(compiled.find("\"format\":1"), 10, "\"format\":9");
  const auto read = from_compiled(compiled);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error(), HasSubstr("format 9 is not known to this version"));
}

}  // namespace
}  // namespace assetd
