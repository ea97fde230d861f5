#include "supervisor/cause.h"

#include <charconv>
#include <csignal>
#include <cstdio>

namespace assetd::supervisor {
namespace {

constexpr int kSignalOfShell = 128;  // sh reports a child killed by signal N as 128 + N
constexpr int kNoProgram = 127, kNotExecutable = 126;

bool is_failure(const End& end) { return end.outcome == Outcome::signaled || (end.outcome == Outcome::exited && end.exit_code != 0); }

bool ended_by(const End& end, int signal) {
  return end.outcome == Outcome::signaled ? end.signal == signal : end.exit_code == kSignalOfShell + signal;
}

std::string how(const End& end) {
  return end.outcome == Outcome::signaled ? "signal " + std::to_string(end.signal) : "exit code " + std::to_string(end.exit_code);
}

std::string with_peak(const GroupMemory& group) { return group.peak_bytes == 0 ? "" : "; it had at most " + spoken_size(group.peak_bytes); }

std::string killed_in_group(const GroupMemory& group, const Evidence& evidence) {
  if (group.limit_hits > 0 && evidence.limits.memory_bytes)
    return "out of memory: the kernel killed it at its limit of " + spoken_size(*evidence.limits.memory_bytes) + " (memory.events of its control group" +
           with_peak(group) + ")";
  return "out of memory: the kernel killed " + std::to_string(group.killed) +
         " of its processes because the machine, or a control group around it, had no more (memory.events" + with_peak(group) + ")";
}

/// What a program does that is refused memory is its own affair: only its use tells.
bool was_near_its_limit(const End& end, const Evidence& evidence) {
  if (!evidence.limits.memory_bytes || evidence.group_bounds_memory) return false;
  const bool likely_end = end.outcome == Outcome::exited ? end.exit_code != kNoProgram && end.exit_code != kNotExecutable
                                                         : end.signal == SIGABRT || end.signal == SIGSEGV || end.signal == SIGBUS || end.signal == SIGKILL;
  const auto used = static_cast<std::uint64_t>(end.usage.max_rss_kb) * 1024;
  return likely_end && used >= *evidence.limits.memory_bytes / 10 * 8;
}

bool used_up_cpu_time(const End& end, const Limits& limits) {
  if (!limits.cpu_seconds) return false;
  if (ended_by(end, SIGXCPU)) return true;
  const auto used_ms = end.usage.user_ms + end.usage.system_ms;
  return ended_by(end, SIGKILL) && used_ms >= static_cast<std::int64_t>(*limits.cpu_seconds) * 1000;
}

void set(End& end, Cause cause, std::string detail) {
  end.cause = cause;
  end.detail = std::move(detail);
}

}  // namespace

void find_cause(End& end, const Evidence& evidence) {
  if (!is_failure(end) || end.stopped || end.started_at_ms == 0) return;
  const auto& limits = evidence.limits;
  if (evidence.group && evidence.group->killed > 0) return set(end, Cause::out_of_memory, killed_in_group(*evidence.group, evidence));
  if (evidence.named_by_kernel_log)
    return set(end, Cause::out_of_memory,
               "out of memory: the kernel's log says that it killed process " + std::to_string(*evidence.named_by_kernel_log) + " of it, which had " +
                   spoken_size(static_cast<std::uint64_t>(end.usage.max_rss_kb) * 1024) + " at most");
  if (used_up_cpu_time(end, limits))
    return set(end, Cause::cpu_time, how(end) + ": its limit of " + std::to_string(*limits.cpu_seconds) + " s of processor time was used up");
  if (was_near_its_limit(end, evidence))
    set(end, Cause::out_of_memory,
        how(end) + " after a process had " + spoken_size(static_cast<std::uint64_t>(end.usage.max_rss_kb) * 1024) + " of the " +
            spoken_size(*limits.memory_bytes) + " that each may have: it was most likely refused more (a conclusion; with a control group the kernel would say it)");
}

bool may_be_in_kernel_log(const End& end, const Evidence& evidence) {
  return end.outcome == Outcome::signaled && end.signal == SIGKILL && !end.stopped && !(evidence.group && evidence.group->killed > 0);
}

bool says_killed_for_memory(std::string_view records, int pid, std::int64_t since_us) {
  const auto victim = "Killed process " + std::to_string(pid) + " ";
  while (!records.empty()) {
    const auto line = records.substr(0, records.find('\n'));
    records.remove_prefix(std::min(line.size() + 1, records.size()));
    if (line.find(victim) == std::string_view::npos || line.find("ut of memory") == std::string_view::npos) continue;
    const auto first = line.find(','), second = line.find(',', first + 1);
    std::int64_t at_us = 0;
    if (second != std::string_view::npos) std::from_chars(line.data() + second + 1, line.data() + line.size(), at_us);
    if (at_us >= since_us) return true;
  }
  return false;
}

std::string spoken_size(std::uint64_t bytes) {
  constexpr std::uint64_t kMebi = 1 << 20, kGibi = 1 << 30;
  char text[32];
  if (bytes >= kGibi)
    std::snprintf(text, sizeof text, bytes % kGibi == 0 ? "%.0f GiB" : "%.1f GiB", static_cast<double>(bytes) / kGibi);
  else
    std::snprintf(text, sizeof text, "%.0f MiB", static_cast<double>(bytes) / kMebi);
  return text;
}

}  // namespace assetd::supervisor
