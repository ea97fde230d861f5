#include "daemon/execution/plugin.h"

namespace assetd {
namespace {

std::string filled(std::string text, const std::string& name, const std::string& value) {
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size()))
    text.replace(at, name.size(), value);
  return text;
}

}  // namespace

std::vector<std::string> Plugin::argv(const std::string& python, const std::string& verb) const {
  std::vector<std::string> result;
  for (const auto& part : command)
    result.push_back(filled(filled(part, "{python}", python.empty() ? "python3" : python), "{plugin_dir}", dir));
  result.push_back(verb);
  return result;
}

}  // namespace assetd
