#pragma once
// Delivers alerts on threads of its own, one for each rule: a receiver that hangs delays only its own alerts.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "daemon/alerts/sender.h"

namespace assetd {

class AlertCourier {
 public:
  /// Called on the rule's thread when an attempt has ended: by an error, or well. Not for one that was given up because of the end.
  using Report = std::function<void(const std::string& alert, const Sent& sent)>;

  AlertCourier(std::shared_ptr<AlertSender> sender, Report report);
  /// Attempts that are under way are given up; their receivers may have them all the same.
  ~AlertCourier();
  AlertCourier(const AlertCourier&) = delete;
  AlertCourier& operator=(const AlertCourier&) = delete;

  /// Makes one attempt, after those that wait for the same rule. Any thread; does not block.
  void deliver(Delivery delivery);

 private:
  struct Lane {
    std::deque<Delivery> waiting;
    std::thread thread;
    bool runs = false;  ///< its thread has not found the lane empty
  };
  void run(Lane& lane);
  std::optional<Delivery> next(Lane& lane);

  std::shared_ptr<AlertSender> sender_;
  Report report_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::map<std::string, Lane> lanes_;  ///< by rule; never removed, so that references stay good
};

}  // namespace assetd
