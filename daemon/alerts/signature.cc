#include "daemon/alerts/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace assetd {

std::string alert_signature(const std::string& key, const std::string& body, WallTime at) {
  const auto seconds = std::to_string(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
  const auto text = seconds + "." + body;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  constexpr char kHex[] = "0123456789abcdef";
  std::string signature = "t=" + seconds + ",v1=";
  for (unsigned int i = 0; i < size; ++i) {
    signature += kHex[digest[i] >> 4];
    signature += kHex[digest[i] & 15];
  }
  return signature;
}

}  // namespace assetd
