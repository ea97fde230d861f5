// limits: of a run block or an import.
#include <cmath>

#include "core/definition/reading.h"
#include "core/definition/scalars.h"
#include "core/definition/sizes.h"

namespace assetd {
namespace {

constexpr std::uint64_t kLeastMemory = 1 << 20;

std::optional<std::uint64_t> read_memory(MapReader& limits) {
  const auto* node = limits.take("memory");
  if (!node) return std::nullopt;
  const auto bytes = node->kind == YamlNode::Kind::scalar ? parse_size(node->text) : std::nullopt;
  if (bytes && *bytes >= kLeastMemory) return bytes;
  limits.refuse("memory", *node, "a size of at least 1MiB", "as in 512MiB or 2GiB");
  return std::nullopt;
}

std::optional<std::uint64_t> read_cpu(MapReader& limits) {
  const auto processors = limits.number("cpu", 0.01, 4096);
  return processors ? std::optional(static_cast<std::uint64_t>(std::lround(*processors * 1000))) : std::nullopt;
}

/// The kernel counts seconds.
std::optional<Millis> read_cpu_time(MapReader& limits) {
  const auto time = limits.duration("cpu_time");
  if (!time || (*time >= Millis(1000) && time->count() % 1000 == 0)) return time;
  limits.refuse("cpu_time", *limits.take("cpu_time"), "whole seconds, at least 1s");
  return std::nullopt;
}

std::optional<std::uint64_t> read_count(MapReader& limits, std::string_view key, std::int64_t least) {
  const auto count = limits.integer(key, least, 1'000'000'000);
  return count ? std::optional(static_cast<std::uint64_t>(*count)) : std::nullopt;
}

}  // namespace

LimitsSpec read_limits(MapReader& reader) {
  constexpr std::int64_t kFewestFiles = 8;  // below it hardly a program starts
  const auto* node = reader.take("limits");
  if (!node) return {};
  MapReader limits(reader.file(), *node, "limits:");
  LimitsSpec result;
  result.memory = read_memory(limits);
  result.cpu_millis = read_cpu(limits);
  result.cpu_time = read_cpu_time(limits);
  result.open_files = read_count(limits, "open_files", kFewestFiles);
  result.processes = read_count(limits, "processes", 1);
  limits.refuse_rest();
  return result;
}

}  // namespace assetd
