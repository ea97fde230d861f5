#include "daemon/http/event_hub.h"

#include "core/schedule/cron.h"

namespace assetd::http {

void EventHub::publish(const std::vector<Event>& events) {
  std::vector<std::function<void()>> wakes;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& event : events) push(event);
    for (const auto& [id, wake] : listeners_) wakes.push_back(wake);
  }
  for (const auto& wake : wakes) wake();
}

void EventHub::push(const Event& event) {
  if (event.id != 0) {
    const bool gap = newest_ != 0 && event.id != newest_ + 1;
    newest_ = event.id;
    // Ids that were committed without being announced (a commit whose outcome was unknown) must not be passed over: all read the store.
    if (gap) {
      first_ += ring_.size() + 1;
      ring_.clear();
      first_id_ = 0;
    }
    if (first_id_ == 0 && !listeners_.empty()) first_id_ = event.id;
  }
  if (listeners_.empty()) {
    first_ += ring_.size() + 1;
    ring_.clear();
    first_id_ = 0;
    return;
  }
  ring_.push_back(std::make_shared<SharedEvent>(SharedEvent{event, ""}));
  if (ring_.size() <= kKept) return;
  if (ring_.front()->event.id != 0) first_id_ = ring_.front()->event.id + 1;
  ring_.pop_front();
  ++first_;
}

int EventHub::listen(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  listeners_[++last_listener_] = std::move(wake);
  return last_listener_;
}

void EventHub::forget(int listener) {
  const std::lock_guard lock(mutex_);
  listeners_.erase(listener);
}

std::size_t EventHub::listeners() {
  const std::lock_guard lock(mutex_);
  return listeners_.size();
}

bool EventHub::follow(StreamPosition& position) {
  const std::lock_guard lock(mutex_);
  if (position.id >= newest_) {
    position.next = first_ + ring_.size();
    return true;
  }
  if (first_id_ == 0 || first_id_ > position.id + 1) return false;
  std::uint64_t place = first_;
  for (const auto& item : ring_) {
    if (item->event.id > position.id) break;
    ++place;
  }
  position.next = place;
  return true;
}

std::optional<std::vector<std::shared_ptr<const SharedEvent>>> EventHub::take(StreamPosition& position, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  if (!position.next || *position.next < first_) {
    position.next.reset();
    return std::nullopt;
  }
  std::vector<std::shared_ptr<const SharedEvent>> out;
  while (*position.next < first_ + ring_.size() && out.size() < limit) {
    SharedEvent& item = *ring_[*position.next - first_];
    ++*position.next;
    if (item.event.id != 0 && item.event.id <= position.id) continue;  // the store gave it already
    if (item.frame.empty()) item.frame = event_frame(item.event);
    if (item.event.id != 0) position.id = item.event.id;
    out.push_back(ring_[*position.next - 1 - first_]);
  }
  return out;
}

nlohmann::json event_json(const Event& event) {
  return {{"id", event.id == 0 ? nlohmann::json() : nlohmann::json(std::to_string(event.id))},
          {"type", event.type},
          {"at", format_time(event.at)},
          {"subject", event.subject},
          {"changes", event.changes}};
}

std::string event_frame(const Event& event) {
  const nlohmann::json data = {{"subject", event.subject}, {"at", format_time(event.at)}, {"changes", event.changes}};
  std::string frame = event.id == 0 ? "" : "id: " + std::to_string(event.id) + "\n";
  frame += "event: " + event.type + "\ndata: " + data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n\n";
  return frame;
}

}  // namespace assetd::http
