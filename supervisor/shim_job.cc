#include "supervisor/shim_job.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace assetd::supervisor {
namespace {

constexpr std::size_t kLargestJob = 128 << 10;  // well below what a Unix socket takes for one message by default

// Both sides are the same program: bytes as they lie in memory will do.
class Writer {
 public:
  void put(std::uint64_t value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void put(const std::string& text) {
    put(text.size());
    bytes_ += text;
  }
  void put(const std::vector<std::string>& texts) {
    put(texts.size());
    for (const auto& text : texts) put(text);
  }
  void put(const std::optional<std::uint64_t>& value) {
    put(std::uint64_t{value.has_value()});
    put(value.value_or(0));
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  void get(std::uint64_t& value) {
    value = 0;
    if (rest_.size() < sizeof value) return fail();
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
  }
  void get(std::string& text) {
    std::uint64_t size = 0;
    get(size);
    if (size > rest_.size()) return fail();
    text = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }
  void get(std::vector<std::string>& texts) {
    std::uint64_t count = 0;
    get(count);
    for (; count > 0 && good_; --count) get(texts.emplace_back());
  }
  void get(std::optional<std::uint64_t>& value) {
    std::uint64_t has = 0, found = 0;
    get(has);
    get(found);
    if (has != 0) value = found;
  }
  bool complete() const { return good_ && rest_.empty(); }

 private:
  void fail() {
    good_ = false;
    rest_ = {};
  }
  std::string_view rest_;
  bool good_ = true;
};

/// Calls `each` with every field, so that what is written and what is read cannot differ.
template <typename SomeSpawn, typename Each>
void for_each_field(SomeSpawn& spawn, Each each) {
  auto& [attempt, argv, env, cwd, stdout_path, stderr_path, limits, warm, cgroup] = spawn;  // a shim has no use for `warm`
  each(attempt), each(argv), each(env), each(cwd), each(stdout_path), each(stderr_path), each(cgroup);
  auto& [memory_bytes, cpu_millis, cpu_seconds, open_files, processes] = limits;
  each(memory_bytes), each(cpu_millis), each(cpu_seconds), each(open_files), each(processes);
}

struct Control {
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
};

}  // namespace

std::string encode_spawn(const Spawn& spawn) {
  Writer writer;
  for_each_field(spawn, [&](const auto& field) { writer.put(field); });
  return writer.take();
}

std::optional<Spawn> decode_spawn(std::string_view bytes) {
  Reader reader(bytes);
  Spawn spawn;
  for_each_field(spawn, [&](auto& field) { reader.get(field); });
  return reader.complete() ? std::optional(std::move(spawn)) : std::nullopt;
}

bool make_job_sockets(int (&ends)[2]) { return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0; }

bool send_job(int socket, const Spawn& spawn, int claim) {
  auto bytes = encode_spawn(spawn);
  if (bytes.size() > kLargestJob) return false;
  iovec part{bytes.data(), bytes.size()};
  Control control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.room;
  message.msg_controllen = sizeof control.room;
  auto* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof claim);
  std::memcpy(CMSG_DATA(header), &claim, sizeof claim);
  return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(bytes.size());
}

bool left_unread(int socket) {
  char byte = 0;
  // The kernel tells the one end so when the other was closed with something in it.
  return recv(socket, &byte, sizeof byte, MSG_DONTWAIT) < 0 && errno == ECONNRESET;
}

std::optional<ShimJob> receive_job(int socket) {
  std::vector<char> bytes(kLargestJob);
  iovec part{bytes.data(), bytes.size()};
  Control control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.room;
  message.msg_controllen = sizeof control.room;
  ssize_t size = 0;
  while ((size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  const auto* const header = CMSG_FIRSTHDR(&message);
  if (size <= 0 || header == nullptr || header->cmsg_type != SCM_RIGHTS) return std::nullopt;
  ShimJob job;
  std::memcpy(&job.claim, CMSG_DATA(header), sizeof job.claim);
  auto spawn = decode_spawn({bytes.data(), static_cast<std::size_t>(size)});
  if (!spawn) return std::nullopt;
  job.spawn = std::move(*spawn);
  return job;
}

}  // namespace assetd::supervisor
