#pragma once
// Every decision of a simulation, drawn from a seed and written to a tape. A tape can be played again, also with parts cut out of it: that is how a
// failing seed is made smaller.

#include <cstdint>
#include <string>
#include <vector>

namespace assetd::simulation {

using Tape = std::vector<std::uint32_t>;

class Random {
 public:
  explicit Random(std::uint64_t seed) : seed_(seed), state_(seed) {}
  /// Plays `tape`, and draws 0 once it is at its end: the plainest choice.
  Random(std::uint64_t seed, Tape tape) : seed_(seed), state_(seed), tape_(std::move(tape)), source_(Source::tape) {}

  /// 0 to n - 1.
  int below(int n);
  int between(int least, int most) { return least + below(most - least + 1); }
  /// 0 on the tape means no.
  bool chance(int percent) { return percent > 0 && below(100) >= 100 - percent; }
  bool in_ten_thousand(int rate) { return rate > 0 && below(10'000) >= 10'000 - rate; }
  template <typename Container>
  auto pick(Container& from) {
    auto it = from.begin();
    std::advance(it, below(static_cast<int>(from.size())));
    return it;
  }

  /// An attempt id that no other call gives. Not from the tape, so that a shortened one does not repeat ids.
  std::string hex32();

  /// An action begins: what it draws can be cut out of the tape as a whole.
  void mark() { marks_.push_back(next_); }
  /// From here on the seed draws, whatever the tape says, and nothing is kept: a tape must not make a scheduler that is unfair to somebody for ever.
  void leave_tape();

  const Tape& tape() const { return tape_; }
  const std::vector<std::size_t>& marks() const { return marks_; }  ///< where in the tape each action began
  std::size_t drawn() const { return next_; }

 private:
  std::uint64_t seed_, state_;
  std::uint64_t ids_ = 0;
  Tape tape_;
  std::size_t next_ = 0;
  std::vector<std::size_t> marks_;
  enum class Source { seed, tape, seed_untaped } source_ = Source::seed;
};

}  // namespace assetd::simulation
