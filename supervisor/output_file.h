#pragma once
// Where a step's output goes. A file costs more to make and remove than a small program costs to run, and most steps say nothing: so the
// step writes into a file without a name, which gets its name with the first byte, and serves the next step if there was none.

#include <expected>
#include <string>

namespace assetd::supervisor {

/// Tells by a signal, once, when a file that is watched is written to.
class WriteWatch {
 public:
  explicit WriteWatch(int signal);
  ~WriteWatch();
  WriteWatch(const WriteWatch&) = delete;
  WriteWatch& operator=(const WriteWatch&) = delete;

  /// False when that cannot be had here.
  bool add(int fd);
  /// Takes what was told, so that the signal comes again.
  void drain();

 private:
  int inotify_ = -1;
};

class OutputFile {
 public:
  explicit OutputFile(WriteWatch& watch) : watch_(watch) {}
  ~OutputFile() { forget(); }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// A descriptor for the step to append with, the caller's to close. A file that stands at `path` is appended to. The error is for people.
  std::expected<int, std::string> open(const std::string& path);
  /// The watch has told of something: gives the file its name if it was written to and has none yet.
  void look();
  /// No process has it open any more: shows it, or keeps it for the next open().
  void close();

 private:
  std::expected<int, std::string> open_named(const std::string& path);
  bool prepare_nameless(const std::string& path);
  void show();
  bool is_as_made() const;
  void forget();

  WriteWatch& watch_;
  int nameless_ = -1;   ///< an O_TMPFILE; -1: none, or it has got its name
  std::string path_;    ///< the name it is to get; empty: it is nobody's
  bool unwatched_ = false;  ///< perhaps: the watch of a file tells once
};

/// A step's two, kept from one step of a shim to the next.
struct Outputs {
  explicit Outputs(int signal) : watch(signal) {}
  WriteWatch watch;
  OutputFile out{watch}, err{watch};

  void look() {
    watch.drain();
    out.look();
    err.look();
  }
  void close() {
    out.close();
    err.close();
  }
};

}  // namespace assetd::supervisor
