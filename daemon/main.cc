// Wiring, and nothing but wiring.

#include <signal.h>
#include <sys/resource.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "daemon/data_lock.h"
#include "daemon/definitions/plugin.h"
#include "daemon/http/server.h"
#include "daemon/options.h"
#include "daemon/sensors/guard.h"
#include "daemon/service/daemon_service.h"

namespace {

using namespace assetd;

enum ExitCode { ended_well = 0, failed = 1, wrong_usage = 2, data_in_use = 3 };

/// The message as a JSON string, so that one line stays one JSON object whatever is in it.
class JsonMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const auto text = nlohmann::json(std::string(message.payload.begin(), message.payload.end())).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonMessage>(); }
};

void set_up_log(const Options& options) {
  auto logger = std::make_shared<spdlog::logger>("assetd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<JsonMessage>('*');
  formatter->set_pattern(options.log_format == "json" ? R"({"at":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%*})" : "%Y-%m-%dT%H:%M:%S.%eZ %l: %v");
  logger->set_formatter(std::move(formatter));
  logger->set_level(spdlog::level::from_str(options.log_level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void print_failure(const StartFailure& failure) {
  for (const auto& error : failure.errors) {
    std::fprintf(stderr, "%s:%d:%d: error: %s%s%s%s\n", error.source.file.c_str(), error.source.line, error.source.column, error.message.c_str(),
                 error.hint.empty() ? "" : " (", error.hint.c_str(), error.hint.empty() ? "" : ")");
    if (!error.excerpt.empty()) std::fprintf(stderr, "    %s\n", error.excerpt.c_str());
  }
  std::fprintf(stderr, "assetd: %s%s\n", failure.message.c_str(), failure.errors.empty() ? "" : (": " + std::to_string(failure.errors.size()) + " errors").c_str());
}

std::expected<std::optional<std::string>, std::string> read_token(const std::string& file) {
  if (file.empty()) return std::nullopt;
  std::ifstream in(file);
  std::string token;
  if (!in || !std::getline(in, token) || token.empty()) return std::unexpected("--token-file " + file + " cannot be read or its first line is empty");
  return token;
}

CompileOptions compile_options(const Options& options, const std::string& program) {
  return {options.project, options.data, options.environment, options.plugin_dirs.empty() ? plugin_dirs(program, options.project) : options.plugin_dirs};
}

int wrong(const std::string& what) {
  std::fprintf(stderr, "assetd: %s\n", what.c_str());
  return wrong_usage;
}

// As the limit of open files leaves room for, beside the store's and the plugins' own.
std::size_t connections_within_limits() {
  constexpr rlim_t kOthers = 256, kLeast = 64, kMost = 4096;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return HttpOptions().max_connections;
  return std::clamp(files.rlim_cur > kOthers ? files.rlim_cur - kOthers : 0, kLeast, kMost);
}

constexpr const char* kFreePort = "127.0.0.1:0";

/// A replica that was told no address gives way to the daemon whose project it shares.
bool may_move_port(const Options& options) { return !options.environment.empty() && options.listen == Options().listen; }

/// Until no step runs any more, or a second signal comes: then those that run are left to the supervisor.
void drain(DaemonService& service, DaemonService::Drain how, const sigset_t& signals) {
  constexpr timespec kLook{0, 100'000'000};
  service.drain(how);
  while (!service.is_drained()) {
    const int signal = sigtimedwait(&signals, nullptr, &kLook);
    if (signal <= 0) continue;
    spdlog::warn("{}: stopping at once, the steps that run are left to the supervisor", strsignal(signal));
    return;
  }
}

int wait_for_signal(const sigset_t& signals, DataLock& lock) {
  constexpr timespec kLook{1, 0};
  for (;; lock.look())
    if (const int signal = sigtimedwait(&signals, nullptr, &kLook); signal > 0) return signal;
}

int serve(const Options& options, const std::string& program, const sigset_t& signals) {
  const auto token = read_token(options.token_file);
  if (!token) return wrong(token.error());
  HttpOptions http;
  http.listen = options.listen;
  http.token = *token;
  http.project_dir = options.project;
  http.host_names = options.host_names;
  http.origins = options.origins;
  http.max_connections = connections_within_limits();
  if (const auto problem = HttpServer::check(http)) return wrong(*problem);
  const DataPaths paths{options.data};
  std::error_code error;
  std::filesystem::create_directories(options.data, error);
  if (error) {
    std::fprintf(stderr, "assetd: cannot make the data directory %s: %s\n", options.data.c_str(), error.message().c_str());
    return failed;
  }
  auto lock = DataLock::take(paths.lock());
  if (!lock) {
    std::fprintf(stderr, "assetd: %s\n", lock.error().why.c_str());
    return lock.error().in_use ? data_in_use : failed;
  }
  ServiceOptions service_options;
  service_options.compile = compile_options(options, program);
  service_options.paths = paths;
  service_options.program = program;
  service_options.supervisor_program = std::filesystem::path(program).replace_filename("assetd-supervisor").string();
  service_options.cgroups = options.cgroups;
  service_options.start_supervisor = !options.external_supervisor;
  service_options.watch = options.watch;
  if (!options.origins.empty()) service_options.public_address = options.origins.front();
  auto service = DaemonService::start(std::move(service_options));
  if (!service) {
    print_failure(service.error());
    return service.error().exit_code;
  }
  http.store_path = paths.store();
  http.project_name = (*service)->project()->definitions.name;
  auto server = HttpServer::start(http, **service);
  if (!server && may_move_port(options)) {
    spdlog::warn("{}; this replica takes a free port instead", server.error());
    http.listen = kFreePort;
    server = HttpServer::start(http, **service);
  }
  if (!server) {
    std::fprintf(stderr, "assetd: %s\n", server.error().c_str());
    return failed;
  }
  (*service)->set_listen((*server)->address());
  lock->tell((*server)->address());
  std::printf("listening on %s\n", (*server)->address().c_str());
  std::fflush(stdout);

  const int signal = wait_for_signal(signals, *lock);
  spdlog::info("{}: stopping", strsignal(signal));
  if (options.drain || options.stop_steps) drain(**service, options.drain ? DaemonService::Drain::wait : DaemonService::Drain::cancel, signals);
  (*server)->stop();
  (*service)->shut_down();
  return ended_well;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "sense") return run_sense_command();  // many times a minute: before anything is set up
  const auto options = read_options(argc, argv);
  if (!options) {
    std::fputs(options.error().text.c_str(), options.error().exit_code == 0 ? stdout : stderr);
    return options.error().exit_code;
  }
  set_up_log(*options);
  const auto program = std::filesystem::read_symlink("/proc/self/exe").string();
  if (options->compile_only) return run_compile_command(compile_options(*options, program));
  // Blocked before any thread exists, so that every thread inherits it and only sigwait sees them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, each);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is an error of a write like any other
  return serve(*options, program, signals);
}
