#include "core/openlineage/run_event.h"

#include "core/schedule/cron.h"

namespace assetd {
namespace {

using Json = nlohmann::json;

constexpr const char* kProducer = "https://assetd.dev";
constexpr const char* kEventSchema = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
constexpr const char* kFacets = "https://openlineage.io/spec/facets/";

/// A facet of this schema, "1-2-0/ParentRunFacet.json" and the name of its definition.
Json facet(const std::string& schema, const std::string& definition, Json members) {
  members["_producer"] = kProducer;
  members["_schemaURL"] = kFacets + schema + "#/$defs/" + definition;
  return members;
}

Json dataset(const LineageStep& step, const std::string& asset) { return {{"namespace", step.name_space}, {"name", asset}}; }

Json run_facets(const LineageStep& step) {
  Json facets = Json::object();
  facets["parent"] = facet("1-2-0/ParentRunFacet.json", "ParentRunFacet",
                           {{"run", {{"runId", step.parent_run}}}, {"job", {{"namespace", step.name_space}, {"name", step.parent_job}}}});
  facets["processing_engine"] =
      facet("1-1-1/ProcessingEngineRunFacet.json", "ProcessingEngineRunFacet", {{"name", "assetd"}, {"version", step.version.empty() ? "unknown" : step.version}});
  if (step.nominal) facets["nominalTime"] = facet("1-0-1/NominalTimeRunFacet.json", "NominalTimeRunFacet", {{"nominalStartTime", format_time(*step.nominal)}});
  if (!step.error.empty())
    facets["errorMessage"] = facet("1-0-1/ErrorMessageRunFacet.json", "ErrorMessageRunFacet", {{"message", step.error}, {"programmingLanguage", "unknown"}});
  return facets;
}

Json output_of(const LineageStep& step) {
  auto output = dataset(step, step.asset);
  if (step.rows)
    output["outputFacets"]["outputStatistics"] =
        facet("1-0-2/OutputStatisticsOutputDatasetFacet.json", "OutputStatisticsOutputDatasetFacet", {{"rowCount", *step.rows}});
  return output;
}

}  // namespace

Json lineage_event(const LineageStep& step) {
  Json inputs = Json::array(), outputs = Json::array();
  for (const auto& input : step.inputs) inputs.push_back(dataset(step, input));
  if (step.makes_data) outputs.push_back(output_of(step));
  const auto job_type = facet("2-0-4/JobTypeJobFacet.json", "JobTypeJobFacet",
                              {{"processingType", "BATCH"}, {"integration", "ASSETD"}, {"jobType", step.makes_data ? "ASSET" : "CHECKS"}});
  return {{"eventType", step.type},
          {"eventTime", format_time(step.at)},
          {"producer", kProducer},
          {"schemaURL", kEventSchema},
          {"run", {{"runId", step.run}, {"facets", run_facets(step)}}},
          {"job", {{"namespace", step.name_space}, {"name", step.asset}, {"facets", {{"jobType", job_type}}}}},
          {"inputs", inputs},
          {"outputs", outputs}};
}

std::optional<std::string> lineage_type_of(const StepChanged& change) {
  if (!change.step.started_at || change.step.status == change.from) return std::nullopt;
  switch (change.step.status) {
    case StepStatus::running: return "START";
    case StepStatus::succeeded: return "COMPLETE";
    case StepStatus::failed:
    case StepStatus::waiting_retry: return "FAIL";
    case StepStatus::canceled: return "ABORT";
    default: return std::nullopt;
  }
}

std::string uuid_of(const unsigned char (&bytes)[16]) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < 16; ++i) {
    auto byte = bytes[i];
    if (i == 6) byte = static_cast<unsigned char>((byte & 0x0f) | 0x80);  // version 8
    if (i == 8) byte = static_cast<unsigned char>((byte & 0x3f) | 0x80);  // variant of RFC 9562
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace assetd
