#include "daemon/http/compression.h"

#include <zlib.h>

#include <algorithm>
#include <stdexcept>

namespace assetd::http {
namespace {

constexpr std::size_t kWorthIt = 1400;  ///< below, the answer fits one packet anyway
constexpr int kGzipWindow = 15 + 16;    ///< zlib: the largest window, with gzip's header

bool is_text(std::string_view type) {
  return type.starts_with("text/") || type.find("json") != std::string_view::npos || type.find("javascript") != std::string_view::npos ||
         type.find("svg") != std::string_view::npos;
}

}  // namespace

bool accepts_gzip(std::string_view header) {
  for (std::size_t at = 0; at < header.size();) {
    const std::size_t end = std::min(header.find(',', at), header.size());
    std::string item(header.substr(at, end - at));
    at = end + 1;
    std::erase(item, ' ');
    const auto semicolon = std::min(item.find(';'), item.size());
    const std::string name = item.substr(0, semicolon), quality = item.substr(semicolon);
    if (name != "gzip" && name != "*") continue;
    return quality.find_first_of("123456789") != std::string::npos || quality.empty();
  }
  return false;
}

std::string gzip(std::string_view bytes, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("deflateInit2 failed");
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("deflate failed");
  return out;
}

std::string gunzip(std::string_view bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::runtime_error("inflateInit2 failed");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int result = Z_OK;
  while (result == Z_OK) {
    const std::size_t had = out.size();
    out.resize(had + std::max<std::size_t>(bytes.size() * 3, 4096));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + had);
    stream.avail_out = static_cast<uInt>(out.size() - had);
    result = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("not gzip");
  return out;
}

void compress_response(Response& response) {
  if (response.stream || response.bytes().size() < kWorthIt || !is_text(response.content_type)) return;
  const bool encoded = std::ranges::any_of(response.headers, [](const auto& field) { return field.first == "Content-Encoding"; });
  if (encoded) return;
  response.body = gzip(response.bytes());
  response.shared_body.reset();
  response.with("Content-Encoding", "gzip").with("Vary", "Accept-Encoding");
}

}  // namespace assetd::http
