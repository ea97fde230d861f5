// The output of attempts.

#include <algorithm>
#include <filesystem>

#include "daemon/http/log_file.h"
#include "daemon/http/run_shapes.h"

namespace assetd::http {
namespace {

constexpr std::int64_t kDefaultLimit = 1024 * 1024, kMaxLimit = 8 * 1024 * 1024;
constexpr std::int64_t kMaxTail = 1'000'000;

/// Offsets into both files; one of them is used when one stream is asked for.
struct Offsets {
  std::int64_t out = 0, err = 0;
};

/// "N" for one stream; "OUT-ERR" for both, where "0" is the beginning.
std::optional<Offsets> parse_offset(const std::string& text, const std::string& stream) {
  if (text.empty()) return Offsets{};
  const auto dash = text.find('-', 1);
  if (stream != "all" || dash == std::string::npos) {
    const auto at = parse_integer(text);
    if (!at || *at < 0 || (stream == "all" && *at != 0)) return std::nullopt;
    return stream == "stderr" ? Offsets{0, *at} : Offsets{*at, 0};
  }
  const auto out = parse_integer(std::string_view(text).substr(0, dash)), err = parse_integer(std::string_view(text).substr(dash + 1));
  if (!out || !err || *out < 0 || *err < 0) return std::nullopt;
  return Offsets{*out, *err};
}

/// The step that is meant: the one named, else the first cause of the run's failure, else the first that was tried.
std::expected<StepIndex, Response> chosen_step(const Call& call, const RunRow& row, const LoadedPlan& plan, const std::vector<AttemptRecord>& attempts) {
  const std::string named = call.query.text("step"), partition = call.query.text("partition");
  if (!named.empty()) return find_step(plan, row.run.id, named, partition);
  if (row.causes.is_array() && !row.causes.empty()) {
    const auto& cause = row.causes.front();
    const std::string of = partition.empty() && cause.value("partition", nlohmann::json()).is_string() ? cause["partition"].get<std::string>() : partition;
    if (const auto step = find_step(plan, row.run.id, cause.value("key", ""), of)) return *step;
  }
  for (const auto& attempt : attempts)
    if (!attempt.steps.empty()) return attempt.steps.front();
  return 0;
}

bool belongs(const AttemptRecord& attempt, StepIndex step, const std::string& check, const LoadedPlan& plan) {
  if (std::ranges::find(attempt.steps, step) == attempt.steps.end()) return false;
  if (check.empty()) return attempt.check == kNone;
  if (attempt.check >= plan.project->definitions.checks.size()) return false;
  const CheckSpec& spec = plan.project->definitions.checks[attempt.check];
  return spec.name == check && spec.home == plan.project->graph.key(plan.plan.asset(step));
}

/// The check that is meant: the one named, else, without a step, the one that is the first cause, where it has a process of its own.
std::string chosen_check(const Call& call, const RunRow& row, StepIndex step, const LoadedPlan& plan, const std::vector<AttemptRecord>& attempts) {
  if (!call.query.text("step").empty() || !call.query.text("check").empty() || !row.causes.is_array() || row.causes.empty()) return call.query.text("check");
  const std::string check = row.causes.front().value("check", "");
  const bool has_own = !check.empty() && std::ranges::any_of(attempts, [&](const AttemptRecord& each) { return belongs(each, step, check, plan); });
  return has_own ? check : "";
}

/// The attempt that is meant: by number or id, else the last. None: the step, or the check, has not been tried.
std::expected<std::optional<AttemptRecord>, Response> chosen_attempt(const Call& call, StepIndex step, const std::string& check, const LoadedPlan& plan,
                                                                     const std::vector<AttemptRecord>& attempts) {
  const std::string wanted = call.query.text("attempt");
  std::optional<AttemptRecord> found;
  for (const auto& attempt : attempts) {
    if (!belongs(attempt, step, check, plan)) continue;
    if (wanted.empty() || wanted == attempt.id || wanted == std::to_string(attempt.number)) found = attempt;
  }
  if (!found && !wanted.empty())
    return std::unexpected(not_found("step '" + plan.project->graph.key(plan.plan.asset(step)) + "' has no attempt '" + wanted + "'"));
  return found;
}

/// What one request gives, and where the next begins.
struct Piece {
  std::string text;
  Offsets next;
  bool at_end = true;
};

Piece read_one(const LogFile& file, std::int64_t offset, std::int64_t limit, bool ended) {
  Piece piece;
  piece.text = file.read(offset, limit);
  std::int64_t next = offset + static_cast<std::int64_t>(piece.text.size());
  // An attempt that ended within a character will not finish it.
  if (ended && limit >= file.size() - offset && next < file.size()) {
    piece.text += file.read(next, 3);
    next = offset + static_cast<std::int64_t>(piece.text.size());
  }
  piece.next = {next, next};
  piece.at_end = next >= file.size();
  return piece;
}

/// What is new in each, whole lines where there are any, so that the two do not mix within a line.
Piece read_both(const LogFile& out, const LogFile& err, Offsets at, std::int64_t limit, bool ended) {
  Piece piece;
  const std::int64_t share = err.size() > at.err ? std::max<std::int64_t>(limit / 2, 1) : limit;
  const auto take = [&](const LogFile& file, std::int64_t& offset, std::int64_t room) {
    std::string text = file.read_lines(offset, room);
    const bool last = offset + static_cast<std::int64_t>(text.size()) < file.size() && ended && room >= file.size() - offset;
    if (last) text = read_one(file, offset, room, true).text;
    offset += static_cast<std::int64_t>(text.size());
    piece.text += text;
  };
  take(out, at.out, share);
  if (!piece.text.empty() && piece.text.back() != '\n' && ended && err.size() > at.err) piece.text += '\n';
  take(err, at.err, std::max<std::int64_t>(limit - static_cast<std::int64_t>(piece.text.size()), 1));
  piece.next = at;
  piece.at_end = at.out >= out.size() && at.err >= err.size();
  return piece;
}

struct LogRequest {
  std::string stream;
  Offsets from;
  std::int64_t limit = kDefaultLimit;
  std::optional<std::int64_t> tail;
  std::optional<std::pair<std::int64_t, std::int64_t>> lines;
};

std::expected<LogRequest, Response> log_request(const Call& call) {
  LogRequest out;
  out.stream = call.query.text("stream").empty() ? "all" : call.query.text("stream");
  const auto from = parse_offset(call.query.text("offset"), out.stream);
  if (!from) return std::unexpected(invalid({{"/offset", "'offset' is a number of bytes; for stream=all, the X-Next-Offset of the answer before"}}));
  out.from = *from;
  out.limit = call.query.integer("limit").value_or(kDefaultLimit);
  out.tail = call.query.integer("tail");
  out.lines = call.query.range("lines");
  if (out.lines && out.stream == "all") return std::unexpected(invalid({{"/lines", "'lines' needs stream=stdout or stream=stderr"}}));
  if ((out.tail || out.lines) && !call.query.text("offset").empty())
    return std::unexpected(invalid({{"/offset", "'offset' cannot stand beside 'tail' or 'lines'"}}));
  return out;
}

Piece read_piece(const LogRequest& request, const DataPaths& paths, const AttemptRecord& attempt, bool ended) {
  const LogFile out(paths.log(attempt.run, attempt.id, false)), err(paths.log(attempt.run, attempt.id, true));
  Offsets from = request.from;
  if (request.tail) from = {out.tail_offset(*request.tail, request.limit), err.tail_offset(*request.tail, request.limit)};
  if (request.stream == "all") return read_both(out, err, from, request.limit, ended);
  const LogFile& file = request.stream == "stderr" ? err : out;
  std::int64_t limit = request.limit, begin = request.stream == "stderr" ? from.err : from.out;
  if (request.lines) {
    begin = file.line_offset(request.lines->first);
    limit = std::min(limit, file.line_offset(request.lines->second + 1) - begin);
  }
  return read_one(file, begin, limit, ended);
}

Response log_response(const LogRequest& request, const std::optional<AttemptRecord>& attempt, bool ended, const DataPaths& paths) {
  const Piece piece = attempt ? read_piece(request, paths, *attempt, ended) : Piece{"", request.from, true};
  std::string next = id_text(request.stream == "stderr" ? piece.next.err : piece.next.out);
  if (request.stream == "all") next += "-" + id_text(piece.next.err);
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = piece.text;
  response.with("X-Next-Offset", next).with("X-Log-Complete", ended && piece.at_end ? "true" : "false");
  return response.with("X-Attempt", attempt ? id_text(attempt->number) : "");
}

/// A run's folder is made with its first attempt and goes with its output: an attempt that printed nothing leaves the folder.
bool is_forgotten(const AttemptRecord& attempt, const DataPaths& paths) {
  std::error_code ignored;
  return attempt.outcome && attempt.started_at && !std::filesystem::exists(paths.log_dir(attempt.run), ignored);
}

Response get_logs(const Call& call, Context& context) {
  const auto request = log_request(call);
  if (!request) return request.error();
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto row = find_run(call, *at->reader);
  if (!row) return row.error();
  const auto plan = load_plan(row->run.id, row->run.definitions_version, context, *at->reader);
  if (!plan) return plan.error();
  const auto attempts = at->reader->attempts(row->run.id);
  if (!attempts) return store_problem(attempts.error());
  const auto step = chosen_step(call, *row, **plan, *attempts);
  if (!step) return step.error();
  const auto attempt = chosen_attempt(call, *step, chosen_check(call, *row, *step, **plan, *attempts), **plan, *attempts);
  if (!attempt) return attempt.error();
  if (*attempt && is_forgotten(**attempt, context.service.paths()))
    return problem_response(410, "gone", "No longer kept",
                            "the output of run " + id_text(row->run.id) + " is no longer kept: output goes after the time that `retention: {logs: …}` says (30 days without it), sooner where max_bytes is reached");
  // Its end is committed after its last byte is written: whoever reads "ended" reads all of the file.
  const bool ended = *attempt ? (*attempt)->outcome.has_value() : is_terminal(row->run.status);
  return log_response(*request, *attempt, ended, context.service.paths());
}

}  // namespace

void add_log_routes(std::vector<Route>& table) {
  table.push_back(
      {.method = "GET", .pattern = "/api/v1/runs/{run_id}/logs", .name = "get_logs",
       .summary = "Output of an attempt. X-Next-Offset is the next offset; X-Log-Complete is false while more may come", .tag = "runs",
       .handler = get_logs, .answers = {{200, "", "text/plain"}}, .problems = {410}, .path = {run_param()},
       .query = {{.name = "step", .description = "an asset's key; without it, the cause of the failure or the first step"},
                 {.name = "partition", .description = "of the step, where its asset is divided; without it, the first"},
                 {.name = "check", .description = "a check of that asset that has a process of its own; without step and check that of the cause of the failure, where it is one"},
                 {.name = "attempt", .description = "number or id; the last without it"},
                 {.name = "stream", .kind = Param::Kind::choice, .description = "all without it", .choices = {"stdout", "stderr", "all"}},
                 {.name = "offset", .description = "bytes; for stream=all what X-Next-Offset said"},
                 {.name = "limit", .kind = Param::Kind::integer, .description = "bytes", .min = 1, .max = kMaxLimit, .fallback = kDefaultLimit},
                 {.name = "tail", .kind = Param::Kind::integer, .description = "the last lines", .min = 1, .max = kMaxTail},
                 {.name = "lines", .kind = Param::Kind::range, .description = "lines FROM-TO, from 1"}}});
}

}  // namespace assetd::http
