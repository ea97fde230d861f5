#include "tests/paths.h"

namespace assetd::testing {

std::string in_source(const std::string& path) { return ASSETD_SOURCE_DIR "/" + path; }
std::string program(const std::string& name) { return ASSETD_BIN_DIR "/" + name; }

}  // namespace assetd::testing
