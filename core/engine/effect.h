#pragma once
// What the engine wants done in the world. Performed only after the changes of the same output are committed; each may be performed again after a crash.

#include <string>
#include <variant>
#include <vector>

#include "core/run/records.h"

namespace assetd {

struct StartAttempt {
  AttemptRecord attempt;
};
/// Signal, grace, …, then SIGKILL of the whole tree: carried out by the supervisor from start to end. An attempt that has not started is revoked.
struct StopAttempt {
  AttemptId attempt;
  std::vector<std::string> signals;
  Millis grace{10'000};
};
/// The end is committed: the claim and the attempt's scratch files may go.
struct ForgetAttempt {
  AttemptId attempt;
  RunId run = 0;
};
/// Shown live, not kept.
struct ShowProgress {
  RunId run = 0;
  StepIndex step = 0;
  double fraction = 0;
  std::string detail;
};

using Effect = std::variant<StartAttempt, StopAttempt, ForgetAttempt, ShowProgress>;

}  // namespace assetd
