#pragma once
// The newest committed events, shared by all event streams: one bounded ring instead of a queue per client. A client that falls behind the
// ring reads from the store until it has caught up, so that slow ones cost no memory and nobody sees a gap.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daemon/store/store.h"

namespace assetd::http {

struct SharedEvent {
  Event event;
  std::string frame;  ///< as Server-Sent Event; written when the first client takes it
};

/// Where a stream stands: everything up to `id` was sent; `next` is the place in the ring when it follows live.
struct StreamPosition {
  std::int64_t id = 0;
  std::optional<std::uint64_t> next;
};

class EventHub {
 public:
  /// On the service's thread, in the order of commits. Events with id 0 are only for who listens now.
  void publish(const std::vector<Event>& events);
  int listen(std::function<void()> wake);
  void forget(int listener);

  /// Follow live from here? For a stream that listens, and has read the store to its end since. False when the ring does not reach back to
  /// `position.id`: read the store again.
  bool follow(StreamPosition& position);
  /// Up to `limit` events after the position, which moves behind them. Nothing when it fell behind: read the store from position.id.
  std::optional<std::vector<std::shared_ptr<const SharedEvent>>> take(StreamPosition& position, std::size_t limit);

  std::size_t listeners();

  static constexpr std::size_t kKept = 4096;

 private:
  void push(const Event& event);

  std::mutex mutex_;
  std::deque<std::shared_ptr<SharedEvent>> ring_;
  std::uint64_t first_ = 0;      ///< place of ring_.front()
  std::int64_t first_id_ = 0;    ///< the smallest stored id from which the ring has no gap; 0: it holds none
  std::int64_t newest_ = 0;      ///< id published last
  std::map<int, std::function<void()>> listeners_;
  int last_listener_ = 0;
};

/// "id: …", "event: …", "data: …" and the blank line; no id line for id 0.
std::string event_frame(const Event& event);
nlohmann::json event_json(const Event& event);  ///< as in the JSON form of /events

}  // namespace assetd::http
