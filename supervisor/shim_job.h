#pragma once
// How a free shim is given its next step: one message on its socket, with the claim's descriptor beside it.

#include <optional>
#include <string>
#include <string_view>

#include "supervisor/message.h"

namespace assetd::supervisor {

struct ShimJob {
  Spawn spawn;
  int claim = -1;  ///< open for reading and writing, locked; the receiver's
};

/// Two connected sockets that keep messages apart, close-on-exec: the supervisor's and the shim's. False when there are none to be had.
bool make_job_sockets(int (&ends)[2]);

/// Hands the job over without waiting. False when it did not arrive, and then nobody has it: it is too large for one message (some 100 KiB), or the
/// shim is gone.
bool send_job(int socket, const Spawn& spawn, int claim);

/// Of the socket of a shim that is dead: whether a job lies there that it did not take.
bool left_unread(int socket);

/// Waits for the next job. Nothing when there will be none: the supervisor is gone, or has no use for this shim any more.
std::optional<ShimJob> receive_job(int socket);

std::string encode_spawn(const Spawn& spawn);
std::optional<Spawn> decode_spawn(std::string_view bytes);

}  // namespace assetd::supervisor
