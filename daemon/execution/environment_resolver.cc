#include "daemon/execution/environment_resolver.h"

#include <utility>

namespace assetd {
namespace {

constexpr std::size_t kMostThreads = 8;  // each waits for a program of somebody else

}  // namespace

EnvironmentResolver::~EnvironmentResolver() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    jobs_.clear();
  }
  ready_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void EnvironmentResolver::resolve(EnvironmentSpec spec, std::map<std::string, std::string> daemon_env, Done done) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(spec), std::move(daemon_env), std::move(done)});
    if (jobs_.size() > idle_ && threads_.size() < kMostThreads) threads_.emplace_back([this] { work(); });
  }
  ready_.notify_one();
}

void EnvironmentResolver::work() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (jobs_.empty()) {
      ++idle_;
      ready_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
      --idle_;
      continue;
    }
    const auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    auto environment = make_environment(job.spec, job.daemon_env, default_secrets(job.daemon_env, &stop_), &stop_);
    if (!stop_) job.done(std::move(environment));
    lock.lock();
  }
}

}  // namespace assetd
