#pragma once
// One client's event stream: replays from the store what it has missed, then follows the hub, without gap or duplicate.

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "daemon/http/context.h"
#include "daemon/http/message.h"

namespace assetd::http {

struct StreamFilter {
  std::set<std::string> types;  ///< empty: all
  RunId run = 0;
  std::string asset;
  bool passes(const Event& event) const;
};

class EventStream : public StreamSource, public std::enable_shared_from_this<EventStream> {
 public:
  /// Sends what comes after event `after`. The hub must outlive nothing: it is held.
  static std::shared_ptr<EventStream> open(Shared& shared, StreamFilter filter, std::int64_t after);
  ~EventStream() override;

  Chunk next() override;
  std::string heartbeat() override;
  void on_wake(std::function<void()> wake) override;

 private:
  EventStream(Shared& shared, StreamFilter filter, std::int64_t after);
  void read_store();                  ///< asks a worker for the next page
  void take_page(Context& context);   ///< on that worker
  void wake();
  std::string frames_from_hub();
  std::string heartbeat_frame() const;

  const std::shared_ptr<EventHub> hub_;
  const std::weak_ptr<WorkerPool> workers_;
  const StreamFilter filter_;
  int listener_ = 0;

  std::mutex mutex_;
  StreamPosition position_;
  std::string pending_;     ///< frames that the store gave
  bool reading_ = false;    ///< a worker is at it
  bool caught_up_ = false;  ///< the last page reached the end of the store: only then may the hub be followed
  bool ended_ = false;      ///< the store cannot be read: the client comes back by its last id
  std::function<void()> wake_;
};

}  // namespace assetd::http
