#include "supervisor/shell/warm_worker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "supervisor/warm_step.h"

namespace assetd::supervisor {
namespace {

using nlohmann::json;

constexpr int kServeSocket = 3;  ///< its number in the worker; ASSETD_SERVE_FD says so
constexpr std::size_t kLargestWord = 4096;

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

/// In the child.
[[noreturn]] void become_worker(const Warm& warm, int socket, const rlimit& open_files) {
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // it is of no use without us, also while it loads and listens to nobody
  auto argv = warm.argv, env = warm.env;
  env.push_back("ASSETD_SERVE_FD=" + std::to_string(kServeSocket));
  env.push_back(std::string("ASSETD_ATTEMPT_ID=") + kNoAttempt);
  const int log = open(warm.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log >= 0) {
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
  }
  if (socket == kServeSocket) {
    fcntl(socket, F_SETFD, 0);
  } else {
    dup2(socket, kServeSocket);
  }
  close_range(kServeSocket + 1, ~0u, 0);
  if (chdir(warm.cwd.empty() ? "/" : warm.cwd.c_str()) != 0) _exit(126);
  setrlimit(RLIMIT_NOFILE, &open_files);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  auto variables = pointers(env);
  environ = variables.data();  // execvp looks at PATH: the step's
  execvp(argv[0].c_str(), pointers(argv).data());
  _exit(127);
}

}  // namespace

WarmWorker::WarmWorker(const Warm& warm, const rlimit& open_files) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    why_ = std::string("no socket for it: ") + std::strerror(errno);
    return;
  }
  pid_ = fork();
  if (pid_ == 0) become_worker(warm, ends[1], open_files);
  close(ends[1]);
  socket_ = ends[0];
  if (pid_ < 0) {
    pid_ = 0;
    why_ = std::string("cannot fork: ") + std::strerror(errno);
    return;
  }
  const auto order = R"({"op":"load","load":)" + warm.load + "}";
  if (send(socket_, order.data(), order.size(), MSG_NOSIGNAL | MSG_DONTWAIT) != static_cast<ssize_t>(order.size())) {
    why_ = std::string("what it is to load cannot be told: ") + std::strerror(errno);
    kill(pid_, SIGKILL);
  }
}

WarmWorker::~WarmWorker() {
  // Not its group: a fork of it that is about to become a shim leaves the group by itself, or notices that nobody wants it.
  if (pid_ > 0) kill(pid_, SIGKILL);
  if (socket_ >= 0) close(socket_);
}

WarmWorker::Word WarmWorker::hear() {
  std::array<char, kLargestWord> bytes;
  const auto size = recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return Word::nothing;
  if (size <= 0) return Word::gone;
  const auto body = json::parse(bytes.data(), bytes.data() + size, nullptr, false);
  const auto op = body.is_object() ? body.value("op", "") : "";
  if (op == "ready") return Word::ready;
  if (op == "stale") return Word::stale;
  why_ = op == "refuse" && body.contains("why") && body["why"].is_string() ? body["why"].get<std::string>() : "it says what nobody understands";
  return Word::refuses;
}

bool WarmWorker::ask_for_fork(int jobs, int status, int program) {
  const std::array files{jobs, status, program};
  std::string order = R"({"op":"fork","argv":["assetd-shim","--warm-shim"]})";
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof files)] = {};
  iovec part{order.data(), order.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  auto* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof files);
  std::memcpy(CMSG_DATA(header), files.data(), sizeof files);
  return sendmsg(socket_, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(order.size());
}

std::uint64_t WarmWorker::memory() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
  std::uint64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace assetd::supervisor
