#include "daemon/service/output_sweep.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <span>
#include <vector>

#include "daemon/service/artifact_sweep.h"
#include "daemon/store/reader.h"

namespace assetd {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRunsAtOnce = 200;  // of one query

std::vector<RunId> runs_with_output(const std::string& logs) {
  std::vector<RunId> runs;
  std::error_code gone;
  for (fs::directory_iterator each(logs, gone), end; !gone && each != end; each.increment(gone)) {
    const auto name = each->path().filename().string();
    RunId run = 0;
    const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), run);
    if (error == std::errc() && rest == name.data() + name.size()) runs.push_back(run);
  }
  std::ranges::sort(runs);
  return runs;
}

std::int64_t bytes_of(const std::string& folder) {
  std::int64_t bytes = 0;
  std::error_code gone;
  for (fs::recursive_directory_iterator each(folder, gone), end; !gone && each != end; each.increment(gone)) {
    std::error_code vanished;
    const auto size = each->file_size(vanished);
    if (!vanished) bytes += static_cast<std::int64_t>(size);
  }
  return bytes;
}

class Sweeper {
 public:
  Sweeper(const OutputSweep& sweep, Reader& reader) : sweep_(sweep), reader_(reader), runs_(runs_with_output(sweep.paths.data_dir + "/logs")) {}

  OutputSwept run() {
    remove_before(sweep_.cutoff, [] { return true; });
    if (sweep_.max_bytes && swept_.error.empty()) make_room();
    return swept_;
  }

 private:
  /// The oldest first, while `wanted`.
  template <typename Wanted>
  void remove_before(WallTime cutoff, Wanted wanted) {
    std::vector<RunId> left;
    for (std::size_t from = 0; from < runs_.size(); from += kRunsAtOnce) {
      const auto some = std::span(runs_).subspan(from, std::min(kRunsAtOnce, runs_.size() - from));
      const auto old = reader_.old_logs(some, cutoff);
      if (!old) {
        swept_.error = old.error().message;
        return;
      }
      for (const auto run : old->runs)
        if (wanted()) remove(run);
      if (old->young != 0) break;
    }
    std::erase_if(runs_, [&](RunId run) { return std::ranges::binary_search(removed_, run); });
  }

  void remove(RunId run) {
    const auto folder = sweep_.paths.log_dir(run);
    if (sweep_.max_bytes) total_ -= bytes_of(folder);
    std::error_code failed;
    fs::remove_all(folder, failed);
    if (failed) swept_.error = folder + ": " + failed.message();
    removed_.push_back(run);
    ++swept_.runs;
  }

  void make_room() {
    total_ = bytes_of(sweep_.paths.data_dir + "/logs");
    for (const auto* part : {"", "-wal"}) {
      std::error_code gone;
      const auto size = fs::file_size(sweep_.paths.store() + part, gone);
      if (!gone) total_ += static_cast<std::int64_t>(size);
    }
    const auto too_much = [&] { return total_ > *sweep_.max_bytes; };
    if (too_much()) remove_before(sweep_.now, too_much);
    swept_.bytes = total_;
    swept_.too_much = too_much();
  }

  const OutputSweep& sweep_;
  Reader& reader_;
  std::vector<RunId> runs_, removed_;  ///< ascending
  std::int64_t total_ = 0;
  OutputSwept swept_;
};

}  // namespace

OutputSwept sweep_output(const OutputSweep& sweep) {
  auto reader = Reader::open(sweep.paths.store());
  if (!reader) return {.error = reader.error().message};
  auto swept = Sweeper(sweep, **reader).run();
  const auto artifacts = sweep_artifacts(sweep.paths, **reader, sweep.artifacts);
  swept.artifacts = artifacts.objects;
  if (swept.error.empty()) swept.error = artifacts.error;
  return swept;
}

}  // namespace assetd
