#include "daemon/http/context.h"

#include "daemon/http/worker_pool.h"

namespace assetd::http {

namespace {

constexpr Millis kReadBudget{50};

}  // namespace

std::expected<Reader*, Response> Context::reader() {
  if (!reader_) {
    auto opened = Reader::open(shared.options.store_path, kReadBudget, [this](const StoreError& error) { service.found_damaged(error); });
    if (!opened && opened.error().pages) service.found_damaged(opened.error());
    if (!opened) return std::unexpected(store_problem(opened.error()));
    reader_ = std::move(*opened);
  }
  return reader_.get();
}

namespace {

Response to_response(const Reply& reply) {
  Response response = json_response(reply.body, reply.status);
  if (reply.status == 503) response.with("Retry-After", "5");
  if (reply.status == 201 && !reply.location.empty())
    response.with("Location", reply.location);
  else if (reply.status == 201 && reply.body.is_object() && reply.body.contains("id"))
    response.with("Location", "/api/v1/runs/" + reply.body["id"].get<std::string>());
  return response;
}

}  // namespace

Service::Done answer_to(Context& context, Respond respond) {
  // The service may answer after this server is gone.
  return [workers = std::weak_ptr(context.shared.workers), respond = std::move(respond)](Reply reply) {
    const auto pool = workers.lock();
    if (!pool) return;
    const auto shared_reply = std::make_shared<Reply>(std::move(reply));
    if (!pool->post([shared_reply, respond](Context&) { respond(to_response(*shared_reply)); })) respond(to_response(*shared_reply));
  };
}

Response store_problem(const StoreError& error) {
  if (error.kind == StoreError::Kind::cursor) return invalid({{"/cursor", error.message}});
  if (error.kind == StoreError::Kind::damaged || error.kind == StoreError::Kind::bug || error.kind == StoreError::Kind::schema)
    return problem_response(500, "store", "The store cannot be read", error.message);
  return problem_response(503, "store-busy", "The store cannot be read now", error.message).with("Retry-After", "1");
}

WallTime wall_now() { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); }

}  // namespace assetd::http
