#include "daemon/execution/environment.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <sstream>

#include "daemon/execution/child_process.h"

extern char** environ;

namespace assetd {
namespace {

using Variables = std::map<std::string, std::string>;
using Clock = std::chrono::steady_clock;
constexpr auto kLongestWait = std::chrono::seconds(30);  // for a program that gives a secret, or whoever writes into a pipe
constexpr std::size_t kLargestFile = 16u << 20;
constexpr std::array<std::string_view, 7> kPassed{"PATH", "HOME", "USER", "LANG", "LC_*", "TZ", "TMPDIR"};

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// Within double quotes a backslash stands before '"', '\', '$' and '`', as a shell has it.
std::string unquote(std::string_view value) {
  if (value.size() < 2 || value.front() != value.back() || (value[0] != '"' && value[0] != '\''))
    return std::string(value);
  const bool escapes = value[0] == '"';
  std::string result;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (escapes && value[i] == '\\' && i + 2 < value.size() &&
        std::string_view("\"\\$`").find(value[i + 1]) != std::string_view::npos)
      ++i;
    result += value[i];
  }
  return result;
}

struct OpenFile {
  int descriptor = -1;
  ~OpenFile() {
    if (descriptor >= 0) close(descriptor);
  }
};

/// Whether there is something to read, or all writers have gone.
bool wait_for_writer(int descriptor, Clock::time_point until, const std::atomic<bool>* stop) {
  pollfd readable{descriptor, POLLIN, 0};
  while (Clock::now() < until && !(stop && *stop))
    if (poll(&readable, 1, 100) > 0) return true;
  return false;
}

/// Also of a pipe, as programs for secrets put them in the place of a file: its writer has its time.
std::expected<std::string, std::string> read_whole(const std::string& path, const std::atomic<bool>* stop) {
  const auto failed = [&](const std::string& why) { return std::unexpected("can't read " + path + ": " + why); };
  const OpenFile file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.descriptor < 0) return failed(errno == ENOENT ? "it is missing" : std::strerror(errno));
  struct stat info {};
  if (fstat(file.descriptor, &info) != 0 || !(S_ISREG(info.st_mode) || S_ISFIFO(info.st_mode))) return failed("it is no file");
  const auto until = Clock::now() + kLongestWait;
  std::string text;
  std::array<char, 64 << 10> part{};
  for (;;) {
    if (S_ISFIFO(info.st_mode) && !wait_for_writer(file.descriptor, until, stop)) return failed("it is a pipe into which nobody wrote within 30 s");
    const auto size = read(file.descriptor, part.data(), part.size());
    if (size == 0) return text;
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size < 0) return failed(std::strerror(errno));
    text.append(part.data(), static_cast<std::size_t>(size));
    if (text.size() > kLargestFile) return failed("it is larger than 16 MiB");
  }
}

std::expected<Variables, std::string> read_variables(const std::string& path, const std::atomic<bool>* stop) {
  auto whole = read_whole(path, stop);
  if (!whole) return std::unexpected(whole.error());
  std::istringstream file(*whole);
  Variables result;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    auto text = trim(line);
    if (text.empty() || text[0] == '#' || text[0] == ';') continue;
    if (text.starts_with("export ")) text = trim(text.substr(7));
    const auto split = text.find('=');
    if (split == std::string_view::npos || split == 0)
      return std::unexpected(path + ":" + std::to_string(number) + ": expected NAME=VALUE");
    result[std::string(trim(text.substr(0, split)))] = unquote(trim(text.substr(split + 1)));
  }
  return result;
}

std::expected<std::string, std::string> ask_program(const std::string& program, const std::string& name, const std::atomic<bool>* stop) {
  ChildSpec spec;
  spec.argv = {program, name};
  spec.timeout = kLongestWait;
  spec.stop = stop;
  spec.max_output = 1u << 20;
  auto result = run_child(spec);
  if (!result) return std::unexpected(result.error());
  if (!result->ok())
    return std::unexpected("the secret \"" + name + "\": " + program + " ended with " + describe_end(*result, spec));
  // Programs end their output with a newline that is no part of the secret.
  while (result->output.ends_with('\n') || result->output.ends_with('\r')) result->output.pop_back();
  return result->output;
}

std::string variable(const Variables& variables, const std::string& name) {
  const auto it = variables.find(name);
  return it == variables.end() ? "" : it->second;
}

}  // namespace

std::expected<std::string, std::string> resolve_secrets(const std::string& value, const SecretLookup& secrets) {
  constexpr std::string_view kBegin = "${secret:";
  std::string result;
  std::size_t done = 0;
  for (auto at = value.find(kBegin); at != std::string::npos; at = value.find(kBegin, done)) {
    const auto close = value.find('}', at);
    if (close == std::string::npos) break;
    const auto name = value.substr(at + kBegin.size(), close - at - kBegin.size());
    const auto secret = secrets ? secrets(name) : std::unexpected("there is no secret \"" + name + "\"");
    if (!secret) return std::unexpected(secret.error());
    result.append(value, done, at - done).append(*secret);
    done = close + 1;
  }
  return result.append(value, done);
}

std::expected<Variables, std::string> make_environment(const EnvironmentSpec& spec, const Variables& daemon_env,
                                                       const SecretLookup& secrets, const std::atomic<bool>* stop) {
  Variables result;
  for (const auto& [name, value] : daemon_env) {
    const auto names_it = [&](std::string_view pattern) { return matches(pattern, name); };
    if (std::ranges::any_of(kPassed, names_it) || std::ranges::any_of(spec.inherit_env, names_it)) result[name] = value;
  }
  if (!spec.env_file.empty()) {
    auto from_file = read_variables(spec.env_file, stop);
    if (!from_file) return std::unexpected("env_file: " + from_file.error());
    for (auto& [name, value] : *from_file) result[name] = std::move(value);
  }
  for (const auto& [name, value] : spec.env) {
    auto resolved = resolve_secrets(value, secrets);
    if (!resolved) return std::unexpected("env " + name + ": " + resolved.error());
    result[name] = std::move(*resolved);
  }
  return result;
}

Variables current_environment() {
  Variables result;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text = *entry;
    if (const auto split = text.find('='); split != std::string_view::npos && split > 0)
      result.emplace(text.substr(0, split), text.substr(split + 1));
  }
  return result;
}

bool may_take_time(const EnvironmentSpec& spec, const Variables& daemon_env) {
  if (!spec.env_file.empty()) return true;
  if (variable(daemon_env, "ASSETD_SECRETS_FILE").empty() && variable(daemon_env, "ASSETD_SECRETS_COMMAND").empty()) return false;
  return std::ranges::any_of(spec.env, [](const auto& each) { return each.second.find("${secret:") != std::string::npos; });
}

SecretLookup default_secrets(const Variables& daemon_env, const std::atomic<bool>* stop) {
  return [daemon_env, stop](const std::string& name) -> std::expected<std::string, std::string> {
    const auto path = variable(daemon_env, "ASSETD_SECRETS_FILE"),
               program = variable(daemon_env, "ASSETD_SECRETS_COMMAND");
    if (!path.empty()) {
      const auto file = read_variables(path, stop);
      if (!file) return std::unexpected("ASSETD_SECRETS_FILE: " + file.error());
      if (const auto it = file->find(name); it != file->end()) return it->second;
    }
    if (const auto it = daemon_env.find("ASSETD_SECRET_" + name); it != daemon_env.end()) return it->second;
    if (!program.empty()) return ask_program(program, name, stop);
    return std::unexpected("there is no secret \"" + name + "\": give it in ASSETD_SECRETS_FILE, as ASSETD_SECRET_" +
                           name + ", or by ASSETD_SECRETS_COMMAND");
  };
}

}  // namespace assetd
