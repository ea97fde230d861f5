#include "supervisor/tree_tag.h"

#include <cstdint>

#include "supervisor/shell/processes.h"

namespace assetd::supervisor {

rlim_t tag_of(const std::string& attempt) {
  constexpr std::uint64_t kVeryLarge = std::uint64_t{1} << 62;
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char byte : attempt) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211u;
  return kVeryLarge | (hash & (kVeryLarge - 1));
}

bool has_tag(int pid, const std::string& attempt) {
  return hard_limit_of(pid, "Max realtime timeout") == tag_of(attempt) || has_in_environment(pid, "ASSETD_ATTEMPT_ID=" + attempt);
}

}  // namespace assetd::supervisor
