#include "daemon/execution/warm_start.h"

#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>

namespace assetd {
namespace {

constexpr off_t kLargestLog = 1 << 20;

std::string sha256_hex(const std::string& bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    std::array<char, 3> two{};
    std::snprintf(two.data(), two.size(), "%02x", digest[i]);
    hex += two.data();
  }
  return hex;
}

std::string text_of(const nlohmann::json& value) { return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

}  // namespace

WarmStart make_warm_start(const Plugin& plugin, std::vector<std::string> argv, const std::map<std::string, std::string>& env, std::string cwd,
                          const nlohmann::json& load, std::string log_path) {
  WarmStart warm;
  warm.key = sha256_hex(text_of({plugin.name, plugin.version, plugin.dir, argv, env, cwd, load}));
  warm.argv = std::move(argv);
  for (const auto& [name, value] : env) warm.env.push_back(name + "=" + value);
  warm.env.push_back("ASSETD_WORKER_LOG=" + log_path);  // who looks at processes sees whose it is
  warm.cwd = std::move(cwd);
  warm.log_path = std::move(log_path);
  warm.load = text_of(load);
  return warm;
}

void bound_worker_log(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && info.st_size > kLargestLog) unlink(path.c_str());
}

}  // namespace assetd
