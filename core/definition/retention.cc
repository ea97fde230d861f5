#include "core/definition/retention.h"

#include "core/definition/sizes.h"
#include "core/schedule/cron.h"

namespace assetd {
Retention retention_of(const Definitions& definitions) {
  Retention retention;
  const auto settings = definitions.settings.find("retention");
  if (settings == definitions.settings.end()) return retention;
  const auto take = [&](const char* name, Millis& age) {
    if (const auto found = settings->find(name); found != settings->end() && found->is_string()) age = parse_duration(found->get<std::string>()).value_or(age);
  };
  take("events", retention.events);
  take("logs", retention.logs);
  take("runs", retention.runs);
  take("artifacts", retention.artifacts);
  if (const auto size = settings->find("max_bytes"); size != settings->end())
    retention.max_bytes = size->is_string() ? parse_size(size->get<std::string>()).value_or(0) : size->get<std::uint64_t>();
  return retention;
}

}  // namespace assetd
