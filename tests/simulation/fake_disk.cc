#include "tests/simulation/fake_disk.h"

namespace assetd::simulation {

FakeDisk::Made FakeDisk::make_claim(const AttemptId& attempt, const supervisor::Origin& origin) {
  if (claims_.contains(attempt)) return Made::exists;
  if (spares_ > 0) --spares_;
  else if (full) return Made::no_space;
  claims_[attempt] = supervisor::encode_claim(origin);
  return Made::made;
}

supervisor::Claim FakeDisk::read_claim(const AttemptId& attempt) const {
  const auto it = claims_.find(attempt);
  return it == claims_.end() ? supervisor::Claim{} : supervisor::decode_claim(it->second);
}

void FakeDisk::write_claim(const AttemptId& attempt, const supervisor::SlotWrite& slot) {
  const auto it = claims_.find(attempt);
  if (it == claims_.end()) return;
  it->second.resize(supervisor::kClaimSize);  // one that a power loss emptied
  it->second.replace(slot.offset, slot.bytes.size(), slot.bytes);
}

void FakeDisk::remove_claim(const AttemptId& attempt) {
  if (claims_.erase(attempt) > 0) ++spares_;
}

std::vector<AttemptId> FakeDisk::claims() const {
  std::vector<AttemptId> names;
  for (const auto& [attempt, bytes] : claims_) names.push_back(attempt);
  return names;
}

bool FakeDisk::say(const AttemptId& attempt, const AttemptMessage& message) {
  if (full) return false;
  messages_[attempt].push_back(message);
  return true;
}

const std::vector<AttemptMessage>& FakeDisk::messages(const AttemptId& attempt) const {
  static const std::vector<AttemptMessage> none;
  const auto it = messages_.find(attempt);
  return it == messages_.end() ? none : it->second;
}

void FakeDisk::lose_power(Random& random) {
  for (auto it = claims_.begin(); it != claims_.end();) {
    const int what = random.below(4);
    if (what == 1) it->second.resize(640);  // the end had not come to the disk
    if (what == 2) it->second.clear();
    it = what == 3 ? claims_.erase(it) : std::next(it);
  }
  for (auto& [attempt, lines] : messages_)
    if (!lines.empty() && random.chance(30)) lines.pop_back();
}

}  // namespace assetd::simulation
