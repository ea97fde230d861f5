#include "core/run/artifacts.h"

#include <algorithm>

namespace assetd {
namespace {

constexpr std::size_t kMostArtifacts = 1000;  // of one step: they are kept in memory until it is materialized
constexpr std::size_t kLongestName = 1000;    // bytes
constexpr std::size_t kSha256Digits = 64;

std::string text(const nlohmann::json& said, const char* name) {
  const auto it = said.find(name);
  return it != said.end() && it->is_string() ? it->get<std::string>() : "";
}

bool is_sha256(const std::string& digits) {
  return digits.size() == kSha256Digits && std::ranges::all_of(digits, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

void ReportedArtifacts::add(const nlohmann::json& said) {
  const auto name = text(said, "name"), sha256 = text(said, "sha256");
  const auto size = said.find("size");
  const bool known = !name.empty() && name.size() <= kLongestName && is_sha256(sha256) && size != said.end() && size->is_number_integer();
  if (known && (by_name_.size() < kMostArtifacts || by_name_.contains(name))) by_name_[name] = std::to_string(size->get<std::int64_t>()) + " " + sha256;
  else all_known_ = false;
}

std::string ReportedArtifacts::content() const {
  std::string out;
  if (!all_known_) return out;
  for (const auto& [name, content] : by_name_) out += std::to_string(name.size()) + ":" + name + " " + content + "\n";
  return out;
}

}  // namespace assetd
