#pragma once
// One asset for people: how it stands, why, and what will happen to it next.

#include <string>

#include "cli/session.h"

namespace assetd::cli {

void print_asset(Session& session, const Json& asset);
/// "1 failed, 3 passed"
std::string checks_text(const Json& checks);

}  // namespace assetd::cli
