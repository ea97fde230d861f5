#pragma once
// The claims directory: one file an attempt, named by its id. See claim.h for what is in it.

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/claim.h"

namespace assetd::supervisor {

class ClaimFiles {
 public:
  /// Makes the directory when it is absent. Other supervisors may use it too. Throws std::runtime_error when it cannot be used.
  explicit ClaimFiles(const std::string& directory);
  ~ClaimFiles();
  ClaimFiles(const ClaimFiles&) = delete;
  ClaimFiles& operator=(const ClaimFiles&) = delete;

  struct NotMade {
    bool exists = false;
    std::string why;
    bool no_space = false;  ///< the file system takes no more files, or the quota is used up: later it may
  };
  /// Makes the claim and locks it (flock): the lock is shared by whoever is forked from us and lasts until the last of
  /// them is gone. Gives its descriptor.
  std::expected<int, NotMade> make(const std::string& attempt, const Origin& origin);

  /// Of the directory, as it was given.
  const std::string& path() const { return path_; }
  /// Us, as claims name us.
  const Holder& self() const { return self_; }
  /// While it lives no other supervisor takes claims over: two that find the same claim without a holder must not both take it.
  class TakingOver {
   public:
    explicit TakingOver(const ClaimFiles& files);
    ~TakingOver();
    TakingOver(const TakingOver&) = delete;
    TakingOver& operator=(const TakingOver&) = delete;

   private:
    int directory_;
  };
  TakingOver take_over() const { return TakingOver(*this); }

  /// Opens an existing claim for reading and writing; nothing when there is none.
  std::optional<int> open(const std::string& attempt);
  bool exists(const std::string& attempt) const;
  Claim read(int fd);
  /// False when it failed; the reason is in errno.
  bool write(int fd, const SlotWrite& slot);
  /// The attempt has no claim from now on. The file itself is kept under another name for a claim to come: to make and delete one for each attempt is
  /// dear on some file systems.
  void remove(const std::string& attempt);
  /// Every attempt with a claim.
  std::vector<std::string> list();

  /// Whether somebody holds the claim's lock: then its shim lives, or is about to.
  static bool is_locked(int fd);

 private:
  std::optional<int> make_from_spare(const std::string& attempt, const std::string& bytes);
  int create(const std::string& attempt);
  bool open_directory();
  NotMade not_made(int error) const;

  std::string path_;
  int directory_ = -1;
  Holder self_;
  std::vector<std::string> spares_;  ///< names of files that are nobody's claim
  unsigned next_spare_ = 0;
};

}  // namespace assetd::supervisor
