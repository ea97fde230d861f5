#pragma once
// How long what happened is kept: the `retention:` of a project, with the defaults of what it does not say.

#include <cstdint>
#include <optional>

#include "core/definition/spec.h"

namespace assetd {

/// Ages at which a thing goes, counted from its end.
struct Retention {
  Millis events{std::chrono::days(90)};
  Millis logs{std::chrono::days(30)};
  Millis runs{std::chrono::days(365)};
  Millis artifacts{std::chrono::days(365)};  ///< objects in the artifact store, from when another took their place
  std::optional<std::int64_t> max_bytes;  ///< of the store and the logs together; nothing: as much as their ages give
  bool operator==(const Retention&) const = default;
};

/// From the settings that the loader has checked.
Retention retention_of(const Definitions& definitions);

}  // namespace assetd
