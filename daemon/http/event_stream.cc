#include "daemon/http/event_stream.h"

#include <algorithm>

#include "daemon/http/worker_pool.h"

namespace assetd::http {
namespace {

constexpr int kPage = 500;             ///< events of one read from the store: well under 50 ms
constexpr std::size_t kTake = 500;     ///< events taken from the hub at once
constexpr int kRetryMs = 2000;         ///< what browsers wait before they reconnect

bool concerns(const Event& event, const std::string& asset) {
  if (event.asset == asset) return true;
  const auto keys = event.subject.find("keys");
  if (keys != event.subject.end() && keys->is_array() && std::ranges::find(*keys, nlohmann::json(asset)) != keys->end()) return true;
  const auto key = event.subject.find("key");
  return key != event.subject.end() && *key == asset;
}

}  // namespace

bool StreamFilter::passes(const Event& event) const {
  if (!types.empty() && !types.contains(event.type)) return false;
  if (run != 0 && event.run != run) return false;
  return asset.empty() || (event.subject.is_object() && concerns(event, asset));
}

EventStream::EventStream(Shared& shared, StreamFilter filter, std::int64_t after)
    : hub_(shared.events), workers_(shared.workers), filter_(std::move(filter)), position_{after, std::nullopt} {
  // Where it stands, at once: a client that is cut off right away knows where to go on.
  pending_ = "retry: " + std::to_string(kRetryMs) + "\n" + heartbeat_frame();
}

std::shared_ptr<EventStream> EventStream::open(Shared& shared, StreamFilter filter, std::int64_t after) {
  std::shared_ptr<EventStream> stream(new EventStream(shared, std::move(filter), after));
  // Before anything is read: what is committed from now on is either in the store by then or comes through the hub.
  stream->listener_ = stream->hub_->listen([weak = std::weak_ptr(stream)] {
    if (const auto self = weak.lock()) self->wake();
  });
  return stream;
}

EventStream::~EventStream() { hub_->forget(listener_); }

void EventStream::on_wake(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

void EventStream::wake() {
  std::function<void()> call;
  {
    const std::lock_guard lock(mutex_);
    call = wake_;
  }
  if (call) call();
}

std::string EventStream::heartbeat_frame() const {
  return "id: " + std::to_string(position_.id) + "\nevent: heartbeat\ndata: {\"subject\":{},\"changes\":{}}\n\n";
}

std::string EventStream::heartbeat() {
  const std::lock_guard lock(mutex_);
  return heartbeat_frame();
}

StreamSource::Chunk EventStream::next() {
  const std::lock_guard lock(mutex_);
  if (!pending_.empty()) return {std::exchange(pending_, ""), false};
  if (ended_) return {"", true};
  if (reading_) return {};
  if (position_.next || (caught_up_ && hub_->follow(position_))) return {frames_from_hub(), false};
  read_store();
  return {};
}

std::string EventStream::frames_from_hub() {
  std::string out;
  for (;;) {
    const auto events = hub_->take(position_, kTake);
    if (!events) {
      read_store();
      return out;
    }
    for (const auto& event : *events)
      if (filter_.passes(event->event)) out += event->frame;
    if (!out.empty() || events->size() < kTake) return out;
  }
}

void EventStream::read_store() {
  caught_up_ = false;
  const auto workers = workers_.lock();
  reading_ = workers && workers->post([weak = weak_from_this()](Context& context) {
    if (const auto self = weak.lock()) self->take_page(context);
  });
  if (!reading_) ended_ = true;
}

void EventStream::take_page(Context& context) {
  std::int64_t after = 0;
  {
    const std::lock_guard lock(mutex_);
    after = position_.id;
  }
  const auto reader = context.reader();
  // Unfiltered, so that the position moves over what the filter leaves out.
  const auto events = reader ? std::optional((*reader)->events_after(after, {}, kPage)) : std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    reading_ = false;
    if (!events || !*events || (*events)->lowest > after + 1) {
      ended_ = true;  // cannot be read, or pruned meanwhile: the next request by its last id is told which
    } else {
      for (const auto& event : (*events)->items) {
        if (filter_.passes(event)) pending_ += event_frame(event);
        position_.id = event.id;
      }
      caught_up_ = (*events)->items.size() < static_cast<std::size_t>(kPage);
    }
  }
  wake();
}

}  // namespace assetd::http
