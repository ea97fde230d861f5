// What a sensor's program printed.
#include "core/sensor/rules.h"

#include <algorithm>

namespace assetd {
namespace {

using nlohmann::json;

constexpr std::size_t kMostPartitions = 10'000;
constexpr std::size_t kMostKey = 512, kMostTag = 1'000, kMostTags = 50, kMostSelect = 65'536, kMostData = 256u << 10, kMostCursor = 1u << 20, kMostReason = 1'000;

/// Reads with the first thing that is wrong kept.
class AnswerReader {
 public:
  SensorFinding read(const std::string& output) {
    const auto answer = json::parse(output, nullptr, false);
    if (answer.is_discarded()) return failed_finding("what it printed is not JSON: one object is expected on stdout, everything else belongs on stderr");
    if (!answer.is_object()) return failed_finding("what it printed is no JSON object: {\"requests\": [], \"cursor\": \"…\"} is expected");
    only(answer, "", {"requests", "cursor", "skip_reason"});
    SensorFinding finding;
    finding.skip_reason = text(answer, "", "skip_reason", kMostReason);
    // null, as nothing: as before.
    if (answer.contains("cursor") && !answer["cursor"].is_null()) finding.cursor = text(answer, "", "cursor", kMostCursor);
    if (const auto requests = answer.find("requests"); requests != answer.end() && !requests->is_null()) read_requests(*requests, finding);
    if (!error_.empty()) return failed_finding("its answer cannot be read: " + error_);
    if (finding.requests.empty() && finding.skip_reason.empty()) finding.skip_reason = "the program asked for nothing";
    return finding;
  }

 private:
  void read_requests(const json& requests, SensorFinding& finding) {
    if (!requests.is_array()) return wrong("/requests", "a list is expected");
    if (requests.size() > kMostSensorRequests)
      return wrong("/requests", std::to_string(requests.size()) + " requests are more than the " + std::to_string(kMostSensorRequests) +
                                    " of one evaluation: ask for the first ones and keep the place in the cursor");
    for (std::size_t i = 0; i < requests.size(); ++i) finding.requests.push_back(request(requests[i], "/requests/" + std::to_string(i)));
  }

  SensorRequest request(const json& given, const std::string& at) {
    SensorRequest request;
    if (!given.is_object()) {
      wrong(at, "an object is expected");
      return request;
    }
    only(given, at, {"key", "select", "tags", "data", "partitions"});
    request.key = text(given, at, "key", kMostKey);
    request.select = text(given, at, "select", kMostSelect);
    if (const auto tags = given.find("tags"); tags != given.end() && !tags->is_null()) request.tags = read_tags(*tags, at + "/tags");
    if (const auto data = given.find("data"); data != given.end() && !data->is_null()) {
      if (!data->is_object()) wrong(at + "/data", "an object is expected");
      else if (data->dump(-1, ' ', false, json::error_handler_t::replace).size() > kMostData) wrong(at + "/data", "more than 256 KiB: put it into a file and say where");
      else request.data = *data;
    }
    if (const auto partitions = given.find("partitions"); partitions != given.end() && !partitions->is_null()) request.partitions = read_partitions(*partitions, at + "/partitions");
    return request;
  }

  std::vector<std::string> read_partitions(const json& partitions, const std::string& at) {
    const auto is_key = [](const json& key) { return key.is_string() && !key.get_ref<const std::string&>().empty(); };
    if (!partitions.is_array() || !std::ranges::all_of(partitions, is_key)) return wrong(at, "a list of partitions is expected"), std::vector<std::string>{};
    if (partitions.size() > kMostPartitions) return wrong(at, "at most " + std::to_string(kMostPartitions) + " partitions are possible: a backfill takes more"), std::vector<std::string>{};
    return partitions.get<std::vector<std::string>>();
  }

  std::map<std::string, std::string> read_tags(const json& tags, const std::string& at) {
    std::map<std::string, std::string> out;
    if (!tags.is_object()) {
      wrong(at, "an object of texts is expected");
      return out;
    }
    if (tags.size() > kMostTags) wrong(at, "at most " + std::to_string(kMostTags) + " tags are possible");
    for (const auto& [name, value] : tags.items()) {
      if (name.empty() || name.size() > kMostTag) wrong(at, "a tag's name has 1 to " + std::to_string(kMostTag) + " bytes");
      out[name] = text(tags, at, name, kMostTag);
    }
    return out;
  }

  std::string text(const json& object, const std::string& at, const std::string& name, std::size_t most) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return "";
    if (!found->is_string()) {
      wrong(at + "/" + name, "a text is expected");
      return "";
    }
    const auto& value = found->get_ref<const std::string&>();
    if (value.size() > most) wrong(at + "/" + name, "at most " + std::to_string(most) + " bytes are possible");
    return value;
  }

  void only(const json& object, const std::string& at, std::initializer_list<std::string_view> known) {
    for (const auto& [name, value] : object.items()) {
      if (std::ranges::find(known, name) != known.end()) continue;
      std::string list;
      for (const auto each : known) list += (list.empty() ? "" : ", ") + std::string(each);
      wrong(at + "/" + name, "is not known; there are " + list);
    }
  }

  void wrong(const std::string& pointer, const std::string& what) {
    if (error_.empty()) error_ = pointer + ": " + what;
  }

  std::string error_;
};

}  // namespace

SensorFinding read_program_answer(const std::string& output) { return AnswerReader().read(output); }

}  // namespace assetd
