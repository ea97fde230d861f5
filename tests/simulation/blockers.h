#pragma once
// Why each step waits, worked out anew from what is stored: slow and simple, to be equal to what the engine says.

#include <functional>
#include <set>
#include <string>

#include "core/engine/engine.h"
#include "tests/simulation/fake_store.h"

namespace assetd::simulation {

/// What the engine states for a step.
using Said = std::function<std::vector<Blocker>(RunId, StepIndex)>;

/// Throws a Violation where a step that waits has no stated blocker or another one, and where one waits that could start. `held`: the kinds of what
/// keeps all starts back.
void check_blockers(const Engine& engine, const FakeStore& store, const std::set<std::string>& held, const Said& said);

}  // namespace assetd::simulation
