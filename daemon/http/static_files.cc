#include "daemon/http/static_files.h"

#include <algorithm>
#include <map>

#include "daemon/http/compression.h"

namespace assetd::http {
namespace {

constexpr std::string_view kNotBuilt = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>assetd</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:15vh auto;padding:0 1rem}code{font-size:.95em}</style></head>
<body><h1>assetd is running</h1>
<p>This program was built without its dashboard. With Node.js and npm installed, build it again:</p>
<pre><code>cmake --preset release &amp;&amp; cmake --build --preset release</code></pre>
<p>The API works as it is: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>, and so does <code>assetctl</code>.</p>
</body></html>
)";

std::string_view suffix_of(std::string_view path) {
  const auto slash = path.rfind('/');
  const auto dot = path.rfind('.');
  if (dot == std::string_view::npos || (slash != std::string_view::npos && dot < slash)) return {};
  return path.substr(dot);
}

const EmbeddedFile* find(std::span<const EmbeddedFile> files, std::string_view path) {
  const auto found = std::ranges::find(files, path, &EmbeddedFile::path);
  return found == files.end() ? nullptr : &*found;
}

Response not_built() {
  Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body = kNotBuilt;
  return response;
}

Response send(const Request& request, const EmbeddedFile& file) {
  Response response;
  response.content_type = content_type_of(file.path);
  // Vite names what lies in /assets by its content; everything else keeps its name when it changes.
  const bool hashed = file.path.starts_with("/assets/");
  response.with("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
  response.with("ETag", std::string(file.etag)).with("Vary", "Accept-Encoding");
  if (request.header("if-none-match") == file.etag) {
    response.status = 304;
  } else if (accepts_gzip(request.header("accept-encoding"))) {
    response.body = file.gzipped;
    response.with("Content-Encoding", "gzip");
  } else {
    response.body = gunzip(file.gzipped);
  }
  return response;
}

}  // namespace

std::string_view content_type_of(std::string_view path) {
  static const std::map<std::string_view, std::string_view> types = {
      {".html", "text/html; charset=utf-8"},  {".js", "text/javascript; charset=utf-8"}, {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},    {".json", "application/json"},             {".map", "application/json"},
      {".svg", "image/svg+xml"},              {".png", "image/png"},                     {".jpg", "image/jpeg"},
      {".ico", "image/x-icon"},               {".webp", "image/webp"},                   {".woff2", "font/woff2"},
      {".woff", "font/woff"},                 {".txt", "text/plain; charset=utf-8"},     {".webmanifest", "application/manifest+json"},
      {".wasm", "application/wasm"}};
  const auto found = types.find(suffix_of(path));
  return found == types.end() ? "application/octet-stream" : found->second;
}

Response static_file(const Request& request) { return static_file(request, embedded_files()); }

Response static_file(const Request& request, std::span<const EmbeddedFile> files) {
  const std::string_view path = request.path();
  if (const auto* file = find(files, path)) return send(request, *file);
  // Pages of the dashboard have addresses like /assets/orders.csv too: who navigates asks for HTML, a script or an image does not.
  const bool navigates = request.header("accept").find("text/html") != std::string_view::npos;
  if (!navigates && content_type_of(path) != "application/octet-stream" && path != "/index.html")
    return not_found("there is no file '" + std::string(path) + "'");
  const auto* index = find(files, "/index.html");
  return index ? send(request, *index) : not_built();
}

}  // namespace assetd::http
