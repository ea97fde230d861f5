#pragma once
// One attempt to deliver an alert: over a webhook, by mail or through a program.

#include <atomic>
#include <expected>
#include <memory>
#include <string>

#include "core/alert/alert.h"
#include "core/definition/spec.h"
#include "daemon/execution/environment.h"

namespace assetd {

/// An alert and the rule by which it is delivered, as the definitions say now.
struct Delivery {
  AlertRecord alert;
  AlertSpec rule;
};

/// It arrived, with what is to be said of that ("": nothing), or did not, with the reason.
using Sent = std::expected<std::string, std::string>;

class AlertSender {
 public:
  virtual ~AlertSender() = default;
  /// Blocks for at most the rule's timeout, and that of a secrets program; gives up soon after `stop` is set. What it says
  /// is what the receiver or the way to it did, and holds no secret: it is stored and shown. Several threads at a time.
  virtual Sent send(const Delivery& delivery, const std::atomic<bool>& stop) = 0;
};

struct SenderOptions {
  std::string project_dir;  ///< where programs run
  std::map<std::string, std::string> daemon_env;
  SecretLookup secrets;
};
/// Secrets are looked up at each attempt and kept nowhere.
std::unique_ptr<AlertSender> make_alert_sender(SenderOptions options);

}  // namespace assetd
