#pragma once
// Why each step waits, worked out anew from what is stored: slow and simple, to be equal to what the engine says.

#include "core/engine/engine.h"
#include "tests/simulation/fake_store.h"

namespace assetd::simulation {

/// Throws std::logic_error where a step that waits has no stated blocker or another one, and where one waits that could start.
void check_blockers(const Engine& engine, const FakeStore& store, const std::map<std::string, int>& pools, WallTime now);

}  // namespace assetd::simulation
