#pragma once
#include <expected>
#include <memory>
#include <string>

namespace assetd {

/// One daemon per data directory: an advisory lock, taken before the store is opened, gone with the process however it ends.
class DataLock {
 public:
  struct Refused {
    std::string why;
    bool in_use = false;  ///< another daemon has it; else the file cannot be made
  };
  /// The error says who holds it (pid and address), or why the lock file cannot be made.
  static std::expected<DataLock, Refused> take(const std::string& path);
  DataLock(DataLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  DataLock& operator=(DataLock&&) = delete;
  ~DataLock();
  /// For the next one who asks who holds it.
  void tell(const std::string& address) const;

 private:
  explicit DataLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace assetd
