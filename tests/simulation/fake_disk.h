#pragma once
// What is on the disk besides the store: claims, as the bytes that the production code writes, and message files. It can be full, and it can lose at a
// power loss what nobody has synced.

#include <map>
#include <string>
#include <vector>

#include "core/engine/input.h"
#include "supervisor/claim.h"
#include "tests/simulation/random.h"

namespace assetd::simulation {

/// Bytes of a line in a message file.
inline constexpr std::int64_t kLine = 10;

class FakeDisk {
 public:
  bool full = false;

  enum class Made { made, exists, no_space };
  Made make_claim(const AttemptId& attempt, const supervisor::Origin& origin);
  bool has_claim(const AttemptId& attempt) const { return claims_.contains(attempt); }
  supervisor::Claim read_claim(const AttemptId& attempt) const;
  /// In place, in blocks that are there: works on a full disk too. Nothing when the claim is not there.
  void write_claim(const AttemptId& attempt, const supervisor::SlotWrite& slot);
  /// Its file becomes a spare for a claim to come.
  void remove_claim(const AttemptId& attempt);
  void drop_spares() { spares_ = 0; }
  std::vector<AttemptId> claims() const;

  /// False when there is no room.
  bool say(const AttemptId& attempt, const AttemptMessage& message);
  const std::vector<AttemptMessage>& messages(const AttemptId& attempt) const;
  void remove_messages(const AttemptId& attempt) { messages_.erase(attempt); }
  const std::map<AttemptId, std::vector<AttemptMessage>>& message_files() const { return messages_; }

  /// Each claim, slot and last line of messages may not have come to the disk yet.
  void lose_power(Random& random);

 private:
  std::map<AttemptId, std::string> claims_;
  std::map<AttemptId, std::vector<AttemptMessage>> messages_;
  int spares_ = 0;
};

}  // namespace assetd::simulation
