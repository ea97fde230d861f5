#pragma once
// How times, durations and sizes read to people.

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace assetd::cli {

using SystemTime = std::chrono::system_clock::time_point;

/// RFC 3339 in UTC, with or without a fraction.
std::optional<SystemTime> parse_time(const std::string& rfc3339);
std::string relative_time(SystemTime at, SystemTime now);      ///< "now", "3 min ago", "in 2 h"
std::string duration_text(std::chrono::milliseconds duration);  ///< "840 ms", "5.1 s", "3 min 20 s", "2 h 5 min"
std::string number_text(const nlohmann::json& number);          ///< "2600", "98.555": three digits after the point; below 1 the first four that count
std::string bytes_text(std::uint64_t bytes);                    ///< "512 B", "1.5 GiB"

/// What others wrote (a reason, a tag, an error message) must not steer the reader's terminal: control characters as "?".
std::string harmless(std::string text);

// Fields of answers, "" where they are missing or null.
std::string text_at(const nlohmann::json& object, const std::string& key);   ///< numbers and booleans as JSON writes them; control characters as "?"
std::string ago_at(const nlohmann::json& object, const std::string& key, SystemTime now);
std::string duration_at(const nlohmann::json& object, const std::string& key);  ///< of milliseconds
std::string steps_at(const nlohmann::json& run);  ///< "1 step", "8 steps": its steps_total
std::string step_name(const nlohmann::json& step, const std::string& key = "key");  ///< "days", "days [2026-01-05]"
std::string step_options(const nlohmann::json& step);  ///< for a shell: "--step days --partition 2026-01-05"
std::string log_options(const nlohmann::json& cause);  ///< the same, and " --check sums" where what failed is a check with a process of its own
std::string join(const nlohmann::json& list, const std::string& separator);     ///< of texts; objects of tags as "k=v"

}  // namespace assetd::cli
