#include "core/definition/retention.h"

#include <array>
#include <charconv>
#include <utility>

#include "core/schedule/cron.h"

namespace assetd {
namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 10> kUnits{{{"", 1},
                                                                            {"B", 1},
                                                                            {"kB", 1'000},
                                                                            {"KB", 1'000},
                                                                            {"MB", 1'000'000},
                                                                            {"GB", 1'000'000'000},
                                                                            {"TB", 1'000'000'000'000},
                                                                            {"MiB", std::int64_t{1} << 20},
                                                                            {"GiB", std::int64_t{1} << 30},
                                                                            {"TiB", std::int64_t{1} << 40}}};

}  // namespace

std::optional<std::int64_t> parse_size(std::string_view text) {
  std::int64_t number = 0, bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, factor] : kUnits)
    if (name == unit) return __builtin_mul_overflow(number, factor, &bytes) ? std::nullopt : std::optional(bytes);
  return std::nullopt;
}

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
  if (const auto size = settings->find("max_bytes"); size != settings->end())
    retention.max_bytes = size->is_string() ? parse_size(size->get<std::string>()) : std::optional(size->get<std::int64_t>());
  return retention;
}

}  // namespace assetd
