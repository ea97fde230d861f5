#pragma once
// Connections between daemon and supervisor: in order on each, none known to another, and what is on its way when one breaks may or may not arrive.

#include <cstdint>
#include <deque>
#include <map>

#include "supervisor/message.h"
#include "tests/simulation/random.h"

namespace assetd::simulation {

struct Connection {
  std::deque<supervisor::Command> to_supervisor;
  std::deque<supervisor::Event> to_daemon;
  bool daemon_open = true, supervisor_open = true;
  bool accepted = false;  ///< the supervisor has been told
};

class Channel {
 public:
  std::uint64_t open() {
    connections_.emplace(++last_, Connection{});
    return last_;
  }
  Connection* find(std::uint64_t id) {
    const auto it = connections_.find(id);
    return it == connections_.end() ? nullptr : &it->second;
  }
  std::map<std::uint64_t, Connection>& connections() { return connections_; }

  void daemon_closes(std::uint64_t id, Random& random);
  void supervisor_closes(std::uint64_t id, Random& random, bool after_what_was_sent = false);
  void daemon_dies(Random& random);
  void supervisor_dies(Random& random);

 private:
  void drop_if_over(std::uint64_t id);
  std::map<std::uint64_t, Connection> connections_;
  std::uint64_t last_ = 0;
};

}  // namespace assetd::simulation
