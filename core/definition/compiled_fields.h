#pragma once
// Fields of the compiled form: what is as it would be anyway is left out, and what is missing stays as it is.

#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "core/definition/names.h"
#include "core/definition/spec.h"

namespace assetd::compiled {

using Json = nlohmann::json;

template <typename T>
void put(Json& object, const char* key, const T& value, const T& unless = T{}) {
  if (value != unless) object[key] = value;
}

template <typename E>
void put_enum(Json& object, const char* key, E value, E unless) {
  if (value != unless) object[key] = name_of(value);
}

inline void put(Json& object, const SourceRef& source, const char* key = "at") {
  if (source != SourceRef{}) object[key] = Json::array({source.file, source.line, source.column});
}

inline void put_object(Json& object, const char* key, const Json& value) {
  if (!value.is_object() || !value.empty()) object[key] = value;
}

inline void put_data(Json& object, const Json& value) {
  if (!value.is_null()) object["data"] = value;
}

inline void put(Json& object, const char* key, const std::optional<Millis>& value) {
  if (value) object[key] = value->count();
}

inline void put(Json& object, const char* key, const std::optional<std::uint64_t>& value) {
  if (value) object[key] = *value;
}

template <typename T>
void take(Json& object, const char* key, T& into) {
  if (const auto it = object.find(key); it != object.end()) it->get_to(into);
}

inline void take(Json& object, const char* key, std::string& into) {
  if (const auto it = object.find(key); it != object.end()) into = std::move(it->get_ref<std::string&>());
}

inline void take_json(Json& object, const char* key, Json& into) {
  if (const auto it = object.find(key); it != object.end()) into = std::move(*it);
}

inline void take(Json& object, SourceRef& into, const char* key = "at") {
  const auto it = object.find(key);
  if (it == object.end()) return;
  into.file = std::move(it->at(0).get_ref<std::string&>());
  into.line = it->at(1).get<int>();
  into.column = it->at(2).get<int>();
}

inline void take(Json& object, const char* key, std::optional<Millis>& into) {
  if (const auto it = object.find(key); it != object.end()) into = Millis(it->get<std::int64_t>());
}

inline void take(Json& object, const char* key, std::optional<std::uint64_t>& into) {
  if (const auto it = object.find(key); it != object.end()) into = it->get<std::uint64_t>();
}

inline void take(Json& object, const char* key, Millis& into) {
  if (const auto it = object.find(key); it != object.end()) into = Millis(it->get<std::int64_t>());
}

template <typename E>
E enum_value(const Json& value) {
  const auto& text = value.get_ref<const std::string&>();
  const auto found = enum_of<E>(text);
  if (!found) throw std::invalid_argument("unknown value \"" + text + "\"");
  return *found;
}

template <typename E>
void take_enum(Json& object, const char* key, E& into) {
  if (const auto it = object.find(key); it != object.end()) into = enum_value<E>(*it);
}

inline void put_uses(Json& object, const std::map<std::string, HoldMode>& uses) {
  for (const auto& [resource, mode] : uses) object["uses"][resource] = name_of(mode);
}

inline void take_uses(Json& object, std::map<std::string, HoldMode>& into) {
  if (const auto uses = object.find("uses"); uses != object.end())
    for (const auto& [resource, mode] : uses->items()) into[resource] = enum_value<HoldMode>(mode);
}

inline void put_terms(Json& object, const RunTerms& terms) {
  put(object, "timeout", terms.timeouts.timeout);
  put(object, "queue_timeout", terms.timeouts.queue_timeout);
  if (terms.priority) object["priority"] = *terms.priority;
  if (terms.max_steps) object["max_steps"] = *terms.max_steps;
  put(object, "tags", terms.tags);
  if (terms.steps) object["steps"] = name_of(*terms.steps);
}

inline void take_terms(Json& object, RunTerms& terms) {
  take(object, "timeout", terms.timeouts.timeout);
  take(object, "queue_timeout", terms.timeouts.queue_timeout);
  if (const auto it = object.find("priority"); it != object.end()) terms.priority = it->get<int>();
  if (const auto it = object.find("max_steps"); it != object.end()) terms.max_steps = it->get<int>();
  take(object, "tags", terms.tags);
  if (const auto it = object.find("steps"); it != object.end()) terms.steps = enum_value<StepsMode>(*it);
}

}  // namespace assetd::compiled
