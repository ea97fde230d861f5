// spawn_bench [COUNT]: starts /bin/true COUNT times, two at a time, through assetd-supervisor and, in the same run,
// through posix_spawn. The ratio is the price of claims, shims and the channel. Prints spawns per second and what an
// idle supervisor and shim weigh.

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "supervisor/frame.h"
#include "supervisor/socket_address.h"

namespace {

using assetd::supervisor::append_frame;
using nlohmann::json;

constexpr int kParallel = 2, kRounds = 3;

class Supervisor {
 public:
  explicit Supervisor(const std::string& folder) : folder_(folder) {
    const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "assetd-supervisor";
    const std::string socket = folder + "/s", claims = folder + "/claims";
    pid_ = fork();
    if (pid_ == 0) {
      execl(program.c_str(), "assetd-supervisor", "--socket", socket.c_str(), "--claims", claims.c_str(), nullptr);
      _exit(127);
    }
    const assetd::supervisor::SocketAddress address(socket);
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    while (connect(fd_, address.get(), address.size()) != 0) {
      if (waitpid(pid_, nullptr, WNOHANG) == pid_) std::exit(1);
      usleep(1000);
    }
    send({{"op", "hello"}, {"protocol", {1, 1}}, {"store_id", "bench"}, {"generation", 1}});
    next();
  }
  ~Supervisor() {
    close(fd_);
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  Supervisor(const Supervisor&) = delete;

  void send(const json& message) { append_frame(outgoing_, message.dump()); }

  json next() {
    while (!outgoing_.empty())
      outgoing_.erase(0,
                      static_cast<std::size_t>(std::max<ssize_t>(0, write(fd_, outgoing_.data(), outgoing_.size()))));
    while (true) {
      if (const auto frame = reader_.next()) return json::parse(*frame);
      char buffer[65536];
      const auto got = read(fd_, buffer, sizeof buffer);
      if (got <= 0) std::exit(1);
      reader_.feed({buffer, static_cast<std::size_t>(got)});
    }
  }

  std::string spawn(std::vector<std::string> argv) {
    char attempt[33];
    std::snprintf(attempt, sizeof attempt, "%032x", ++count_);
    send({{"op", "spawn"},
          {"attempt", attempt},
          {"argv", std::move(argv)},
          {"env", environment_},
          {"cwd", "/"},
          {"stdout", folder_ + "/out"},
          {"stderr", folder_ + "/out"}});
    return attempt;
  }

  void run(int count) {
    int begun = 0, ended = 0;
    while (begun < std::min(count, kParallel)) spawn({"/bin/true"}), ++begun;
    while (ended < count) {
      const auto message = next();
      if (message["op"] != "ended") continue;
      ++ended;
      send({{"op", "ack"}, {"attempts", {message["attempt"]}}});
      if (begun < count) spawn({"/bin/true"}), ++begun;
    }
  }

  int pid() const { return pid_; }

 private:
  std::string folder_;
  int pid_ = 0, fd_ = -1;
  unsigned count_ = 0;
  std::vector<std::string> environment_ =
      std::vector<std::string>(20, "SOME_VARIABLE=with a value of an ordinary length");
  std::string outgoing_;
  assetd::supervisor::FrameReader reader_;
};

void run_posix_spawn(int count) {
  char name[] = "/bin/true";
  char* argv[] = {name, nullptr};
  int running = 0;
  for (int begun = 0; begun < count || running > 0;) {
    pid_t pid = 0;
    if (begun < count && running < kParallel) {
      posix_spawn(&pid, name, nullptr, nullptr, argv, environ);
      ++begun, ++running;
    } else {
      waitpid(-1, nullptr, 0);
      --running;
    }
  }
}

template <typename Work>
double per_second(int count, Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work(count);
  return count / std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// CPU milliseconds of a process and its dead children: on a busy machine a better measure than the clock.
double cpu_ms(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string skipped;
  for (int field = 1; field < 14; ++field) file >> skipped;
  double ticks = 0, sum = 0;
  for (int field = 14; field < 18; ++field) file >> ticks, sum += ticks;
  return sum * 1000 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::string proportional_kb(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Pss:")) return line.substr(line.find_first_not_of(' ', 4));
  }
  return "?";
}

int parent_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  int parent = 0;
  file >> number >> name >> state >> parent;
  return parent;
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 1000;
  std::string folder = std::filesystem::temp_directory_path() / "assetd-spawn-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return 1;
  {
    Supervisor supervisor(folder);
    for (int round = 0; round < kRounds; ++round) {
      const auto before = cpu_ms(getpid());
      const auto bare = per_second(count, run_posix_spawn);
      const auto bare_cpu = cpu_ms(getpid()) - before, supervisor_before = cpu_ms(supervisor.pid());
      const auto ours = per_second(count, [&](int n) { supervisor.run(n); });
      const auto ours_cpu = cpu_ms(supervisor.pid()) - supervisor_before;
      std::printf("posix_spawn %.0f/s %.2f CPU ms each   supervisor %.0f/s %.2f CPU ms each   ratio %.2f\n", bare,
                  bare_cpu / count, ours, ours_cpu / count, ours / bare);
    }
    const auto attempt = supervisor.spawn({"/bin/sleep", "1000"});
    json message;
    while (message = supervisor.next(), message["op"] != "started") continue;
    std::printf("PSS: supervisor %s, shim %s\n", proportional_kb(supervisor.pid()).c_str(),
                proportional_kb(parent_of(message["pid"])).c_str());
    supervisor.send({{"op", "stop"}, {"attempt", attempt}, {"signals", json::array()}, {"grace_ms", 0}});
    while (message = supervisor.next(), message["op"] != "ended") continue;
  }
  std::filesystem::remove_all(folder);
}
