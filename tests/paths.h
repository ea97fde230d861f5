#pragma once
// Where this checkout and its programs are. In one file of the tests alone, so that the compiler's cache serves a checkout elsewhere too.

#include <string>

namespace assetd::testing {

std::string in_source(const std::string& path);   ///< path: "tests/…", from the root of the checkout
std::string program(const std::string& name);     ///< of the build that the test belongs to

}  // namespace assetd::testing
