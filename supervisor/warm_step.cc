#include "supervisor/warm_step.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "supervisor/frame.h"
#include "supervisor/shell/processes.h"
#include "supervisor/step.h"

namespace assetd::supervisor {
namespace {

constexpr char kTagName[] = "ASSETD_ATTEMPT_ID=";

std::string read_proc(int pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Where the environment that a process was executed with lies in its memory; 0 when that is not to be known.
std::uintptr_t environment_address(int pid) {
  constexpr int kFieldsFromStateToEnvironment = 47;  // proc(5): state is field 3, env_start field 50
  const auto text = read_proc(pid, "stat");
  auto at = text.rfind(')');
  if (at == std::string::npos) return 0;
  at += 2;
  for (int field = 0; field < kFieldsFromStateToEnvironment && at != std::string::npos; ++field) {
    at = text.find(' ', at);
    if (at != std::string::npos) ++at;
  }
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at, nullptr, 10);
}

/// What belongs to a lost attempt is found by this variable in /proc/PID/environ, which shows what the *worker* was executed with. The
/// worker was given room for it.
bool tag(int pid, const std::string& attempt) {
  const auto environment = read_proc(pid, "environ");
  const auto room = ('\0' + environment).find(std::string(1, '\0') + kTagName + kNoAttempt);
  const auto address = environment_address(pid);
  if (room == std::string::npos || address == 0) return false;
  iovec from{const_cast<char*>(attempt.data()), attempt.size()};
  iovec to{reinterpret_cast<void*>(address + room + sizeof kTagName - 1), attempt.size()};
  if (process_vm_writev(pid, &from, 1, &to, 1, 0) != static_cast<ssize_t>(attempt.size())) return false;
  return has_in_environment(pid, kTagName + attempt);
}

bool limit(int pid, const Spawn& spawn, const rlimit& open_files, ControlGroup& group) {
  if (group.exists() && !group.take_in(pid)) return false;
  for (const auto& limit : limits_of(spawn, open_files, group.bounds_memory())) {
    if (prlimit(pid, static_cast<__rlimit_resource>(limit.resource), &limit.value, nullptr) != 0 && limit.name != nullptr) return false;
  }
  return true;
}

std::string instructions(const Spawn& spawn) {
  const nlohmann::json body = {{"argv", spawn.argv}, {"env", spawn.env}, {"cwd", spawn.cwd.empty() ? "/" : spawn.cwd}};
  std::string frame;
  append_frame(frame, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return frame;
}

/// All of it, or nothing that counts: what is cut off is no frame.
bool send_go(int socket, std::string_view bytes, int out, int err) {
  const int files[] = {out, err};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof files)] = {};
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  auto* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof files);
  std::memcpy(CMSG_DATA(header), files, sizeof files);
  auto sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  while (sent > 0 && static_cast<std::size_t>(sent) < bytes.size()) {
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  return sent > 0;
}

bool hand_over(const Spawn& spawn, const WarmStep& step, Outputs& outputs) {
  const auto out = outputs.out.open(spawn.stdout_path);
  if (!out) return false;
  const auto err = spawn.stderr_path == spawn.stdout_path ? out : outputs.err.open(spawn.stderr_path);
  const bool good = err && send_go(step.go, instructions(spawn), *out, *err);
  close(*out);
  if (err && *err != *out) close(*err);
  return good;
}

}  // namespace

bool start_warm(const Spawn& spawn, const WarmStep& step, const rlimit& open_files, ControlGroup& group, Outputs& outputs) {
  const bool waits = waitpid(step.pid, nullptr, WNOHANG) == 0;
  const bool good = waits && setpgid(step.pid, step.pid) == 0 && tag(step.pid, spawn.attempt) && limit(step.pid, spawn, open_files, group) &&
                    hand_over(spawn, step, outputs);
  if (!good) {
    if (waits) end_warm(step);
    outputs.close();
  }
  close(step.go);
  return good;
}

void end_warm(const WarmStep& step) {
  if (waitpid(step.pid, nullptr, WNOHANG) != 0) return;  // gone; the number may be another's
  kill(step.pid, SIGKILL);
  waitpid(step.pid, nullptr, 0);
}

}  // namespace assetd::supervisor
