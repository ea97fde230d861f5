#pragma once
// The listening socket and whoever is connected to it.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "supervisor/frame.h"
#include "supervisor/logic.h"
#include "supervisor/shell/poller.h"

namespace assetd::supervisor {

class Connections {
 public:
  using Report = std::function<void(Input)>;

  /// Listens on `path` with mode 0600, replacing a stale socket. Throws std::runtime_error when it cannot. `report`
  /// gets Opened, Received, Closed, FolderGone.
  Connections(Poller& poller, std::string path, Report report);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  /// Queued until flush().
  void send(ConnectionId to, const Event& event);
  /// Once what is queued has been sent.
  void close_after_sending(ConnectionId connection);
  /// Writes what is queued: one write for all events of an iteration.
  void flush();
  /// Makes the socket anew if somebody removed it: no daemon that starts from then on would find us. Call it at least every timeout_ms().
  void look(std::int64_t now_ms);
  static int timeout_ms();

 private:
  struct Peer {
    int fd = -1;
    FrameReader reader;
    std::string outgoing;
    bool closing = false, blocked = false;
  };

  void accept_all();
  void on_ready(ConnectionId id, std::uint32_t events);
  bool read_from(ConnectionId id, Peer& peer);
  bool write_to(ConnectionId id, Peer& peer);
  void drop(ConnectionId id);

  Poller& poller_;
  std::string path_;
  Report report_;
  int listener_ = -1;
  ino_t inode_ = 0;  ///< of the socket's file
  std::int64_t looked_at_ms_ = 0;
  ConnectionId next_id_ = 1;
  std::map<ConnectionId, Peer> peers_;
};

}  // namespace assetd::supervisor
