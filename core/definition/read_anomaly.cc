// anomaly: of a check.
#include "core/definition/reading.h"
#include "core/definition/scalars.h"

namespace assetd {
namespace {

constexpr int kMostLookedAt = 1'000;
constexpr double kMostSigma = 1'000;

}  // namespace

void read_anomaly(MapReader& check, CheckSpec& spec) {
  const auto* node = check.take("anomaly");
  if (!node) return;
  MapReader reader(check.file(), *node, "anomaly:");
  auto& anomaly = spec.anomaly.emplace();
  anomaly.metric = reader.required_text("metric");
  if (const auto sigma = reader.number("sigma", 0, kMostSigma)) {
    anomaly.sigma = *sigma;
    if (*sigma == 0) check.file().error(reader.at("sigma"), "\"sigma\" must be more than 0: any other value than the mean would be an anomaly", "3 is usual");
  }
  if (const auto last = reader.integer("last", 2, kMostLookedAt)) anomaly.last = static_cast<int>(*last);
  if (const auto min = reader.integer("min", 1, kMostLookedAt)) anomaly.min = static_cast<int>(*min);
  if (anomaly.min > anomaly.last)
    check.file().error(reader.at("min"), "min: " + std::to_string(anomaly.min) + " is more than last: " + std::to_string(anomaly.last) + ", so it would never judge",
                       "make it at most as large");
  reader.refuse_rest();
  if (check.node().find("run"))
    check.file().error(*node, "a check has either run: or anomaly:, not both", "the daemon judges an anomaly by itself; write two checks");
  if (check.node().find("depends_on"))
    check.file().error(check.at("depends_on"), "an anomaly is one of the asset's own materialization: it depends on nothing else", "remove depends_on:");
}

}  // namespace assetd
