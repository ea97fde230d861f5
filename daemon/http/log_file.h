#pragma once
// One output file of an attempt, read in pieces. Files may be larger than memory and may still grow.

#include <cstdint>
#include <string>

namespace assetd::http {

class LogFile {
 public:
  /// A file that is not there reads as empty: outputs that stayed empty are removed.
  explicit LogFile(const std::string& path);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  /// As it was when it was opened: what is written meanwhile comes with the next request.
  std::int64_t size() const { return size_; }
  /// At most `limit` bytes from `offset`. Ends between two characters of UTF-8 and not within them, unless that would give nothing.
  std::string read(std::int64_t offset, std::int64_t limit) const;
  /// As read, but ends after a line, if a line ends within.
  std::string read_lines(std::int64_t offset, std::int64_t limit) const;
  /// Where the last `lines` lines begin, looking back at most `limit` bytes.
  std::int64_t tail_offset(std::int64_t lines, std::int64_t limit) const;
  /// Where line `line` (from 1) begins; size() if there are fewer.
  std::int64_t line_offset(std::int64_t line) const;

 private:
  std::string read_raw(std::int64_t offset, std::int64_t limit) const;
  int fd_ = -1;
  std::int64_t size_ = 0;
};

/// How many bytes at the end of `text` are the beginning of a character whose rest is missing: 0 to 3.
std::size_t unfinished_character(const std::string& text);

}  // namespace assetd::http
