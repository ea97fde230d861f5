#pragma once
// The words that stand for enumerated values, in YAML, in what plugins describe and in the compiled form alike.

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "core/definition/spec.h"

namespace assetd {

template <typename E>
struct EnumNames;

template <typename E, std::size_t N>
using EnumTable = std::array<std::pair<E, std::string_view>, N>;

template <>
struct EnumNames<OnFailure> {
  static constexpr EnumTable<OnFailure, 2> names{{{OnFailure::skip, "skip"}, {OnFailure::proceed, "continue"}}};
};
template <>
struct EnumNames<Backoff> {
  static constexpr EnumTable<Backoff, 3> names{
      {{Backoff::constant, "constant"}, {Backoff::linear, "linear"}, {Backoff::exponential, "exponential"}}};
};
template <>
struct EnumNames<HoldMode> {
  static constexpr EnumTable<HoldMode, 2> names{{{HoldMode::read, "read"}, {HoldMode::write, "write"}}};
};
template <>
struct EnumNames<Severity> {
  static constexpr EnumTable<Severity, 2> names{{{Severity::error, "error"}, {Severity::warn, "warn"}}};
};
template <>
struct EnumNames<StepsMode> {
  static constexpr EnumTable<StepsMode, 3> names{{{StepsMode::all, "all"}, {StepsMode::assets, "assets"}, {StepsMode::checks, "checks"}}};
};
template <>
struct EnumNames<Misfire> {
  static constexpr EnumTable<Misfire, 3> names{
      {{Misfire::skip, "skip"}, {Misfire::once, "once"}, {Misfire::all, "all"}}};
};
template <>
struct EnumNames<Overlap> {
  static constexpr EnumTable<Overlap, 4> names{{{Overlap::skip, "skip"},
                                                {Overlap::queue, "queue"},
                                                {Overlap::cancel_running, "cancel_running"},
                                                {Overlap::allow, "allow"}}};
};

template <>
struct EnumNames<AlertEvent> {
  static constexpr EnumTable<AlertEvent, 5> names{{{AlertEvent::run_failed, "run_failed"},
                                                   {AlertEvent::run_succeeded, "run_succeeded"},
                                                   {AlertEvent::run_canceled, "run_canceled"},
                                                   {AlertEvent::check_failed, "check_failed"},
                                                   {AlertEvent::freshness_violated, "freshness_violated"}}};
};
template <>
struct EnumNames<WebhookForm> {
  static constexpr EnumTable<WebhookForm, 2> names{{{WebhookForm::json, "json"}, {WebhookForm::slack, "slack"}}};
};

template <>
struct EnumNames<SensorKind> {
  static constexpr EnumTable<SensorKind, 5> names{{{SensorKind::file, "file"},
                                                   {SensorKind::webhook, "webhook"},
                                                   {SensorKind::asset, "asset"},
                                                   {SensorKind::sql, "sql"},
                                                   {SensorKind::program, "program"}}};
};
template <>
struct EnumNames<FilesPer> {
  static constexpr EnumTable<FilesPer, 2> names{{{FilesPer::batch, "batch"}, {FilesPer::file, "file"}}};
};
template <>
struct EnumNames<ExistingFiles> {
  static constexpr EnumTable<ExistingFiles, 2> names{{{ExistingFiles::fire, "fire"}, {ExistingFiles::skip, "skip"}}};
};
template <>
struct EnumNames<HookForm> {
  static constexpr EnumTable<HookForm, 2> names{{{HookForm::assetd, "assetd"}, {HookForm::github, "github"}}};
};
template <>
struct EnumNames<SqlWhen> {
  static constexpr EnumTable<SqlWhen, 2> names{{{SqlWhen::changes, "changes"}, {SqlWhen::rows, "rows"}}};
};
template <>
struct EnumNames<AssetHappening> {
  static constexpr EnumTable<AssetHappening, 5> names{{{AssetHappening::materialized, "materialized"},
                                                       {AssetHappening::failed, "failed"},
                                                       {AssetHappening::skipped, "skipped"},
                                                       {AssetHappening::check_failed, "check_failed"},
                                                       {AssetHappening::freshness_violated, "freshness_violated"}}};
};

template <typename E>
constexpr std::string_view name_of(E value) {
  for (const auto& [known, name] : EnumNames<E>::names)
    if (known == value) return name;
  return {};
}

template <typename E>
constexpr std::optional<E> enum_of(std::string_view name) {
  for (const auto& [value, known] : EnumNames<E>::names)
    if (known == name) return value;
  return std::nullopt;
}

}  // namespace assetd
