#include "daemon/execution/messages.h"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <stdexcept>

#include "core/schedule/cron.h"
#include "daemon/execution/lenient_json.h"

namespace assetd {
namespace {

using MessageKind = AttemptMessage::Kind;
using nlohmann::json;

/// Kept between uses: to make the state anew, a quarter of a megabyte as zlib has it by default, takes longer than to compress a context.
class Deflater {
 public:
  Deflater() {
    constexpr int kWindowBits = 12, kMemory = 5;
    if (deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, kWindowBits, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::runtime_error("zlib cannot compress the Pipes parameters");
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;

  std::string compress(std::string plain) {
    if (plain.size() <= kTooSmallToCompress) return stored(plain);
    deflateReset(&stream_);
    std::string packed(deflateBound(&stream_, plain.size()), '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(plain.data());
    stream_.avail_in = static_cast<uInt>(plain.size());
    stream_.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream_.avail_out = static_cast<uInt>(packed.size());
    if (deflate(&stream_, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("zlib cannot compress the Pipes parameters");
    packed.resize(stream_.total_out);
    return packed;
  }

 private:
  // To compress what a plain command is told costs a tenth of all that the daemon does for a step.
  static constexpr std::size_t kTooSmallToCompress = 2048;

  /// As one stored block of a zlib stream (RFC 1950, RFC 1951).
  static std::string stored(const std::string& plain) {
    const auto size = static_cast<unsigned>(plain.size()), sum = static_cast<unsigned>(adler32(1, reinterpret_cast<const Bytef*>(plain.data()), size));
    const auto byte = [](unsigned value) { return static_cast<char>(value & 0xff); };
    std::string packed{0x78, 0x01, 0x01, byte(size), byte(size >> 8), byte(~size), byte(~size >> 8)};
    packed += plain;
    for (const int shift : {24, 16, 8, 0}) packed += byte(sum >> shift);
    return packed;
  }

  z_stream stream_{};
};

// What a step reports is stored, sent to everybody who watches and shown: these are bounds of use, not of taste.
constexpr std::size_t kMostOfAValue = 256 << 10;
constexpr std::size_t kMostOfAMessage = 1 << 20;

std::size_t size_of(const json& value) {
  return value.is_string() ? value.get_ref<const std::string&>().size() : value.dump(-1, ' ', false, json::error_handler_t::replace).size();
}

json left_out(std::size_t size, std::size_t most) { return "(left out: " + std::to_string(size) + " bytes, of at most " + std::to_string(most) + ")"; }

std::string text(const json& params, const char* name) {
  const auto it = params.find(name);
  return it != params.end() && it->is_string() ? it->get<std::string>() : "";
}

json object(const json& params, const char* name) {
  const auto it = params.find(name);
  return it != params.end() && it->is_object() ? *it : json::object();
}

// Pipes wraps each value as {"raw_value", "type"}. A type that says nothing beyond JSON's own is dropped, so that plain values stay plain.
json plain_metadata(const json& metadata) {
  json result = json::object();
  std::size_t total = 0;
  for (const auto& [name, value] : metadata.items()) {
    const auto size = size_of(value);
    const auto most = std::min(kMostOfAValue, kMostOfAMessage - total);
    if (size > most) {
      result[name.substr(0, 200)] = left_out(size, most);
      continue;
    }
    total += size;
    const bool wrapped = value.is_object() && value.contains("raw_value");
    const auto type = wrapped ? text(value, "type") : "";
    const bool typed = type == "url" || type == "path" || type == "md" || type == "notebook" || type == "timestamp" || type == "asset" || type == "table";
    result[name] = wrapped && !typed ? value["raw_value"] : value;
  }
  return result;
}

json bounded(json data) {
  const auto size = size_of(data);
  return size > kMostOfAMessage ? json{{"message", left_out(size, kMostOfAMessage)}} : std::move(data);
}

// Cut at the end of a character.
std::string bounded(std::string words) {
  constexpr std::size_t kMost = 64 << 10;
  if (words.size() <= kMost) return words;
  auto end = kMost;
  while (end > 0 && (static_cast<unsigned char>(words[end]) & 0xC0) == 0x80) --end;
  return words.substr(0, end) + "…";
}

std::optional<Severity> severity(const std::string& name) {
  if (name == "WARN" || name == "warn") return Severity::warn;
  if (name == "ERROR" || name == "error") return Severity::error;
  return std::nullopt;
}

void read_check(const json& params, AttemptMessage& message) {
  message.kind = MessageKind::check;
  message.check = text(params, "check_name");
  message.severity = severity(text(params, "severity"));
  message.data = plain_metadata(object(params, "metadata"));
  message.check_status = parse_check_status(text(params, "status"));
  if (!message.check_status) message.check_status = params.value("passed", json(false)) == json(true) ? CheckStatus::passed : CheckStatus::failed;
}

void read_closed(const json& params, AttemptMessage& message) {
  message.kind = MessageKind::attempt_failed;
  message.reason = "exception";
  const auto error = object(params, "exception");
  message.detail = bounded(text(error, "message"));  // as dagster_pipes writes it: with the name before it and a line feed at its end
  while (!message.detail.empty() && message.detail.back() == '\n') message.detail.pop_back();
  if (const auto name = text(error, "name"); !name.empty() && !message.detail.starts_with(name)) message.detail = name + ": " + message.detail;
}

bool read_method(const std::string& method, const json& params, AttemptMessage& message) {
  if (method == "report_asset_materialization") {
    message.kind = MessageKind::materialization;
    message.data = plain_metadata(object(params, "metadata"));
    message.data_version = text(params, "data_version");
  } else if (method == "report_asset_check") {
    read_check(params, message);
  } else if (method == "assetd.step_started") {
    message.kind = MessageKind::step_started;
  } else if (method == "assetd.step_ended") {
    message.kind = MessageKind::step_ended;
    message.status = text(params, "status");
    message.data = plain_metadata(object(params, "metadata"));
  } else if (method == "assetd.progress") {
    message.kind = MessageKind::progress;
    if (const auto it = params.find("fraction"); it != params.end() && it->is_number()) message.fraction = it->get<double>();
  } else if (method == "assetd.artifact") {
    message.kind = MessageKind::artifact;
    message.data = bounded(params);
  } else if (method == "assetd.add_partitions") {
    message.kind = MessageKind::partitions;
    message.data = bounded(params);
  } else if (method == "assetd.remove_partitions") {
    message.kind = MessageKind::partitions_gone;
    message.data = bounded(params);
  } else if (method == "assetd.observe") {
    message.kind = MessageKind::observation;
    message.key = text(params, "asset");
    message.data = {{"metadata", plain_metadata(object(params, "metadata"))}, {"data_version", text(params, "data_version")}};
  } else if (method == "assetd.attempt_failed") {
    message.kind = MessageKind::attempt_failed;
  } else if (method == "report_custom_message") {
    message.kind = MessageKind::custom;
    message.data = bounded(params.value("payload", json()));
  } else if (method == "log") {
    message.kind = MessageKind::log;
    message.data = bounded(params);
  } else if (method == "closed" && params.contains("exception") && params["exception"].is_object()) {
    read_closed(params, message);
  } else {
    return false;
  }
  return true;
}

/// What others print into the file is passed over; of a message that is lost somebody should know.
bool looks_like_one(std::string_view line) { return line.starts_with('{') && line.contains("\"method\""); }

AttemptMessage unreadable(std::string_view line) {
  AttemptMessage message;
  message.kind = MessageKind::log;
  message.data = {{"level", "WARNING"}, {"message", "a message was left out, it is not JSON: " + std::string(line.substr(0, 200))}};
  return message;
}

}  // namespace

std::optional<AttemptMessage> parse_message(std::string_view line) {
  const auto json = parse_lenient(line);
  if (json.is_discarded() && looks_like_one(line)) return unreadable(line);
  if (!json.is_object() || !json.contains("method") || !json["method"].is_string()) return std::nullopt;
  const auto params = object(json, "params");
  AttemptMessage message;
  message.key = text(params, "asset_key");
  message.partition = text(params, "partition");
  message.reason = text(params, "reason");
  message.detail = bounded(text(params, "detail"));
  message.at = parse_time(text(params, "at"));
  if (!read_method(json["method"].get<std::string>(), params, message)) return std::nullopt;
  return message;
}

std::string encode_pipes(const json& params) {
  thread_local Deflater deflater;
  const auto packed = deflater.compress(params.dump());
  std::string encoded(4 * ((packed.size() + 2) / 3) + 1, '\0');
  const auto length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()), reinterpret_cast<const unsigned char*>(packed.data()), static_cast<int>(packed.size()));
  encoded.resize(static_cast<std::size_t>(length));
  return encoded;
}

}  // namespace assetd
