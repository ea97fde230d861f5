#include "cli/run_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <optional>

#include "cli/progress_view.h"
#include "cli/run_follower.h"

namespace assetd::cli {
namespace {

constexpr int kRedrawMs = 500;
constexpr auto kPatience = std::chrono::seconds(60);  // for a daemon that is being restarted

volatile std::sig_atomic_t interrupted = 0;
int wake_on_interrupt = -1;

void on_interrupt(int) {
  interrupted = 1;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_on_interrupt, &one, sizeof one);
}

/// An eventfd that also wakes on Ctrl-C, which then does not end the process.
class Wake {
 public:
  Wake() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    wake_on_interrupt = fd_;
    interrupted = 0;
    struct sigaction action {};
    action.sa_handler = on_interrupt;
    sigaction(SIGINT, &action, &before_);
  }
  ~Wake() {
    sigaction(SIGINT, &before_, nullptr);
    close(fd_);
  }
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  int fd() const { return fd_; }
  void wait(int timeout_ms) const {
    pollfd wanted{fd_, POLLIN, 0};
    poll(&wanted, 1, timeout_ms);
    std::uint64_t count = 0;
    [[maybe_unused]] const auto taken = read(fd_, &count, sizeof count);
  }

 private:
  int fd_;
  struct sigaction before_ {};
};

int exit_of(const std::string& status) {
  if (status == "succeeded") return kOk;
  return status == "canceled" ? kCanceled : kFailed;
}

int finish(Session& session, const std::string& run_id) {
  auto run = session.api->get("/runs/" + run_id);
  if (!run) return session.fail(run.error());
  if (session.settings.json) {
    auto steps = session.api->list("/runs/" + run_id + "/steps", {}, SIZE_MAX);
    if (!steps) return session.fail(steps.error());
    (*run)["steps"] = (*steps)["items"];
    session.out << run->dump(2) << "\n";
  } else {
    print_outcome(session, *run);
  }
  return exit_of(text_at(*run, "status"));
}

int detach(Session& session, const std::string& run_id) {
  session.err << "detached: run " << run_id << " goes on. To cancel it: assetctl runs cancel " << run_id << "\n";
  return kDetached;
}

/// What is known of the connection, between updates.
struct Link {
  std::optional<SystemTime> lost_since;
  Problem problem;
};

/// Applies what was learnt; an exit code when there is nothing more to wait for.
std::optional<int> apply(Session& session, const std::string& run_id, ProgressView& view, Link& link, const std::vector<RunUpdate>& updates) {
  for (const auto& update : updates) {
    switch (update.kind) {
      case RunUpdate::Kind::step:
        link.lost_since.reset();
        if (!session.settings.json) view.update(update.step);
        break;
      case RunUpdate::Kind::lost:
        if (!link.lost_since) {
          link.lost_since = session.now();
          if (!session.settings.json) view.note("the daemon does not answer; trying again");
        }
        link.problem = update.problem;
        break;
      case RunUpdate::Kind::refused: view.erase(); return session.fail(update.problem);
      case RunUpdate::Kind::finished: view.erase(); return finish(session, run_id);
    }
  }
  return std::nullopt;
}

}  // namespace

int watch_run(Session& session, const std::string& run_id) {
  auto transport = make_transport(session.settings.url);
  if (!transport) return session.usage(transport.error());
  const Wake wake;
  RunFollower follower(std::make_unique<ApiClient>(std::move(*transport), session.settings.token), run_id, wake.fd());
  ProgressView view(session.settings.json ? Terminal{} : session.terminal, session.out, run_id, session.now());
  Link link;
  for (;;) {
    if (const auto code = apply(session, run_id, view, link, follower.take())) return *code;
    if (interrupted != 0) {
      view.erase();
      return detach(session, run_id);
    }
    if (link.lost_since && session.now() - *link.lost_since > kPatience) {
      view.erase();
      session.err << "run " << run_id << " may still be going on: assetctl runs show " << run_id << "\n";
      return session.fail(link.problem);
    }
    view.draw(session.now());
    wake.wait(kRedrawMs);
  }
}

namespace {

/// Whose the cause is, what is to be done, and whether somebody does it.
void print_whose(Session& session, const Json& cause) {
  if (const auto owners = join(cause.value("owners", Json::array()), ", "); !owners.empty()) session.out << "    owner: " << owners << "\n";
  if (const auto runbook = text_at(cause, "runbook"); !runbook.empty()) session.out << "    runbook: " << runbook << "\n";
  const auto taken = cause.find("acknowledged"), waiver = cause.find("waiver");
  if (taken != cause.end() && taken->is_object()) {
    const auto note = text_at(*taken, "note");
    session.out << "    acknowledged by " << text_at(*taken, "by") << " " << ago_at(*taken, "at", session.now()) << (note.empty() ? "" : ": " + note) << "\n";
  }
  if (waiver != cause.end() && waiver->is_object())
    session.out << "    waived" << (text_at(*waiver, "partition").empty() ? "" : " in partition " + text_at(*waiver, "partition")) << " by " << text_at(*waiver, "by") << " until " << text_at(*waiver, "until") << ": " << text_at(*waiver, "reason") << "\n";
}

}  // namespace

void print_outcome(Session& session, const Json& run) {
  const auto status = text_at(run, "status");
  const auto id = text_at(run, "id");
  std::string counts;
  const auto by_status = run.value("counts", Json::object());  // lives as long as the loop over its items
  for (const auto& [name, count] : by_status.items()) {
    if (count.is_number() && count.get<int>() > 0) counts += (counts.empty() ? "" : ", ") + count.dump() + " " + name;
  }
  const auto took = duration_at(run, "duration_ms");
  session.out << "run " << id << " " << session.terminal.paint(status, status_colour(status)) << (took.empty() ? "" : " in " + took)
              << (counts.empty() ? "" : ": " + counts) << "\n";
  const auto causes = run.value("causes", Json::array());
  if (status == "failed" && causes.empty()) session.out << "  " << text_at(run, "reason") << ": " << text_at(run, "detail") << "\n";
  for (const auto& cause : causes) {
    session.out << "  " << session.terminal.paint(step_name(cause), Colour::red) << ": " << text_at(cause, "reason");
    if (!text_at(cause, "check").empty()) session.out << " (" << text_at(cause, "check") << ")";
    if (!text_at(cause, "detail").empty()) session.out << ": " << text_at(cause, "detail");
    if (cause.value("skipped", 0) > 0) session.out << "; skipped because of it: " << text_at(cause, "skipped");
    session.out << "\n";
    print_whose(session, cause);
    session.out << "    assetctl runs logs " << id << " " << log_options(cause) << "\n";
  }
  // Checks that do not hold anything up fail a run of which every step succeeded.
  const bool something_to_repeat = by_status.value("failed", 0) + by_status.value("skipped", 0) + by_status.value("canceled", 0) > 0;
  if (status == "failed" && something_to_repeat) session.out << "  to run what failed and was skipped again: assetctl runs retry " << id << "\n";
}

}  // namespace assetd::cli
