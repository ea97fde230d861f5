#include "cli/run_follower.h"

#include <poll.h>
#include <unistd.h>

#include <climits>

namespace assetd::cli {
namespace {

constexpr int kRetryMs = 300;
constexpr int kStopMs = 10;
constexpr int kEnded = 4;  // of how_far

StepUpdate step_of(const Json& step) {
  const auto ended = text_at(step, "ended_at");
  const auto attempts = step.value("attempts", Json::array());
  return {text_at(step, "key"), text_at(step, "partition"), text_at(step, "status"), text_at(step, "reason"), text_at(step, "detail"),
          parse_time(ended.empty() ? text_at(step, "started_at") : ended), attempts.empty() ? 0 : attempts.back().value("number", 0)};
}

int how_far(const std::string& status) {
  if (is_terminal(status)) return kEnded;
  return status == "waiting_retry" ? 3 : status == "running" ? 2 : status == "starting" ? 1 : 0;
}

}  // namespace

bool is_terminal(const std::string& status) {
  return status == "succeeded" || status == "failed" || status == "skipped" || status == "canceled";
}

// Nothing follows an end: it is further than any attempt.
ListedSteps::Progress ListedSteps::progress_of(const StepUpdate& step) {
  return {is_terminal(step.status) ? INT_MAX : step.attempt, how_far(step.status)};
}

void ListedSteps::note(const StepUpdate& listed) { steps_[{listed.key, listed.partition}] = progress_of(listed); }

bool ListedSteps::is_news(const StepUpdate& told) {
  const auto listed = steps_.find({told.key, told.partition});
  if (listed == steps_.end()) return true;
  if (progress_of(told) <= listed->second) return false;
  steps_.erase(listed);
  return true;
}

RunFollower::RunFollower(std::unique_ptr<ApiClient> api, std::string run_id, int wake_fd)
    : api_(std::move(api)), run_id_(std::move(run_id)), wake_fd_(wake_fd), thread_([this] {
        follow();
        ended_ = true;
      }) {}

RunFollower::~RunFollower() {
  stopping_ = true;
  while (!ended_) {  // a stop between two requests of the thread stops nothing: say it again
    api_->stop();
    poll(nullptr, 0, kStopMs);
  }
  thread_.join();
}

std::vector<RunUpdate> RunFollower::take() {
  const std::lock_guard lock(mutex_);
  std::vector<RunUpdate> out(std::make_move_iterator(updates_.begin()), std::make_move_iterator(updates_.end()));
  updates_.clear();
  return out;
}

void RunFollower::push(RunUpdate update) {
  {
    const std::lock_guard lock(mutex_);
    updates_.push_back(std::move(update));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
}

void RunFollower::follow() {
  while (!stopping_) {
    std::string as_of;
    const auto ended = catch_up(as_of);
    if (ended && *ended) return push({RunUpdate::Kind::finished, {}, {}});
    Result<void> stream;
    if (ended) stream = api_->events({{"run", run_id_}, {"after", as_of}}, "", [this](const StreamEvent& event) { return on_event(event); });
    if (finished_) return push({RunUpdate::Kind::finished, {}, {}});
    if (stopping_) return;
    const auto* problem = !ended ? &ended.error() : !stream ? &stream.error() : nullptr;
    if (problem == nullptr || problem->status == 410) continue;  // the stream ended, or its start is pruned: look anew
    const bool refused = problem->status >= 400 && problem->status < 500;
    push({refused ? RunUpdate::Kind::refused : RunUpdate::Kind::lost, {}, *problem});
    if (refused) return;
    poll(nullptr, 0, kRetryMs);
  }
}

Result<bool> RunFollower::catch_up(std::string& as_of) {
  const auto run = api_->get("/runs/" + run_id_);  // before the steps: an event may be told twice, but none is missed
  if (!run) return std::unexpected(run.error());
  as_of = text_at(*run, "as_of");
  const auto steps = api_->list("/runs/" + run_id_ + "/steps", {}, SIZE_MAX);
  if (!steps) return std::unexpected(steps.error());
  for (const auto& item : (*steps)["items"]) {
    auto step = step_of(item);
    listed_.note(step);
    push({RunUpdate::Kind::step, std::move(step), {}});
  }
  return is_terminal(text_at(*run, "status"));
}

bool RunFollower::on_event(const StreamEvent& event) {
  if (stopping_) return false;
  const auto data = Json::parse(event.data, nullptr, false);
  if (!data.is_object()) return true;
  const auto subject = data.value("subject", Json::object());
  const auto changes = data.value("changes", Json::object());
  const auto status = text_at(changes, "status");
  if (event.type == "run_changed" && text_at(subject, "run_id") == run_id_ && is_terminal(status)) {
    finished_ = true;
    return false;
  }
  if (event.type != "step_changed" || text_at(subject, "run_id") != run_id_) return true;
  StepUpdate step{text_at(subject, "key"), text_at(subject, "partition"), status, text_at(changes, "reason"), text_at(changes, "detail"),
                  parse_time(text_at(data, "at")), changes.value("attempt", 0)};
  const auto keys = subject.value("keys", Json::array()), partitions = subject.value("partitions", Json::array());
  if (keys.empty()) tell(std::move(step));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    step.key = keys[i].get<std::string>();
    if (i < partitions.size()) step.partition = partitions[i].get<std::string>();
    tell(step);
  }
  return true;
}

void RunFollower::tell(StepUpdate step) {
  if (listed_.is_news(step)) push({RunUpdate::Kind::step, std::move(step), {}});
}

}  // namespace assetd::cli
