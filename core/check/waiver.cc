#include "core/check/waiver.h"

#include "core/schedule/cron.h"

namespace assetd {

namespace {

const Waiver* find(const Waivers& waivers, const WaiverKey& key, WallTime now) {
  const auto found = waivers.find(key);
  return found == waivers.end() || found->second.until <= now ? nullptr : &found->second;
}

}  // namespace

const Waiver* waiver_in_force(const Waivers& waivers, const std::string& asset, const std::string& check, const std::string& partition, WallTime now) {
  const auto* own = partition.empty() ? nullptr : find(waivers, {asset, check, partition}, now);
  return own ? own : find(waivers, {asset, check}, now);
}

std::string in_words(const Waiver& waiver) { return "waived by " + waiver.by + " until " + format_time(waiver.until) + ": " + waiver.reason; }

}  // namespace assetd
