#include "tests/simulation/channel.h"

#include <vector>

namespace assetd::simulation {
namespace {

template <typename Queue>
void lose_some(Queue& queue, Random& random) {
  if (!queue.empty()) queue.erase(queue.begin() + random.below(static_cast<int>(queue.size()) + 1), queue.end());
}

template <typename Connections>
std::vector<std::uint64_t> ids(const Connections& connections) {
  std::vector<std::uint64_t> result;
  for (const auto& [id, connection] : connections) result.push_back(id);
  return result;
}

}  // namespace

void Channel::daemon_closes(std::uint64_t id, Random& random) {
  auto* connection = find(id);
  if (!connection || !connection->daemon_open) return;
  connection->daemon_open = false;
  connection->to_daemon.clear();
  lose_some(connection->to_supervisor, random);
  drop_if_over(id);
}

void Channel::supervisor_closes(std::uint64_t id, Random& random, bool after_what_was_sent) {
  auto* connection = find(id);
  if (!connection || !connection->supervisor_open) return;
  connection->supervisor_open = false;
  connection->to_supervisor.clear();
  if (!after_what_was_sent) lose_some(connection->to_daemon, random);
  drop_if_over(id);
}

void Channel::daemon_dies(Random& random) {
  for (const auto id : ids(connections_)) daemon_closes(id, random);
}

void Channel::supervisor_dies(Random& random) {
  for (const auto id : ids(connections_)) supervisor_closes(id, random);
}

void Channel::drop_if_over(std::uint64_t id) {
  const auto* connection = find(id);
  if (!connection->daemon_open && !connection->supervisor_open) connections_.erase(id);
}

}  // namespace assetd::simulation
