#include "tests/simulation/world.h"

#include <algorithm>
#include <array>

#include "tests/simulation/violation.h"

namespace assetd::simulation {
World::World(Random random) : machine_(std::move(random)), programs_(machine_), witness_(machine_), people_(machine_) {
  machine_.os.on_execute = [this](const AttemptId& attempt) {
    witness_.executed(attempt);
    programs_.execute(attempt);
  };
  machine_.os.on_end = [this](const AttemptId& attempt, const supervisor::End& end) { witness_.recorded(attempt, end); };
  machine_.os.point = [this] { point(Who::shim); };
  machine_.point = [this](Who who) { point(who); };
  machine_.store.on_tried = [this](const AlertRecord& alert) {
    if (alert.state == AlertState::delivered && !machine_.receivers.has(alert.id)) broken(Invariant::delivered, "an alert of " + alert.rule + " counts as delivered and has not arrived");
  };
  machine_.store.on_asked = [this](const RunRecord& run) { machine_.outside.asked(run); };
  machine_.store.on_ended = [this](const AttemptRecord& attempt) { witness_.ended(attempt); };
}

World::Counts World::counts() const { return {machine_.store.runs().size(), machine_.store.attempts(), steps_, crashes_}; }

void World::run() {
  people_.begin();
  for (int i = 0; i < machine_.options.actions; ++i) {
    machine_.random.mark();
    fault();
    draw(false);
  }
  settle();
}

std::vector<int> World::ready_shims() const {
  std::vector<int> ready;
  for (const auto& [pid, shim] : machine_.os.shims())
    if (machine_.os.can_act(pid, machine_.now.boot)) ready.push_back(pid);
  return ready;
}

bool World::can(Act act) const {
  switch (act) {
    case Act::people: return daemon_ && machine_.faults;
    case Act::outside: return machine_.options.sensors > 0 && (machine_.faults || (daemon_ && !machine_.outside.unsent().empty()));
    case Act::alert: return daemon_ && daemon_->alerts().can_deliver();
    case Act::sensor: return daemon_ && daemon_->sensors().can_go_on(machine_.now);
    case Act::turn: return daemon_ && (daemon_->has_tasks() || daemon_->latched() || (daemon_->next_due() && *daemon_->next_due() <= machine_.now.boot));
    case Act::receive: return daemon_ && daemon_->has_events();
    case Act::read: return daemon_ && !daemon_->unread().empty();
    case Act::connect: return daemon_ && !daemon_->is_connected();
    case Act::start_daemon: return !daemon_;
    case Act::supervise: return supervisor_ && supervisor_->has_work();
    case Act::shim: return !ready_shims().empty();
    case Act::program: return !programs_.all().empty();
    case Act::time: return true;
  }
  return false;
}

void World::draw(bool calm) {
  static constexpr std::array<std::pair<Act, int>, 13> kWeights{{{Act::turn, 30}, {Act::people, 8}, {Act::outside, 6}, {Act::sensor, 12}, {Act::alert, 12}, {Act::receive, 25}, {Act::read, 8}, {Act::connect, 15}, {Act::start_daemon, 15},
                                                               {Act::supervise, 30}, {Act::shim, 20}, {Act::program, 15}, {Act::time, 4}}};
  std::vector<std::pair<Act, int>> possible;
  int total = 0;
  for (const auto& [act, weight] : kWeights)
    if (act != Act::time && can(act)) possible.emplace_back(act, weight), total += weight;
  if (!calm || possible.empty()) possible.emplace_back(Act::time, 4), total += 4;
  int drawn = machine_.random.below(total);
  for (const auto& [act, weight] : possible)
    if ((drawn -= weight) < 0) return guarded([this, act = act] { perform(act); });
}

void World::perform(Act act) {
  ++steps_;
  machine_.now.wall += Millis(1);
  machine_.now.boot += Millis(1);
  auto& random = machine_.random;
  switch (act) {
    case Act::people: return people_.act(*daemon_);
    case Act::outside: return change_outside();
    case Act::sensor: return daemon_->sense();
    case Act::alert: return daemon_->deliver_alert();
    case Act::turn: return daemon_->turn();
    case Act::receive: return daemon_->receive();
    case Act::read: {
      const auto all = daemon_->unread();
      return daemon_->read(*random.pick(all));
    }
    case Act::connect:
      if (!supervisor_) supervisor_ = std::make_unique<SupervisorHost>(machine_);
      if (daemon_) daemon_->connect();
      return;
    case Act::start_daemon: daemon_ = std::make_unique<DaemonHost>(machine_); return;
    case Act::supervise:
      supervisor_->act();
      if (supervisor_->exiting()) kill(Who::supervisor);
      return;
    case Act::shim: {
      const auto ready = ready_shims();
      return machine_.os.act(*random.pick(ready), machine_.now);
    }
    case Act::program: {
      const auto all = programs_.all();
      return programs_.act(*random.pick(all));
    }
    case Act::time: return pass_time(!machine_.faults);
  }
}

// Mostly moments, sometimes as long as the longest delay; calm time goes on to the next thing that is due.
void World::pass_time(bool calm) {
  auto& random = machine_.random;
  Millis by{calm ? 1'000 : random.below(random.chance(30) ? 5'000 : 300)};
  if (calm || random.chance(30)) {
    auto due = machine_.os.next_due();
    if (daemon_ && daemon_->next_due() && (!due || *daemon_->next_due() < *due)) due = daemon_->next_due();
    if (due) by = std::clamp(*due - machine_.now.boot, Millis{1}, Millis{600'000});
  }
  machine_.now.wall += by;
  machine_.now.boot += by;
  if (daemon_) daemon_->turn();
  if (daemon_ && daemon_->drained()) kill(Who::daemon);
}

/// Something happens of which a sensor should know, or a delivery is sent that was not taken before.
void World::change_outside() {
  auto& outside = machine_.outside;
  const auto unsent = outside.unsent();
  if (daemon_ && !unsent.empty() && machine_.random.chance(machine_.faults ? 40 : 100)) return daemon_->deliver_hook(*machine_.random.pick(unsent));
  if (machine_.faults) outside.change(machine_.random, machine_.now.wall);
  if (daemon_) daemon_->hear_of_files();
}

// ---- Faults

void World::guarded(const std::function<void()>& action) {
  try {
    action();
  } catch (const Died& died) {
    kill(died.who);
  }
}

void World::kill(Who who) {
  ++crashes_;
  machine_.trace.add([&] { return std::string(who == Who::daemon ? "! the daemon dies" : who == Who::supervisor ? "! the supervisor dies" : "! a shim dies"); });
  if (who == Who::daemon) {
    machine_.channel.daemon_dies(machine_.random);
    machine_.outside.daemon_died();
    daemon_.reset();
  } else if (who == Who::supervisor) {
    machine_.channel.supervisor_dies(machine_.random);
    supervisor_.reset();
    machine_.os.kill_supervisor();
  } else if (!machine_.os.shims().empty()) {
    const int pid = machine_.random.pick(machine_.os.shims())->first;
    machine_.os.kill(pid);
    if (machine_.os.supervisor() == 0 && machine_.random.chance(30)) machine_.os.give_pid_to_stranger(pid);
  }
}

void World::reboot() {
  kill(Who::daemon);
  kill(Who::supervisor);
  restart_machine();
}

void World::restart_machine() {
  machine_.trace.add([] { return std::string("! the machine is restarted"); });
  if (machine_.options.power_loss && machine_.random.chance(50)) {
    witness_.power_lost();
    machine_.disk.lose_power(machine_.random);
  }
  machine_.os.reboot();
  machine_.now.boot = Millis{5'000};
  machine_.now.wall += Millis(5'000 + machine_.random.below(60'000));
}

/// Here any of them may be killed; `current` is the one whose code runs.
void World::point(Who current) {
  const auto& options = machine_.options;
  const int total = options.kill_daemon + options.kill_supervisor + options.kill_shim + options.reboot;
  if (!machine_.faults || total == 0) return;
  int drawn = 9'999 - machine_.random.below(10'000);
  if (drawn >= total) return;
  const auto dies = [&](Who who) {
    if (who == current && who != Who::shim) throw Died{who};
    kill(who);
  };
  if ((drawn -= options.kill_daemon) < 0) return dies(Who::daemon);
  if ((drawn -= options.kill_supervisor) < 0) return dies(Who::supervisor);
  if ((drawn -= options.kill_shim) < 0) return dies(Who::shim);
  if (current == Who::shim) return;
  kill(current == Who::daemon ? Who::supervisor : Who::daemon);
  restart_machine();
  throw Died{current};
}

void World::fault() {
  const auto& options = machine_.options;
  auto& random = machine_.random;
  if (random.in_ten_thousand(options.reboot)) guarded([this] { reboot(); });
  if (daemon_ && random.in_ten_thousand(options.break_link)) daemon_->disconnect();
  if (random.in_ten_thousand(machine_.disk.full ? options.disk_full * 4 : options.disk_full)) machine_.disk.full = !machine_.disk.full;
  if (random.in_ten_thousand(options.clock_jump)) machine_.now.wall += Millis(random.below(1'200'000) - 600'000);
  guarded([this] { point(Who::shim); });
}

}  // namespace assetd::simulation
