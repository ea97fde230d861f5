#pragma once
#include <expected>
#include <memory>
#include <string>
#include <utility>

namespace assetd {

/// One daemon per data directory: advisory locks of the folder itself and of a file in it, taken before the store is opened, gone with the process however it
/// ends. The folder's is the one that counts, as nobody can remove it and leave the store; the file's tells people who holds it, and older versions that it is held.
class DataLock {
 public:
  struct Refused {
    std::string why;
    bool in_use = false;  ///< another daemon has it; else the file cannot be made
  };
  /// The error says who holds it (pid and address), or why the lock file cannot be made.
  static std::expected<DataLock, Refused> take(const std::string& path);
  DataLock(DataLock&& other) noexcept : path_(std::move(other.path_)), folder_(std::exchange(other.folder_, -1)), fd_(std::exchange(other.fd_, -1)), told_(std::move(other.told_)) {}
  DataLock& operator=(DataLock&&) = delete;
  ~DataLock();
  /// For the next one who asks who holds it.
  void tell(const std::string& address);
  /// Makes the file anew if somebody removed it. Now and then.
  void look();

 private:
  DataLock(std::string path, int folder) : path_(std::move(path)), folder_(folder) {}
  bool lock_file();
  bool is_in_place() const;
  std::string path_;
  int folder_ = -1, fd_ = -1;
  std::string told_;
};

}  // namespace assetd
