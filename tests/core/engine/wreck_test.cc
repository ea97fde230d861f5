// A run whose stored plan is damaged: what runs of it holds its slots until it has ended, then the run ends with that as its cause.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/engine/engine.h"

namespace assetd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Now kNow{WallTime(Millis(1'700'000'000'000)), Millis(5'000)};

AttemptRecord attempt(const std::string& id, std::optional<AttemptOutcome> outcome = std::nullopt) {
  AttemptRecord record;
  record.id = id;
  record.run = 7;
  record.slots = {{"gpu", 1}};
  record.outcome = outcome;
  return record;
}

Wreck wreck(RunStatus status, std::vector<AttemptRecord> attempts) {
  RunRecord run;
  run.id = 7;
  run.status = status;
  run.steps_total = 4;
  return make_wreck(run, {{.step = 0, .status = StepStatus::succeeded}, {.step = 1, .status = StepStatus::running}}, std::move(attempts), "its stored plan is damaged");
}

Engine engine() {
  Engine made([] { return AttemptId(32, 'f'); }, 0);
  made.handle(kNow, PoolsChanged{{{"gpu", 2}}});
  return made;
}

AttemptExited exited(const AttemptId& id) {
  AttemptExited input{id, {}, {}};
  input.exit.kind = ExitReport::Kind::signaled;
  input.exit.signal = 15;
  input.exit.ended_at = kNow.wall;
  return input;
}

template <typename Kind>
std::vector<Kind> of(const Output& output) {
  std::vector<Kind> found;
  for (const auto& change : output.changes)
    if (const auto* one = std::get_if<Kind>(&change)) found.push_back(*one);
  return found;
}

TEST(EngineWreck, EndsWithItsLastLiveAttemptAndHoldsItsSlotsUntilThen) {
  auto e = engine();
  const auto restored = e.restore(kNow, wreck(RunStatus::running, {attempt("a"), attempt("b"), attempt("old", AttemptOutcome::failed)}));
  EXPECT_THAT(restored.changes, IsEmpty());
  EXPECT_EQ(e.dispatcher().used("gpu"), 2);
  EXPECT_EQ(e.last_run(), 7);

  const auto first = e.handle(kNow, exited("a"));
  EXPECT_THAT(of<RunChanged>(first), IsEmpty());
  const auto ended = of<AttemptEnded>(first).at(0).attempt;
  EXPECT_EQ(ended.outcome, AttemptOutcome::failed);
  EXPECT_EQ(ended.reason, "plan_damaged");
  EXPECT_EQ(ended.exit.value().signal, 15);
  EXPECT_EQ(std::get<ForgetAttempt>(first.effects.at(0)).run, 7);
  EXPECT_EQ(e.dispatcher().used("gpu"), 1);

  const auto last = e.handle(kNow, exited("b"));
  const auto run = of<RunChanged>(last).at(0);
  EXPECT_EQ(run.run.status, RunStatus::failed);
  EXPECT_EQ(run.run.reason, "plan_damaged");
  EXPECT_EQ(run.run.detail, "its stored plan is damaged");
  EXPECT_EQ(run.counts, (std::map<std::string, std::uint32_t>{{"succeeded", 1}, {"failed", 1}, {"canceled", 2}}));
  const auto step = of<StepChanged>(last).at(0);
  EXPECT_EQ(step.step.step, 1U);
  EXPECT_EQ(step.step.status, StepStatus::failed);
  EXPECT_THAT(of<StepsEnded>(last).at(0).steps, ElementsAre(2U, 3U)) << "those that never began";
  EXPECT_EQ(e.dispatcher().used("gpu"), 0);
  EXPECT_THAT(e.wrecks(), IsEmpty());
  EXPECT_THAT(of<AttemptEnded>(e.handle(kNow, exited("b"))), IsEmpty()) << "said again";
}

TEST(EngineWreck, EndsAtOnceWhenNothingRuns) {
  auto e = engine();
  const auto output = e.restore(kNow, wreck(RunStatus::running, {attempt("old", AttemptOutcome::succeeded)}));
  EXPECT_THAT(of<RunChanged>(output), SizeIs(1));
  EXPECT_THAT(e.wrecks(), IsEmpty());
}

TEST(EngineWreck, EndsAsCanceledWhenItWasBeingCanceled) {
  auto e = engine();
  e.restore(kNow, wreck(RunStatus::canceling, {attempt("a")}));
  const auto output = e.handle(kNow, exited("a"));
  EXPECT_EQ(of<RunChanged>(output).at(0).run.status, RunStatus::canceled);
  EXPECT_EQ(of<AttemptEnded>(output).at(0).attempt.outcome, AttemptOutcome::canceled);
  EXPECT_EQ(of<StepChanged>(output).at(0).step.status, StepStatus::canceled);
}

TEST(EngineWreck, IsWaitedForByTheRunsBehindItInItsSchedulesLine) {
  auto e = engine();
  auto damaged = wreck(RunStatus::running, {attempt("a")});
  damaged.run.trigger = {"schedule", "nightly", std::nullopt};
  e.restore(kNow, std::move(damaged));
  RunRecord behind;
  behind.id = 8;
  behind.trigger = {"schedule", "nightly", std::nullopt};
  behind.in_line = true;
  EXPECT_THAT(e.ahead_of(behind), ElementsAre(7));
  e.handle(kNow, exited("a"));
  EXPECT_THAT(e.ahead_of(behind), IsEmpty());
}

}  // namespace
}  // namespace assetd
