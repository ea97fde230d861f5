#pragma once
// A service over a data folder of its own, with the real store and the real supervisor. Definitions are compiled by the real compiler, in this process;
// the child that the service starts for it only prints them.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "daemon/service/daemon_service.h"
#include "tests/paths.h"

namespace assetd::testing {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
constexpr auto kLongest = 60s;  // every wait ends: the test fails then

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() {
    std::string name = fs::temp_directory_path() / "assetd-service-XXXXXX";
    root_ = mkdtemp(name.data());
    fs::create_directories(project());
    std::ofstream(compiler()) << "#!/bin/sh\ncat '" << (root_ / "compiled.json").string() << "'\n";
    fs::permissions(compiler(), fs::perms::owner_all);
    options_.compile = {project(), data(), "", {}};
    options_.paths.data_dir = data();
    options_.program = compiler();
    options_.supervisor_program = testing::program("assetd-supervisor");
    options_.free_space_floor = 0;
  }
  ~ServiceTest() override {
    if (service_) {
      service_->drain(DaemonService::Drain::cancel);
      while (!service_->is_drained()) {
        std::unique_lock lock(mutex_);
        arrived_.wait_for(lock, 20ms);
      }
    }
    service_.reset();
    end_supervisor();
    fs::remove_all(root_);
  }

  std::string project() const { return root_ / "project"; }
  std::string data() const { return root_ / "data"; }
  std::string compiler() const { return root_ / "compiler"; }
  std::string file(const std::string& name) const { return fs::path(project()) / name; }

  void define(const std::string& yaml) {
    std::ofstream(file("assetd.yaml")) << yaml;
    std::ofstream(root_ / "compiled.json") << to_json(compile_here(options_.compile)).dump();
  }
  void start() {
    auto started = DaemonService::start(options_);
    ASSERT_TRUE(started) << started.error().message;
    service_ = std::move(*started);
    service_->subscribe([this](const std::vector<Event>& events) {
      const std::lock_guard lock(mutex_);
      events_.insert(events_.end(), events.begin(), events.end());
      arrived_.notify_all();
    });
  }
  void start(const std::string& yaml) {
    define(yaml);
    start();
  }
  /// The steps go on.
  void stop() {
    service_->shut_down();
    service_.reset();
  }

  template <typename Call>
  Reply answer(Call call) {
    auto promise = std::make_shared<std::promise<Reply>>();
    auto future = promise->get_future();
    call([promise](Reply reply) { promise->set_value(std::move(reply)); });
    if (future.wait_for(kLongest) != std::future_status::ready) throw std::runtime_error("no answer");
    return future.get();
  }
  static Caller caller(const std::string& key = "", const std::string& body = "") { return {{"ann", "127.0.0.1"}, "POST /runs", key, body}; }
  Reply request(const std::string& select, Caller by = caller()) {
    RunRequestBody body;
    body.select = select;
    return answer([&](auto done) { service_->request_run(by, body, done); });
  }
  RunId run(const std::string& select) { return std::stoll(request(select).body.at("id").get<std::string>()); }
  Reply cancel(RunId id) {
    return answer([&](auto done) { service_->cancel_run(caller(), id, done); });
  }
  Reply retry(RunId id, bool from_start = false) {
    return answer([&](auto done) { service_->retry_run(caller(), id, {.from_start = from_start}, done); });
  }
  /// What `ask` asks for is done in one turn: it waits while the service's thread is held, in telling of a run of `held_by`.
  void in_one_turn(const std::string& held_by, const std::function<void()>& ask) {
    std::promise<void> held, go;
    const auto listener = service_->subscribe([&, first = true](const std::vector<Event>&) mutable {
      if (std::exchange(first, false)) held.set_value(), go.get_future().wait_for(kLongest);
    });
    RunRequestBody body;
    body.select = held_by;
    service_->request_run(caller(), body, [](Reply) {});
    held.get_future().wait_for(kLongest);
    ask();
    go.set_value();
    service_->unsubscribe(listener);
  }

  bool await_event(const std::function<bool(const Event&)>& wanted) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, kLongest, [&] { return std::ranges::any_of(events_, wanted); });
  }
  /// How the run ended.
  std::string outcome(RunId id) {
    std::string status = "still under way";
    await_event([&](const Event& event) {
      if (event.type != "run_changed" || event.run != id) return false;
      const auto told = event.changes.value("status", "");
      if (told == "succeeded" || told == "failed" || told == "canceled") status = told;
      return status == told;
    });
    return status;
  }
  bool await_step(RunId id, const std::string& key, const std::string& status) {
    return await_event([&](const Event& event) { return event.type == "step_changed" && event.run == id && event.asset == key && event.changes.value("status", "") == status; });
  }
  AssetState asset(const std::string& key) {
    AssetState found;
    service_->with_assets([&](const AssetTable& table) { found = table.states.at(table.project->graph.find(key).value()); });
    return found;
  }
  std::string status(const std::string& key) { return std::string(to_string(asset(key).status())); }
  std::unique_ptr<Reader> reader() { return std::move(*Reader::open(options_.paths.store(), 10s)); }
  std::string text_of(const std::string& name) const {
    std::ifstream in(file(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void end_supervisor() {
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    const int stream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    options_.paths.supervisor_socket().copy(address.sun_path, sizeof address.sun_path - 1);
    for (const int each : {fd, stream}) {
      ucred peer{};
      socklen_t size = sizeof peer;
      if (connect(each, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && getsockopt(each, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid > 0) kill(peer.pid, SIGKILL);
      close(each);
    }
  }

  fs::path root_;
  ServiceOptions options_;
  std::unique_ptr<DaemonService> service_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Event> events_;
};

}  // namespace assetd::testing
