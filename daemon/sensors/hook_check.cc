#include "daemon/sensors/hook_check.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace assetd {
namespace {

using nlohmann::json;

std::string hmac_hex(const std::string& key, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    out += kHex[digest[i] >> 4];
    out += kHex[digest[i] & 15];
  }
  return out;
}

bool is_same(const std::string& a, const std::string& b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

struct TimedSignature {
  std::string seconds;
  std::int64_t at = 0;
  std::vector<std::string> values;  ///< v1, of which a sender that changes its key may give two
};

/// "t=1790000000,v1=HEX", in any order; other parts are for versions to come.
std::optional<TimedSignature> parse_timed(const std::string& header) {
  TimedSignature found;
  for (std::size_t at = 0; at < header.size();) {
    const auto end = std::min(header.find(',', at), header.size());
    auto part = header.substr(at, end - at);
    at = end + 1;
    part.erase(0, part.find_first_not_of(' ') == std::string::npos ? part.size() : part.find_first_not_of(' '));
    if (part.starts_with("t=")) found.seconds = part.substr(2);
    if (part.starts_with("v1=") && found.values.size() < 4) found.values.push_back(part.substr(3));
  }
  const auto* last = found.seconds.data() + found.seconds.size();
  const auto [end, error] = std::from_chars(found.seconds.data(), last, found.at);
  if (error != std::errc() || end != last || found.seconds.size() > 12 || found.at < 0 || found.values.empty()) return std::nullopt;
  return found;
}

bool is_json_content(std::string type) {
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.pop_back();
  return type.empty() || type == "application/json" || type.ends_with("+json");
}

}  // namespace

std::expected<std::string, std::string> check_hook(const HookSpec& hook, const std::string& key, const HookDelivery& delivery, WallTime now) {
  if (key.empty()) return std::unexpected("the key of this webhook is empty");
  const bool github = hook.form == HookForm::github;
  const std::string name = github ? "X-Hub-Signature-256" : "Assetd-Signature";
  if (delivery.signature.empty()) return std::unexpected("the header " + name + " is missing");
  if (github) {
    auto digest = hmac_hex(key, delivery.body);
    if (!is_same(delivery.signature, "sha256=" + digest)) return std::unexpected("the signature in " + name + " is not that of this body");
    return digest;
  }
  const auto given = parse_timed(delivery.signature);
  if (!given) return std::unexpected(name + " must be t=SECONDS,v1=HEX");
  auto digest = hmac_hex(key, given->seconds + "." + delivery.body);
  bool holds = false;
  for (const auto& value : given->values) holds = is_same(value, digest) || holds;
  if (!holds) return std::unexpected("the signature in " + name + " is not that of its time and this body");
  const WallTime signed_at{std::chrono::seconds(given->at)};
  if (signed_at < now - hook.tolerance || signed_at > now + hook.tolerance)
    return std::unexpected("it was signed too long ago, or a clock is wrong: t differs by more than " + std::to_string(hook.tolerance.count() / 1000) + " s from now");
  return digest;
}

std::vector<std::string> hook_keys(const HookDelivery& delivery, const std::string& digest) {
  std::vector<std::string> keys{"signature " + digest};
  if (!delivery.id.empty()) keys.push_back("delivery " + delivery.id);
  return keys;
}

std::expected<SensorRequest, std::string> hook_request(const HookDelivery& delivery) {
  SensorRequest request;
  if (is_json_content(delivery.content_type)) {
    auto payload = json::parse(delivery.body.empty() ? "null" : delivery.body, nullptr, false);
    if (payload.is_discarded()) return std::unexpected("the body is not valid JSON; send another content type for what is not meant to be");
    request.data["payload"] = std::move(payload);
  } else {
    const json text = delivery.body;
    try {
      (void)text.dump();
    } catch (const json::exception&) {
      return std::unexpected("the body is neither JSON nor text in UTF-8");
    }
    request.data["payload"] = text;
  }
  request.data["delivery"] = delivery.id.empty() ? json() : json(delivery.id);
  if (!delivery.event.empty()) request.data["event"] = delivery.event;
  return request;
}

}  // namespace assetd
