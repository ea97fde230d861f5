#include "cli/progress_view.h"

#include <ostream>

namespace assetd::cli {
namespace {

constexpr std::size_t kScrollUpTo = 200;  // of a larger run only what failed scrolls by on a terminal
constexpr std::size_t kBar = 20;

std::string bar(std::size_t done, std::size_t total) {
  std::string out;
  const std::size_t filled = total == 0 ? 0 : kBar * done / total;
  for (std::size_t i = 0; i < kBar; ++i) out += i < filled ? "█" : "░";
  return out;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

}  // namespace

void ProgressView::update(const StepUpdate& update) {
  const auto name = update.partition.empty() ? update.key : update.key + " [" + update.partition + "]";
  auto& step = steps_[name];
  if (step.status == update.status) return;
  const bool was_terminal = is_terminal(step.status);
  step.status = update.status;
  const bool runs = update.status == "running" || update.status == "starting";
  if (runs) running_.insert(name);
  else running_.erase(name);
  if (update.status == "running") step.began = update.at;
  if (is_terminal(update.status) && !was_terminal) ++ended_;
  failed_ += update.status == "failed" || update.status == "skipped";
  print(name, step, update);
}

void ProgressView::print(const std::string& name, const Step& step, const StepUpdate& update) {
  const bool bad = step.status == "failed" || step.status == "waiting_retry";
  const bool worth_a_line = is_terminal(step.status) || bad || (!terminal_.tty && step.status == "running");
  if (!worth_a_line || (terminal_.tty && steps_.size() > kScrollUpTo && !bad)) return;
  std::string line = terminal_.paint(padded(step.status, 13), status_colour(step.status)) + "  " + name;
  if (is_terminal(step.status) && step.began && update.at) {
    line += "  " + duration_text(std::chrono::duration_cast<std::chrono::milliseconds>(*update.at - *step.began));
  }
  if (!update.reason.empty()) line += "  " + update.reason + (update.detail.empty() ? "" : ": " + update.detail);
  note(line);
}

void ProgressView::note(const std::string& line) {
  erase();
  out_ << line << std::endl;
}

void ProgressView::erase() {
  if (drawn_) out_ << "\r\033[K";
  drawn_ = false;
}

void ProgressView::draw(SystemTime now) {
  if (!terminal_.tty) return;
  std::string names;
  for (const auto& name : running_) names += (names.empty() ? "" : ", ") + name;
  std::string text = "run " + run_id_ + "  " + bar(ended_, steps_.size()) + "  " + std::to_string(ended_) + "/" + std::to_string(steps_.size()) + "  " +
                     duration_text(std::chrono::duration_cast<std::chrono::seconds>(now - began_));
  if (failed_ > 0) text += "  " + std::to_string(failed_) + " failed or skipped";
  if (!names.empty()) text += "  " + names;
  out_ << "\r\033[K" << shorten(text, terminal_.width > 0 ? terminal_.width - 1 : 79) << std::flush;
  drawn_ = true;
}

}  // namespace assetd::cli
