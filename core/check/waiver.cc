#include "core/check/waiver.h"

#include "core/schedule/cron.h"

namespace assetd {

const Waiver* waiver_in_force(const Waivers& waivers, const std::string& asset, const std::string& check, WallTime now) {
  const auto found = waivers.find({asset, check});
  return found == waivers.end() || found->second.until <= now ? nullptr : &found->second;
}

std::string in_words(const Waiver& waiver) { return "waived by " + waiver.by + " until " + format_time(waiver.until) + ": " + waiver.reason; }

}  // namespace assetd
