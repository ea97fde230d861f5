#include "daemon/http/worker_pool.h"

namespace assetd::http {

WorkerPool::WorkerPool(int threads, Service& service, Shared& shared) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this, &service, &shared] { work(service, shared); });
}

bool WorkerPool::post(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || jobs_.size() >= kMaxWaiting) return false;
    jobs_.push_back(std::move(job));
  }
  waiting_.notify_one();
  return true;
}

void WorkerPool::stop() {
  std::deque<Job> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(jobs_);
  }
  waiting_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void WorkerPool::work(Service& service, Shared& shared) {
  Context context(service, shared);
  for (std::unique_lock lock(mutex_);;) {
    waiting_.wait(lock, [&] { return stopped_ || !jobs_.empty(); });
    if (stopped_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job(context);
    lock.lock();
  }
}

}  // namespace assetd::http
