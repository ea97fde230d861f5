#include "daemon/definitions/files.h"

#include <fnmatch.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace assetd {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMostFiles = 1'000'000;

/// Walks down a pattern's parts. Links to folders are followed by name, not by "**": a loop would never end.
class Globber {
 public:
  explicit Globber(const std::string& pattern, std::vector<std::string>* folders = nullptr) : folders_(folders) {
    for (const auto& part : fs::path(pattern).relative_path()) parts_.push_back(part.string());
    walk(fs::path(pattern).root_path(), 0);
    std::ranges::sort(found_);
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
  }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  static bool hidden(const std::string& name) { return name.starts_with('.') || name == "__pycache__"; }

  void walk(const fs::path& dir, std::size_t part) {
    if (found_.size() >= kMostFiles) return;
    const auto& wanted = parts_[part];
    if (wanted == "**") return walk_any_depth(dir, part);
    if (!has_wildcard(wanted)) return named(dir, wanted, part);
    each(dir, [&](const fs::directory_entry& entry, const std::string& name) {
      if (::fnmatch(wanted.c_str(), name.c_str(), FNM_PERIOD) == 0) step(entry.path(), part);
    });
  }

  void named(const fs::path& dir, const std::string& name, std::size_t part) {
    std::error_code ignored;
    const bool last = part + 1 == parts_.size();
    if (folders_ && (last || !fs::is_directory(dir / name, ignored))) folders_->push_back(dir.string());
    step(dir / name, part);
  }

  void step(const fs::path& path, std::size_t part) {
    std::error_code ignored;
    if (part + 1 < parts_.size()) {
      if (fs::is_directory(path, ignored)) walk(path, part + 1);
    } else if (fs::exists(path, ignored) && !fs::is_directory(path, ignored)) {
      found_.push_back(path.string());
    }
  }

  void walk_any_depth(const fs::path& dir, std::size_t part) {
    const bool last = part + 1 == parts_.size();
    if (!last) walk(dir, part + 1);
    each(dir, [&](const fs::directory_entry& entry, const std::string&) {
      std::error_code ignored;
      if (entry.is_directory(ignored) && !entry.is_symlink(ignored))
        walk(entry.path(), part);
      else if (last)
        step(entry.path(), part);
    });
  }

  template <typename Visit>
  void each(const fs::path& dir, Visit visit) {
    if (folders_) folders_->push_back(dir.string());
    std::error_code ignored;
    for (fs::directory_iterator it(dir, fs::directory_options::skip_permission_denied, ignored), end; it != end;
         it.increment(ignored)) {
      const auto name = it->path().filename().string();
      if (!hidden(name)) visit(*it, name);
      if (ignored) return;
    }
  }

  std::vector<std::string>* folders_;
  std::vector<std::string> parts_;
  std::vector<std::string> found_;
};

}  // namespace

std::expected<std::string, std::string> read_file(const std::string& path) {
  constexpr std::uintmax_t kMost = 256u << 20;
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    return std::unexpected("can't read " + path + ": " + (error ? error.message() : "it is no file"));
  if (fs::file_size(path, error) > kMost) return std::unexpected("can't read " + path + ": it is larger than 256 MiB");
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return std::unexpected("can't read " + path + ": permission denied or an input error");
  return text;
}

bool write_file(const std::string& path, const std::string& text) {
  const auto temporary = path + ".new." + std::to_string(::getpid());
  std::ofstream file(temporary, std::ios::binary);
  file << text;
  file.close();
  std::error_code error;
  if (file) fs::rename(temporary, path, error);
  if (file && !error) return true;
  fs::remove(temporary, error);
  return false;
}

WatchedFile look_at(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return {path, -1, 0, 0};
  constexpr std::int64_t kNanos = 1'000'000'000;
  return {path, info.st_size, info.st_mtim.tv_sec * kNanos + info.st_mtim.tv_nsec,
          static_cast<std::int64_t>(info.st_ino)};
}

bool has_wildcard(const std::string& pattern) { return pattern.find_first_of("*?[") != std::string::npos; }

std::vector<std::string> expand_glob(const std::string& pattern, std::vector<std::string>* folders) {
  if (!has_wildcard(pattern) && !folders) return {pattern};
  auto found = Globber(pattern, folders).take();
  return has_wildcard(pattern) ? found : std::vector{pattern};
}

std::string sha256(const std::string& bytes) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash;
  crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  std::array<char, 2 * crypto_hash_sha256_BYTES + 1> hex;
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  return hex.data();
}

}  // namespace assetd
