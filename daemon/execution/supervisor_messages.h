#pragma once
// The JSON of docs/supervisor.md as the daemon writes and reads it.

#include <chrono>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/execution/supervisor_client.h"

namespace assetd {

std::string hello_message(const std::string& store_id, std::uint64_t generation);
std::string spawn_message(const SpawnRequest& request);
std::string stop_message(const std::string& attempt, const std::vector<std::string>& signals,
                         std::chrono::milliseconds grace);
std::string ack_message(const std::vector<std::string>& attempts);
std::string list_message(const std::vector<std::string>& may_have_run = {});
std::string preload_message(const WarmStart& warm);
std::string shutdown_message();
std::string ping_message();

/// A welcome becomes `connected`. The error says what is wrong with the message.
std::expected<SupervisorEvent, std::string> parse_supervisor_message(std::string_view text);

}  // namespace assetd
