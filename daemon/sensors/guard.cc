#include "daemon/sensors/guard.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "daemon/definitions/files.h"
#include "daemon/execution/process_tree.h"
#include "daemon/store/file_system.h"

namespace assetd {
namespace {

using nlohmann::json;

constexpr Millis kBeyond{6'000};  // how much longer than its own time the process may take to tidy up
constexpr std::size_t kMostAnswer = 64u << 20, kMostFolders = 1'000;

std::string guard_text(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

/// What the process answers, or why there is none.
std::expected<json, std::string> ask_guard(ChildSpec outer, const json& question, const std::atomic<bool>& stop) {
  outer.input = guard_text(question);
  outer.max_output = kMostAnswer;
  outer.stop = &stop;
  const auto ended = run_child(outer);
  if (!ended) return std::unexpected(ended.error());
  if (!ended->ok()) return std::unexpected("the process that looks ended with " + describe_end(*ended, outer) + (ended->errors.empty() ? "" : ": " + ended->errors));
  auto answer = json::parse(ended->output, nullptr, false);
  if (!answer.is_object()) return std::unexpected("the process that looks gave no answer");
  return answer;
}

// ——— within the process

std::atomic<bool> guard_stop{false};

void hear_stop() {
  struct sigaction action{};
  action.sa_handler = [](int) { guard_stop = true; };
  for (const int each : {SIGTERM, SIGINT, SIGHUP}) ::sigaction(each, &action, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/// Until none is left, or what is left cannot be killed. As a subreaper this process is the parent also of whatever lost its own.
void end_descendants() {
  constexpr int kRounds = 300;
  for (int round = 0; round < kRounds; ++round) {
    pid_t reaped = 0;
    while ((reaped = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (reaped < 0 && errno == ECHILD) return;
    for (const auto pid : children_of(::getpid())) ::kill(pid, SIGKILL);
    ::poll(nullptr, 0, 5);
  }
}

json run_program(const json& question) {
  ChildSpec spec;
  for (const auto& word : question.at("argv")) spec.argv.push_back(word.get<std::string>());
  spec.cwd = question.at("cwd").get<std::string>();
  spec.input = question.at("input").get<std::string>();
  spec.timeout = Millis(question.at("timeout_ms").get<std::int64_t>());
  spec.max_output = question.at("max_output").get<std::size_t>();
  spec.keep_errors = question.at("keep_errors").get<std::size_t>();
  spec.grace = Millis{1'000};
  spec.stop = &guard_stop;
  const auto ended = run_child(spec);
  end_descendants();
  if (!ended) return {{"error", ended.error()}};
  return {{"end", static_cast<int>(ended->end)}, {"code", ended->code}, {"output", ended->output}, {"errors", ended->errors}};
}

json list_files(const json& question) {
  std::vector<std::string> folders;
  const auto glob = question.at("glob").get<std::string>();
  const auto most = question.at("most").get<std::size_t>();
  json files = json::array();
  for (const auto& path : expand_glob(glob, &folders)) {
    if (files.size() == most) break;
    if (const auto file = look_at(path); file.size >= 0) files.push_back(json::array({file.path, file.size, file.mtime_ns}));
  }
  std::ranges::sort(folders);
  folders.erase(std::unique(folders.begin(), folders.end()), folders.end());
  const bool network = folders.size() > kMostFolders || std::ranges::any_of(folders, [](const auto& folder) { return !check_local(folder + "/x"); });
  return {{"files", std::move(files)}, {"folders", network ? json::array() : json(folders)}, {"network", network}};
}

std::string read_question() {
  std::string text;
  char buffer[65'536];
  for (std::size_t size = 0; (size = std::fread(buffer, 1, sizeof buffer, stdin)) > 0;) text.append(buffer, size);
  return text;
}

}  // namespace

std::expected<SensedFiles, std::string> sense_files(const std::string& program, const std::string& glob, std::size_t most, Millis timeout, const std::atomic<bool>& stop) {
  ChildSpec outer;
  outer.argv = {program, "sense"};
  outer.timeout = timeout;
  const auto answer = ask_guard(outer, {{"look", "files"}, {"glob", glob}, {"most", most}}, stop);
  if (!answer) return std::unexpected(answer.error());
  SensedFiles found;
  found.network = answer->at("network").get<bool>();
  for (const auto& folder : answer->at("folders")) found.folders.push_back(folder.get<std::string>());
  for (const auto& file : answer->at("files"))
    found.files.push_back({file.at(0).get<std::string>(), file.at(1).get<std::int64_t>(), file.at(2).get<std::int64_t>()});
  return found;
}

std::expected<ChildResult, std::string> run_guarded(const std::string& program, const ChildSpec& spec, const std::atomic<bool>& stop) {
  ChildSpec outer;
  outer.argv = {program, "sense"};
  outer.env = spec.env;
  outer.timeout = spec.timeout + kBeyond;
  outer.grace = Millis{4'000};
  const auto answer = ask_guard(outer, {{"look", "program"}, {"argv", spec.argv}, {"cwd", spec.cwd}, {"input", spec.input}, {"timeout_ms", spec.timeout.count()},
                                        {"max_output", spec.max_output}, {"keep_errors", spec.keep_errors}}, stop);
  if (!answer) return std::unexpected(answer.error());
  if (const auto error = answer->find("error"); error != answer->end()) return std::unexpected(error->get<std::string>());
  ChildResult result;
  result.end = static_cast<ChildResult::End>(answer->at("end").get<int>());
  result.code = answer->at("code").get<int>();
  result.output = answer->at("output").get<std::string>();
  result.errors = answer->at("errors").get<std::string>();
  return result;
}

int run_sense_command() {
  hear_stop();
  const auto question = json::parse(read_question(), nullptr, false);
  if (!question.is_object()) {
    std::fputs("assetd sense: started by the daemon itself, with a question on stdin\n", stderr);
    return 2;
  }
  json answer;
  try {
    answer = question.value("look", "") == "files" ? list_files(question) : run_program(question);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "assetd sense: %s\n", error.what());
    return 2;
  }
  const auto text = guard_text(answer);
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace assetd
