#pragma once
// Records with every field set to something of its own, and a text of each by which two can be compared.

#include <string>

#include "tests/daemon/store/temporary_store.h"

namespace assetd {

RunRecord sample_run(RunId id);
AttemptRecord sample_intent(RunId run, UnitIndex unit, std::vector<StepIndex> steps, int number = 1);
AttemptRecord sample_end(AttemptRecord intent);
StepRecord sample_step(StepIndex step, StepStatus status);
CheckResult sample_check(RunId run, CheckIndex check);
Materialization sample_materialization(RunId run, StepIndex step, const std::string& key);
AssetState sample_asset_state();

std::string text_of(const RunRecord& run);
std::string text_of(const AttemptRecord& attempt);
std::string text_of(const StepRecord& step);
std::string text_of(const CheckResult& result);
std::string text_of(const Materialization& value);
std::string text_of(const TickRecord& tick);
std::string text_of(const StepOutcome& outcome);
std::string text_of(const Event& event);

template <typename T>
std::vector<std::string> texts_of(const std::vector<T>& values) {
  std::vector<std::string> texts;
  for (const auto& value : values) texts.push_back(text_of(value));
  return texts;
}

}  // namespace assetd
