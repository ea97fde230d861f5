// openlineage: where events of runs go, over the outbox of alerts.
#include <algorithm>

#include "core/definition/reading.h"
#include "core/definition/variables.h"

namespace assetd {
namespace {

constexpr Millis kMostLineageTimeout{60'000};

bool is_header_name(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";  // RFC 9110, 5.6.2
  const auto fits = [&](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kOthers.find(c) != std::string_view::npos; };
  return !name.empty() && std::ranges::all_of(name, fits);
}

void check_headers(MapReader& reader, const std::map<std::string, std::string>& headers) {
  for (const auto& [name, value] : headers) {
    if (!is_header_name(name)) reader.file().error(reader.at("headers"), "\"" + name + "\" is no name of an HTTP header");
    if (value.find_first_of("\r\n") != std::string::npos)
      reader.file().error(reader.at("headers"), "the value of the header \"" + name + "\" has more than one line");
    const bool secret = name.size() == 13 && std::ranges::equal(name, std::string_view("authorization"), [](char a, char b) { return (a | 0x20) == b; });
    if (secret && !find_secret(value))
      reader.file().error(reader.at("headers"), "the value of Authorization can't be written out: it would be stored and shown",
                          "write it as \"Bearer ${secret:NAME}\"");
  }
}

}  // namespace

void read_openlineage(Reading& reading, MapReader& project) {
  const auto* node = project.take("openlineage");
  if (!node) return;
  MapReader reader(project.file(), *node, "openlineage:");
  AlertSpec rule;
  rule.name = kOpenLineage;
  rule.source = project.file().at(*node);
  auto& lineage = rule.openlineage.emplace();
  reader.require("url");
  lineage.url = reader.text("url", Secrets::allowed).value_or("");
  if (!lineage.url.empty() && find_secret(lineage.url) != 0u && !lineage.url.starts_with("https://") && !lineage.url.starts_with("http://"))
    reader.file().error(reader.at("url"), "\"url\" must be https://… or http://…, not \"" + lineage.url + "\"", "a secret one is written ${secret:NAME}");
  lineage.name_space = reader.text("namespace").value_or(reading.definitions().name);
  lineage.headers = reader.text_map("headers", Secrets::allowed);
  check_headers(reader, lineage.headers);
  if (const auto timeout = reader.duration("timeout")) rule.timeout = *timeout;
  if (rule.timeout > kMostLineageTimeout || rule.timeout <= Millis{0})
    reader.refuse("timeout", *reader.take("timeout"), "more than nothing and at most 60s");
  if (const auto give_up = reader.duration("give_up")) rule.give_up = *give_up;
  reader.refuse_rest();
  reading.definitions().alerts.push_back(std::move(rule));
}

}  // namespace assetd
