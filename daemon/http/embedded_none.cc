#include "daemon/http/static_files.h"

namespace assetd::http {

std::span<const EmbeddedFile> embedded_files() { return {}; }

}  // namespace assetd::http
