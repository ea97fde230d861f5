#pragma once
#include <expected>
#include <string>
#include <vector>

#include "core/definition/spec.h"
#include "core/sensor/sensor.h"

namespace assetd {

inline constexpr std::size_t kMostHookBody = 256u << 10;

/// What came to a webhook.
struct HookDelivery {
  std::string sensor;
  std::string body;
  std::string signature;     ///< the header of the hook's form: Assetd-Signature, X-Hub-Signature-256
  std::string id;            ///< by which the sender knows it: Idempotency-Key, X-GitHub-Delivery; "": none
  std::string event;         ///< X-GitHub-Event
  std::string content_type;
  std::string remote;
};

/// The digest that its signature proves, by which the delivery is known; or why the signature does not hold. In constant time as far as the key is concerned.
std::expected<std::string, std::string> check_hook(const HookSpec& hook, const std::string& key, const HookDelivery& delivery, WallTime now);

/// Under which keys it counts once: its digest, so that nobody can send it again under another name, and what the sender calls it.
std::vector<std::string> hook_keys(const HookDelivery& delivery, const std::string& digest);

/// A request for a run with the body as data, or why the body is none.
std::expected<SensorRequest, std::string> hook_request(const HookDelivery& delivery);

}  // namespace assetd
