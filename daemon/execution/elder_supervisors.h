#pragma once
// Supervisors that the daemon has outgrown: they speak no version of `spawn` that it does, or there is another that it spawns with. What they still
// have is heard, stopped and acknowledged; nothing new is given to them, and they end when nothing of theirs runs.

#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "daemon/execution/supervisor_client.h"

namespace assetd {

class ElderSupervisors {
 public:
  /// `handler` gets started and ended, on threads of this class.
  ElderSupervisors(std::string store_id, std::uint64_t generation, SupervisorClient::Handler handler);
  /// Leaves them; they and their attempts go on.
  ~ElderSupervisors();
  ElderSupervisors(const ElderSupervisors&) = delete;
  ElderSupervisors& operator=(const ElderSupervisors&) = delete;

  /// Connects to the one that listens there and stays with it until it is gone. Again: nothing more.
  void add(const std::string& socket_path);
  bool has(const std::string& socket_path) const;
  /// Asks each what it has: ends that were told and not committed are told again.
  void list();
  /// Sends the message to the one that has the attempt. False: none has.
  bool send(const std::string& attempt, const std::string& message);

 private:
  class Elder;
  mutable std::mutex mutex_;
  std::string store_id_;
  std::uint64_t generation_;
  SupervisorClient::Handler handler_;
  std::list<std::unique_ptr<Elder>> elders_;
};

}  // namespace assetd
