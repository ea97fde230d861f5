#pragma once
// What is told to whom: alerts as they stand in the outbox, silences, and the facts about them that the store keeps.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/run/records.h"
#include "core/time.h"

namespace assetd {

enum class AlertState : std::uint8_t {
  pending,    ///< not delivered yet: it waits for its next attempt, or one is under way
  delivered,  ///< the receiver has taken it
  failed,     ///< given up
  silenced,   ///< a silence stood: it was never sent
};
std::string_view to_string(AlertState state);
std::optional<AlertState> parse_alert_state(std::string_view text);

/// Something that a rule said is to be told.
struct AlertRecord {
  std::string id;     ///< 32 hexadecimal digits: what receivers know repeated deliveries by
  std::string rule;   ///< name of the alert: in the definitions
  std::string event;  ///< run_failed, …, test
  WallTime at{};
  RunId run = 0;        ///< 0: none
  std::string asset;    ///< where it comes from; "": the run as a whole
  std::string check;    ///< that failed; "": none
  std::vector<std::string> partitions;  ///< of the asset, in which it failed: the first of them. Kept in the body
  std::size_t more_partitions = 0;      ///< how many are failed beside those
  std::string reason, detail;
  std::uint32_t skipped = 0;  ///< steps below that were skipped because of it
  std::string cause;          ///< the root cause: one at a time is told of each by a rule
  bool open = false;          ///< it lasts: what is broken has not been seen whole since
  nlohmann::json body = nlohmann::json::object();  ///< what is sent
  AlertState state = AlertState::pending;
  int attempts = 0;
  std::string last_error;  ///< delivered: which of its receivers do not have it
  std::optional<WallTime> next_attempt_at;  ///< pending
  std::optional<WallTime> delivered_at;
  std::optional<WallTime> resolved_at;  ///< when what was broken was seen whole again
  std::string silence;                  ///< id of the silence that held it back
  int repeats = 0;                      ///< how often the same came again within the rule's repeat interval, untold
};

/// Alerts that fit are held back until `until`.
struct Silence {
  std::string id;      ///< 8 hexadecimal digits
  std::string rule;    ///< "": of every rule
  std::string select;  ///< "": of every asset
  std::string reason;
  std::string by;
  WallTime created_at{};
  WallTime until{};
};

struct AlertRaised {
  AlertRecord alert;
};
/// The same root cause came again and was not told.
struct AlertRepeated {
  std::string id;
};
struct AlertResolved {
  std::string rule, cause;
  WallTime at{};
};
/// An attempt to deliver has ended.
struct AlertAttempted {
  AlertRecord alert;  ///< as it is now
};
struct SilenceAdded {
  Silence silence;
};
struct SilenceEnded {
  std::string id;
};
using AlertChange = std::variant<AlertRaised, AlertRepeated, AlertResolved, AlertAttempted, SilenceAdded, SilenceEnded>;

}  // namespace assetd
