#include "daemon/http/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace assetd::http {
namespace {

constexpr std::int64_t kChunk = 64 * 1024;

}  // namespace

std::size_t unfinished_character(const std::string& text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0u) == 0x80u) continue;  // a continuation: its first byte lies further back
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

LogFile::LogFile(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)) {
  struct stat status {};
  if (fd_ >= 0 && fstat(fd_, &status) == 0) size_ = status.st_size;
}

LogFile::~LogFile() {
  if (fd_ >= 0) close(fd_);
}

std::string LogFile::read_raw(std::int64_t offset, std::int64_t limit) const {
  const std::int64_t wanted = std::clamp<std::int64_t>(size_ - offset, 0, limit);
  std::string out(static_cast<std::size_t>(wanted), '\0');
  std::size_t got = 0;
  while (got < out.size()) {
    const ssize_t n = pread(fd_, out.data() + got, out.size() - got, offset + static_cast<std::int64_t>(got));
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  out.resize(got);
  return out;
}

std::string LogFile::read(std::int64_t offset, std::int64_t limit) const {
  std::string out = read_raw(offset, limit);
  const std::size_t rest = unfinished_character(out);
  // At the end of the file too: the rest may not have been written yet. A file that stays so is given in full by the call after.
  if (rest < out.size()) out.resize(out.size() - rest);
  return out;
}

std::string LogFile::read_lines(std::int64_t offset, std::int64_t limit) const {
  std::string out = read(offset, limit);
  const auto end = out.rfind('\n');
  if (end != std::string::npos) out.resize(end + 1);
  return out;
}

std::int64_t LogFile::tail_offset(std::int64_t lines, std::int64_t limit) const {
  const std::int64_t lowest = std::max<std::int64_t>(0, size_ - limit);
  std::int64_t left = lines;
  for (std::int64_t end = size_; end > lowest;) {
    const std::int64_t begin = std::max(lowest, end - kChunk);
    const std::string chunk = read_raw(begin, end - begin);
    for (std::size_t i = chunk.size(); i-- > 0;) {
      const std::int64_t at = begin + static_cast<std::int64_t>(i);
      if (chunk[i] == '\n' && at + 1 < size_ && --left == 0) return at + 1;
    }
    end = begin;
  }
  return lowest;
}

std::int64_t LogFile::line_offset(std::int64_t line) const {
  std::int64_t left = line - 1;
  if (left <= 0) return 0;
  for (std::int64_t at = 0; at < size_;) {
    const std::string chunk = read_raw(at, kChunk);
    if (chunk.empty()) break;
    for (std::size_t i = 0; i < chunk.size(); ++i)
      if (chunk[i] == '\n' && --left == 0) return at + static_cast<std::int64_t>(i) + 1;
    at += static_cast<std::int64_t>(chunk.size());
  }
  return size_;
}

}  // namespace assetd::http
