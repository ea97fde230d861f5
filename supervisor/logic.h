#pragma once
// The supervisor's decisions: (state, input) → actions. No I/O, no clock. The shell (shell/) runs it over the real
// operating system, the simulator over a fake one.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "supervisor/attempt.h"
#include "supervisor/message.h"

namespace assetd::supervisor {

using ConnectionId = std::uint64_t;  ///< one accepted later has a larger one

// ---- Inputs
// -------------------------------------------------------------------------------------------------------------------

struct Opened {
  ConnectionId connection;
};
struct Closed {
  ConnectionId connection;
};
struct Received {
  ConnectionId connection;
  std::expected<Command, Refused> command;
};

/// A claim that was there when this supervisor began, or that stood in the way of a spawn. While another supervisor holds it, its shim counts as
/// alive; then ClaimFound follows once more, or ClaimGone.
struct ClaimFound {
  std::string attempt;
  std::string store_id;
  bool same_boot = true;    ///< true also when the claim is too damaged to tell
  bool shim_alive = false;  ///< then ShimGone follows one day, and StepStarted if `start` is not known yet
  int shim = 0;             ///< 0: not known
  std::optional<Start> start;
  std::optional<StopOrder> stop;
  std::optional<End> end;
};
/// Answers StartShim: the shim runs; StepStarted and ShimGone follow.
struct ShimStarted {
  std::string attempt;
  int shim;
};
/// Answers StartShim: nothing was executed, and no shim is left.
struct SpawnFailed {
  std::string attempt;
  std::string why;
  bool no_space = false;  ///< for want of room for its claim
};
struct StepStarted {
  std::string attempt;
  Start start;
};
/// The shim is no more; `end` is what it wrote into the claim, if it did.
struct ShimGone {
  std::string attempt;
  std::optional<End> end;
};
/// A claim that another supervisor held, told of by ClaimFound before, was removed by it: the attempt is over and acknowledged.
struct ClaimGone {
  std::string attempt;
};
/// Answers KillTree: no process of the attempt is left.
struct TreeGone {
  std::string attempt;
};
/// The folder of the socket was removed: nobody who is not connected will ever find us. Told again for as long as that is so.
struct FolderGone {};
/// It is a while since we began, and no daemon has said hello: the one that started us may have failed to start.
struct NobodyCame {};

using Input =
    std::variant<Opened, Closed, Received, ClaimFound, ShimStarted, SpawnFailed, StepStarted, ShimGone, ClaimGone, TreeGone, FolderGone, NobodyCame>;

// ---- Actions: performed in order
// ----------------------------------------------------------------------------------------------

struct Send {
  ConnectionId connection;
  Event event;
};
struct Close {
  ConnectionId connection;
};  ///< after what was sent; Closed follows
/// Make the claim, fork the shim. Answered by ShimStarted, SpawnFailed or, when the claim exists, ClaimFound.
struct StartShim {
  Spawn spawn;
  std::string store_id;
};
/// Make the claim of an attempt that will never run, its end written at once.
struct ClaimAsEnded {
  std::string attempt;
  std::string store_id;
  End end;
};
/// Write the order into the claim, then wake the shim: it does the rest, whatever becomes of us.
struct OrderStop {
  std::string attempt;
  StopOrder order;
};
/// SIGKILL what is left of the attempt of a dead shim until nothing is. Answered by TreeGone.
struct KillTree {
  std::string attempt;
  int shim;
  bool unclaimed = false;  ///< nothing but the daemon's word says that it was this folder's: spare what cannot be shown to be
};
struct WriteEnd {
  std::string attempt;
  End end;
};
struct RemoveClaim {
  std::string attempt;
};
/// Load the worker, if there is none and there is room.
struct LoadWorker {
  Warm warm;
};
struct Exit {};

using Action = std::variant<Send, Close, StartShim, ClaimAsEnded, OrderStop, KillTree, WriteEnd, RemoveClaim, LoadWorker, Exit>;
using Actions = std::vector<Action>;

// ---- State
// --------------------------------------------------------------------------------------------------------------------

struct Attempt {
  enum class State {
    running,  ///< its shim lives (or is being forked); it may have started or not
    killing,  ///< its shim died without a record; what is left is being killed
    ended,    ///< `end` is in the claim; kept until acknowledged
  };
  State state = State::running;
  std::string store_id;
  int shim = 0;
  std::optional<Start> start;
  std::optional<StopOrder> stop;
  std::optional<End> end;
  bool unclaimed = false;  ///< the daemon saw it run and there is no claim of it
};

class Logic {
 public:
  /// `store_id` may be empty: then the first hello says whose supervisor this is. One that is there `on_demand` exits when
  /// its daemon is gone and nothing runs; what ended is in the claims, where the next one finds it.
  Logic(int pid, std::string boot_id, std::string store_id, bool on_demand = false, ProtocolRange spoken = kSpoken, LimitsNotInForce limits = {});

  /// `wall_ms` is Unix time, for what is recorded; nothing is decided by it.
  Actions handle(Input input, std::int64_t wall_ms);

  const std::map<std::string, Attempt>& attempts() const { return attempts_; }
  /// False: another supervisor is given what is new, and this one finishes what it has.
  bool takes_spawns() const { return !draining_ && protocol_ != 0; }

 private:
  using Entry = std::map<std::string, Attempt>::iterator;

  void on(Opened& input);
  void on(Closed& input);
  void on(Received& input);
  void on(ClaimFound& input);
  void on(ShimStarted& input);
  void on(SpawnFailed& input);
  void on(StepStarted& input);
  void on(ShimGone& input);
  void on(ClaimGone& input);
  void on(TreeGone& input);
  void on(FolderGone& input);
  void on(NobodyCame& input);

  void obey(ConnectionId from, Hello& hello);
  void obey(ConnectionId from, Spawn& spawn);
  void obey(ConnectionId from, Stop& stop);
  void obey(ConnectionId from, List& list);
  void obey(ConnectionId from, Ack& ack);
  void obey(ConnectionId from, Preload& preload);
  void obey(ConnectionId from, Shutdown& shutdown);
  void obey(ConnectionId from, Ping& ping);

  void refuse(ConnectionId to, std::string why, std::string attempt = {}, bool and_close = false);
  void tell(Event event);
  void replay(Entry entry);
  void order_stop(Entry entry, const StopOrder& order);
  void finish(Entry entry, End end, bool recorded);
  void adopt_dead(Entry entry, bool same_boot);
  void kill_unclaimed(const std::string& id);
  void end_foreign_attempts();
  void forget_foreign(Entry entry);
  void exit_if_idle();
  bool idle() const;
  bool is_ours(const Attempt& attempt) const { return attempt.store_id == store_id_ || attempt.store_id.empty(); }

  int pid_;
  std::string boot_id_, store_id_;
  bool on_demand_;
  bool nobody_came_ = false;
  ProtocolRange spoken_;
  LimitsNotInForce limits_;
  int protocol_;  ///< the one in common with the daemon; 0: none, and what is left is the end
  std::uint64_t generation_ = 0;
  std::optional<ConnectionId> daemon_;  ///< the one connection that counts
  bool draining_ = false;
  std::size_t foreign_ = 0;     ///< attempts of another store that are being ended
  std::vector<Received> held_;  ///< what the daemon asks meanwhile
  std::map<std::string, Attempt> attempts_;
  std::int64_t now_ms_ = 0;
  Actions actions_;
};

}  // namespace assetd::supervisor
