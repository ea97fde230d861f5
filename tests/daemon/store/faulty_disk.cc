#include "tests/daemon/store/faulty_disk.h"

#include <sqlite3.h>

#include <mutex>
#include <optional>
#include <stdexcept>

namespace assetd {
namespace {

struct Plan {
  bool armed = false;
  Fault fault = Fault::write_error;
  int left = 0;  ///< operations until the one that fails
  bool onwards = false;
  bool struck = false;
};
std::mutex mutex;  // of `plan`: connections live on several threads
Plan plan;

struct File {
  sqlite3_file base;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }

/// The fault that this operation is to have.
std::optional<Fault> strikes(bool sync) {
  const std::lock_guard lock(mutex);
  if (!plan.armed || (plan.fault == Fault::sync_error) != sync) return std::nullopt;
  if (--plan.left > 0 || (plan.left < 0 && !plan.onwards)) return std::nullopt;
  plan.struck = true;
  return plan.fault;
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  sqlite3_file* real = of(file)->real();
  const auto fault = strikes(false);
  if (!fault) return real->pMethods->xWrite(real, data, size, offset);
  if (fault == Fault::short_write) real->pMethods->xWrite(real, data, size / 2, offset);
  return fault == Fault::disk_full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int sync(sqlite3_file* file, int flags) {
  sqlite3_file* real = of(file)->real();
  return strikes(true) ? SQLITE_IOERR_FSYNC : real->pMethods->xSync(real, flags);
}

/// A method that only passes on.
template <auto method>
struct Pass;
template <typename R, typename... A, R (*sqlite3_io_methods::*method)(sqlite3_file*, A...)>
struct Pass<method> {
  static R call(sqlite3_file* file, A... values) {
    sqlite3_file* real = of(file)->real();
    return (real->pMethods->*method)(real, values...);
  }
};

using M = sqlite3_io_methods;
const M kMethods{2,
                 Pass<&M::xClose>::call,
                 Pass<&M::xRead>::call,
                 write,
                 Pass<&M::xTruncate>::call,
                 sync,
                 Pass<&M::xFileSize>::call,
                 Pass<&M::xLock>::call,
                 Pass<&M::xUnlock>::call,
                 Pass<&M::xCheckReservedLock>::call,
                 Pass<&M::xFileControl>::call,
                 Pass<&M::xSectorSize>::call,
                 Pass<&M::xDeviceCharacteristics>::call,
                 Pass<&M::xShmMap>::call,
                 Pass<&M::xShmLock>::call,
                 Pass<&M::xShmBarrier>::call,
                 Pass<&M::xShmUnmap>::call,
                 nullptr,
                 nullptr};

sqlite3_vfs* real_vfs = nullptr;
sqlite3_vfs faulty_vfs;

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  const int code = real_vfs->xOpen(real_vfs, name, of(file)->real(), flags, out);
  file->pMethods = of(file)->real()->pMethods ? &kMethods : nullptr;
  return code;
}

}  // namespace

FaultyDisk::FaultyDisk() {
  plan = {};
  real_vfs = sqlite3_vfs_find(nullptr);
  if (!real_vfs) throw std::runtime_error("no default VFS");
  faulty_vfs = *real_vfs;
  faulty_vfs.zName = "faulty";
  faulty_vfs.szOsFile += static_cast<int>(sizeof(File));
  faulty_vfs.xOpen = open;
  sqlite3_vfs_register(&faulty_vfs, 1);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&faulty_vfs);
  sqlite3_vfs_register(real_vfs, 1);
}

void FaultyDisk::fail(Fault fault, int nth, bool onwards) {
  const std::lock_guard lock(mutex);
  plan = {true, fault, nth, onwards, false};
}

void FaultyDisk::heal() {
  const std::lock_guard lock(mutex);
  plan.armed = false;
}

bool FaultyDisk::struck() const {
  const std::lock_guard lock(mutex);
  return plan.struck;
}

}  // namespace assetd
