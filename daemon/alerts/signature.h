#pragma once
#include <string>

#include "core/time.h"

namespace assetd {

/// "t=UNIX SECONDS,v1=HEX": HMAC-SHA256 (RFC 2104) with `key` over "SECONDS.BODY", the value of the header Assetd-Signature. The time is
/// signed too, so that a receiver can refuse what was recorded long ago.
std::string alert_signature(const std::string& key, const std::string& body, WallTime at);

}  // namespace assetd
