#include "tests/supervisor/harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <thread>

#include "supervisor/attempt.h"
#include "supervisor/shell/processes.h"
#include "supervisor/socket_address.h"
#include "tests/paths.h"

namespace assetd::supervisor::testing {
namespace {

constexpr std::chrono::seconds kPatience{30};

int connect_to(const std::string& path) {
  int fd = -1;
  const bool connected = eventually([&] {
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const SocketAddress address(path);
    if (connect(fd, address.get(), SocketAddress::size()) == 0) return true;
    close(fd);
    return false;
  });
  if (!connected) throw std::runtime_error("no supervisor on " + path);
  return fd;
}

}  // namespace

std::vector<int> processes_in(const std::string& folder) {
  std::vector<int> found;
  for (const auto& process : all_processes()) {
    std::error_code gone;
    const auto directory = std::filesystem::read_symlink("/proc/" + std::to_string(process.pid) + "/cwd", gone);
    if (!gone && !process.dead() && directory == folder) found.push_back(process.pid);
  }
  return found;
}

std::string marker() {
  static int count = 0;
  return "9" + std::to_string(getpid()) + "." + std::to_string(++count) + "7";
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    poll(nullptr, 0, 2);  // between two looks at the condition
  }
  return true;
}

Folder::Folder() {
  std::string name = std::filesystem::temp_directory_path() / "assetd-supervisor-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = name;
}

Folder::~Folder() {
  // Whatever a failed test left: supervisors, shims and steps all work in the folder.
  eventually([this] {
    const auto left = processes_in(path_);
    for (const int pid : left) kill(pid, SIGKILL);
    return left.empty();
  });
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> Program::claimed() const {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(claims_))
    if (auto name = entry.path().filename().string(); valid_attempt_id(name)) found.push_back(std::move(name));
  return found;
}

Program::Program(const Folder& folder, std::string claims, std::vector<std::string> options)
    : folder_(folder.path()),
      socket_(folder / "s"),
      claims_(claims.empty() ? folder / "claims" : std::move(claims)),
      options_(std::move(options)) {
  start();
}

Program::~Program() { kill_9(); }

void Program::start() {
  const auto path = assetd::testing::program("assetd-supervisor");
  std::vector<const char*> argv{path.c_str(), "--socket", socket_.c_str(), "--claims", claims_.c_str()};
  for (const auto& option : options_) argv.push_back(option.c_str());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    if (chdir(folder_.c_str()) != 0) _exit(126);
    execv(argv[0], const_cast<char* const*>(argv.data()));
    _exit(127);
  }
}

void Program::kill_9() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

int Program::wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

Channel::Channel(const Folder& folder, std::uint64_t generation, const std::string& store, const std::string& socket, const json& protocol) {
  const json hello = {{"op", "hello"}, {"protocol", protocol}, {"store_id", store}, {"generation", generation}};
  // A shim forked just before its supervisor was killed holds the old listener for an instant: then nobody answers.
  const bool answered = eventually([&] {
    fd_ = connect_to(folder / socket);
    std::string bytes;
    append_frame(bytes, hello.dump());
    auto answer = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0 ? std::nullopt : read_one();
    if (!answer) close(fd_);
    if (answer) kept_.push_back(std::move(*answer));
    return !kept_.empty();
  });
  if (!answered) throw std::runtime_error("no supervisor answers");
}

Channel::~Channel() { close(fd_); }

void Channel::send_all(const std::vector<json>& messages) {
  std::string bytes;
  for (const auto& message : messages) append_frame(bytes, message.dump());
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const auto sent = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw std::runtime_error("the supervisor is gone");
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::optional<json> Channel::next() {
  if (kept_.empty()) return read_one();
  auto message = std::move(kept_.front());
  kept_.erase(kept_.begin());
  return message;
}

std::optional<json> Channel::read_one() {
  while (true) {
    if (const auto frame = reader_.next()) return json::parse(*frame);
    pollfd readable{fd_, POLLIN, 0};
    if (poll(&readable, 1, 30'000) != 1) throw std::runtime_error("the supervisor says nothing");
    char buffer[65536];
    const auto got = read(fd_, buffer, sizeof buffer);
    if (got <= 0) return std::nullopt;
    reader_.feed({buffer, static_cast<std::size_t>(got)});
  }
}

json Channel::expect(const std::string& op, const std::string& attempt) {
  const auto wanted = [&](const json& message) {
    return message["op"] == op && (attempt.empty() || message.value("attempt", "") == attempt);
  };
  if (const auto kept = std::ranges::find_if(kept_, wanted); kept != kept_.end()) {
    auto message = std::move(*kept);
    kept_.erase(kept);
    return message;
  }
  while (auto message = read_one()) {
    if (wanted(*message)) return std::move(*message);
    kept_.push_back(std::move(*message));
  }
  throw std::runtime_error("the connection ended while waiting for " + op);
}

std::string new_attempt() {
  static std::random_device random;
  std::string id;
  for (int i = 0; i < 32; ++i) id += "0123456789abcdef"[random() % 16];
  return id;
}

json spawn(const Folder& folder, const std::string& attempt, std::vector<std::string> argv) {
  return {{"op", "spawn"},
          {"attempt", attempt},
          {"argv", std::move(argv)},
          {"env", {"PATH=/usr/bin:/bin", "ASSETD_ATTEMPT_ID=" + attempt}},
          {"cwd", folder.path()},
          {"stdout", folder / "out"},
          {"stderr", folder / "out"},
          {"limits", json::object()}};
}

json shell(const Folder& folder, const std::string& attempt, const std::string& script) {
  return spawn(folder, attempt, {"sh", "-c", script});
}

json stop(const std::string& attempt, std::vector<std::string> signals, int grace_ms) {
  return {{"op", "stop"}, {"attempt", attempt}, {"signals", std::move(signals)}, {"grace_ms", grace_ms}};
}

std::string read_text(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; fd >= 0 && (got = read(fd, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  if (fd >= 0) close(fd);
  return text;
}

void write_text(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::vector<int> processes_with(const std::string& marker) {
  std::vector<int> found;
  for (const auto& process : all_processes()) {
    if (process.dead() || process.pid == getpid()) continue;
    if (read_text("/proc/" + std::to_string(process.pid) + "/cmdline").find(marker) != std::string::npos)
      found.push_back(process.pid);
  }
  return found;
}

int parent_of(int pid) {
  const auto process = read_process(pid);
  return process ? process->parent : 0;
}

}  // namespace assetd::supervisor::testing
