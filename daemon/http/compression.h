#pragma once
#include <string>
#include <string_view>

#include "daemon/http/message.h"

namespace assetd::http {

/// Does an Accept-Encoding header take gzip (and not with q=0)?
bool accepts_gzip(std::string_view accept_encoding);
std::string gzip(std::string_view bytes, int level = 5);
/// Nothing but what gzip() or gzip(1) made: an error is a bug.
std::string gunzip(std::string_view bytes);
/// Compresses text bodies that gain from it; leaves streams and what has a Content-Encoding alone.
void compress_response(Response& response);

}  // namespace assetd::http
