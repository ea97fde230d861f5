#include "daemon/alerts/courier.h"

#include <utility>

namespace assetd {

AlertCourier::AlertCourier(std::shared_ptr<AlertSender> sender, Report report) : sender_(std::move(sender)), report_(std::move(report)) {}

AlertCourier::~AlertCourier() {
  stop_ = true;
  // Nobody hands over any more: lanes_ is not touched but by this thread and those that it waits for.
  for (auto& [rule, lane] : lanes_)
    if (lane.thread.joinable()) lane.thread.join();
}

void AlertCourier::deliver(Delivery delivery) {
  const std::lock_guard lock(mutex_);
  if (stop_) return;
  auto& lane = lanes_[delivery.rule.name];
  lane.waiting.push_back(std::move(delivery));
  if (std::exchange(lane.runs, true)) return;
  if (lane.thread.joinable()) lane.thread.join();  // it has left its loop
  lane.thread = std::thread([this, &lane] { run(lane); });
}

std::optional<Delivery> AlertCourier::next(Lane& lane) {
  const std::lock_guard lock(mutex_);
  if (stop_ || lane.waiting.empty()) {
    lane.runs = false;
    return std::nullopt;
  }
  auto delivery = std::move(lane.waiting.front());
  lane.waiting.pop_front();
  return delivery;
}

void AlertCourier::run(Lane& lane) {
  while (const auto delivery = next(lane)) {
    const auto sent = sender_->send(*delivery, stop_);
    if (!sent && stop_) continue;
    report_(delivery->alert.id, sent);
  }
}

}  // namespace assetd
