#include "tests/simulation/receivers.h"

#include <algorithm>

#include "core/definition/spec.h"
#include "tests/simulation/violation.h"

namespace assetd::simulation {

void Receivers::take(const AlertRecord& alert, const FakeStore& store) {
  const auto known = std::ranges::find(store.alerts(), alert.id, &AlertRecord::id);
  if (known == store.alerts().end()) broken(Invariant::delivered, "an alert of " + alert.rule + " about " + alert.cause + " is sent and not committed");
  if (known->state == AlertState::silenced) broken(Invariant::delivered, "an alert of " + alert.rule + " about " + alert.cause + " is sent through a silence");
  if (alert.event == kOpenLineage) check_order(alert, store);
  arrived_.insert(alert.id);
}

/// All that the outbox had of its step before it has arrived, or was given up.
void Receivers::check_order(const AlertRecord& alert, const FakeStore& store) const {
  for (const auto& other : store.alerts()) {
    if (other.id == alert.id) return;
    if (other.run == alert.run && other.event == kOpenLineage && other.body == alert.body && other.state != AlertState::failed && !has(other.id))
      broken(Invariant::delivered, alert.reason + " of " + alert.body.dump() + " arrives before " + other.reason);
  }
}

}  // namespace assetd::simulation
