#include "supervisor/shell/kernel_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace assetd::supervisor {

std::string read_kernel_log() {
  std::string records;
  const int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return records;
  char record[8192];
  while (true) {
    const auto size = read(fd, record, sizeof record);
    if (size < 0 && (errno == EPIPE || errno == EINTR)) continue;  // EPIPE: the next one was overwritten meanwhile
    if (size <= 0) break;
    records.append(record, static_cast<std::size_t>(size));
  }
  close(fd);
  return records;
}

}  // namespace assetd::supervisor
