#pragma once
// Values whose compiled form is a list of fields. Each field stands there once: what is written is what is read.

#include <tuple>
#include <type_traits>
#include <vector>

#include "core/definition/compiled_fields.h"

namespace assetd::compiled {

template <typename T, typename M>
struct Field {
  const char* key;
  M T::*member;
};

/// The fields of T, for those that are such a list.
template <typename T>
constexpr std::tuple<> kFields{};
template <typename T>
constexpr bool kIsList = !std::is_same_v<decltype(kFields<T>), const std::tuple<>>;

template <typename T>
Json write_fields(const T& spec);
template <typename T>
void read_fields(Json& object, T& spec);

template <typename M>
Json json_of(const M& value) {
  if constexpr (kIsList<M>) return write_fields(value);
  else if constexpr (std::is_enum_v<M>) return name_of(value);
  else if constexpr (std::is_same_v<M, Millis>) return value.count();
  else return value;
}
template <typename M>
Json json_of(const std::optional<M>& value) { return json_of(*value); }  // one that is empty is not written
template <typename M>
Json json_of(const std::vector<M>& values) {
  Json list = Json::array();
  for (const auto& value : values) list.push_back(json_of(value));
  return list;
}

template <typename M>
void read_json(Json& json, M& into) {
  if constexpr (kIsList<M>) read_fields(json, into);
  else if constexpr (std::is_enum_v<M>) into = enum_value<M>(json);
  else if constexpr (std::is_same_v<M, Millis>) into = Millis(json.get<std::int64_t>());
  else if constexpr (std::is_same_v<M, std::string>) into = std::move(json.get_ref<std::string&>());
  else json.get_to(into);
}
template <typename M>
void read_json(Json& json, std::optional<M>& into) { read_json(json, into.emplace()); }
template <typename M>
void read_json(Json& json, std::vector<M>& into) {
  for (auto& each : json.get_ref<Json::array_t&>()) read_json(each, into.emplace_back());
}

template <typename T, typename M>
void write_field(Json& object, const Field<T, M>& field, const T& spec, const T& unset) {
  const auto& value = spec.*field.member;
  if constexpr (std::is_same_v<M, SourceRef>) put(object, value, field.key);
  else if constexpr (std::is_same_v<M, RunTerms>) put_terms(object, value);
  else if (value != unset.*field.member) object[field.key] = json_of(value);
}

template <typename T, typename M>
void read_field(Json& object, const Field<T, M>& field, T& spec) {
  auto& into = spec.*field.member;
  if constexpr (std::is_same_v<M, SourceRef>) take(object, into, field.key);
  else if constexpr (std::is_same_v<M, RunTerms>) take_terms(object, into);
  else if (const auto it = object.find(field.key); it != object.end()) read_json(*it, into);
}

template <typename T>
Json write_fields(const T& spec) {
  const T unset;
  Json object = Json::object();
  std::apply([&](const auto&... field) { (write_field(object, field, spec, unset), ...); }, kFields<T>);
  return object;
}

template <typename T>
void read_fields(Json& object, T& spec) {
  std::apply([&](const auto&... field) { (read_field(object, field, spec), ...); }, kFields<T>);
}

}  // namespace assetd::compiled
