#include "daemon/store/store.h"

#include <functional>

#include "daemon/store/backup.h"
#include "daemon/store/change_writer.h"
#include "daemon/store/connection.h"
#include "daemon/store/database.h"
#include "daemon/store/definitions_table.h"
#include "daemon/store/log_mover.h"
#include "daemon/store/lost_store.h"
#include "daemon/store/packed.h"
#include "daemon/store/prune.h"
#include "daemon/store/recovery.h"
#include "daemon/store/renames.h"
#include "daemon/store/sensor_tables.h"
#include "daemon/store/rows.h"
#include "core/version/provenance.h"

namespace assetd {
namespace {

std::string read_id(Database& database) {
  auto query = database.query("SELECT store_id FROM meta");
  return query.next() ? query.row().text() : "";
}

void write_counters(Database& database, const Counters& counters) {
  database.run("UPDATE meta SET transaction_number=?, last_run=?, last_row=?", counters.transaction, counters.last_run, counters.last_row);
}

void forget_ids(CommitBatch& batch) {
  for (auto& event : batch.events) event.id = 0;
}

}  // namespace

struct Store::Impl {
  std::string path;
  std::string id;
  std::unique_ptr<Database> writer;  ///< while latched it reads; null where a reopen could not even do that
  std::unique_ptr<LogMover> log;     ///< of `writer`
  Counters counters;
  AssetNames names;
  std::optional<StoreError> latch;   ///< the failure since which nothing is written
  std::optional<StoreError> given_up;  ///< what opening it anew cannot mend
  OpenedFiles files;

  ~Impl();
  std::expected<void, StoreError> connect();
  void disconnect();
  std::expected<void, StoreError> refused() const;
  std::expected<void, StoreError> look_at_files();
  /// As it comes out of `writer`; what cannot be mended is kept.
  std::expected<void, StoreError> outcome();
  void give_up(const StoreError& why);
  /// Runs `body` in a transaction. A failure latches.
  std::expected<void, StoreError> write(const std::function<void()>& body);
  std::expected<void, StoreError> commit(CommitBatch& batch, const std::function<void()>& first);
  template <typename T>
  std::expected<T, StoreError> read(const std::function<T(Database&)>& query);
};

std::expected<void, StoreError> Store::Impl::connect() {
  auto opened = open_writer(path);
  if (!opened && opened.error().pages) given_up = opened.error();
  if (!opened) return std::unexpected(opened.error());
  log.reset();  // before the connection that it is about
  writer = std::move(*opened);
  log = std::make_unique<LogMover>(*writer);
  counters = read_counters(*writer);
  names = read_names(*writer);
  const auto found = read_id(*writer);
  if (auto read = outcome(); !read) return disconnect(), read;
  if (!id.empty() && found != id) {
    given_up = StoreError{StoreError::Kind::io, path + ": another store lies in its place; start the daemon again to go on with that one"};
    return disconnect(), std::unexpected(*given_up);
  }
  id = found;
  files = OpenedFiles(path);
  write_in_use_mark(path, id);
  writer->move_log_at_close(true);
  return {};
}

// Before it closes: from there on the log may go, also where a reader closes after it.
Store::Impl::~Impl() {
  if (!writer || given_up) return;
  if (!latch) (void)run_checkpoint(*writer, CheckpointMode::truncate);  // closing it tries again
  remove_in_use_mark(path);
}

void Store::Impl::give_up(const StoreError& why) {
  if (given_up) return;
  given_up = latch = why;
  if (writer) writer->move_log_at_close(false);
}

std::expected<void, StoreError> Store::Impl::outcome() {
  auto result = writer->outcome();
  if (!result && result.error().pages) give_up(result.error());
  return result;
}

std::expected<void, StoreError> Store::Impl::look_at_files() {
  if (latch) return {};
  const auto gone = files.gone();
  if (gone.empty()) return {};
  give_up(StoreError{StoreError::Kind::io, gone});
  return std::unexpected(*latch);
}

void Store::Impl::disconnect() {
  log.reset();
  writer.reset();
}

std::expected<void, StoreError> Store::Impl::refused() const {
  return std::unexpected(StoreError{latch->kind, "nothing is written since a commit with an unknown outcome: " + latch->message});
}

std::expected<void, StoreError> Store::Impl::write(const std::function<void()>& body) {
  if (latch) return refused();
  if (auto there = look_at_files(); !there) return there;
  Transaction transaction(*writer, "BEGIN IMMEDIATE");
  body();
  transaction.commit();
  auto done = outcome();
  if (!done) latch = done.error();
  return done;
}

std::expected<void, StoreError> Store::Impl::commit(CommitBatch& batch, const std::function<void()>& first) {
  Counters next = counters;
  auto written = write([&] {
    first();
    ChangeWriter(*writer, next, names).write(batch);
    ++next.transaction;
    write_counters(*writer, next);
  });
  if (!written) return forget_ids(batch), written;
  counters = next;
  log->look();
  return {};
}

template <typename T>
std::expected<T, StoreError> Store::Impl::read(const std::function<T(Database&)>& query) {
  if (!writer) return std::unexpected(refused().error());
  T value = query(*writer);
  if (auto done = outcome(); !done) return std::unexpected(done.error());
  return value;
}

Store::Store() : impl_(std::make_unique<Impl>()) {}
Store::~Store() = default;

std::expected<std::unique_ptr<Store>, StoreError> Store::open(const std::string& path) {
  std::unique_ptr<Store> store(new Store());
  store->impl_->path = path;
  if (auto connected = store->impl_->connect(); !connected) return std::unexpected(connected.error());
  return store;
}

const std::string& Store::id() const { return impl_->id; }
const AssetNames& Store::names() const { return impl_->names; }
bool Store::latched() const { return impl_->latch.has_value(); }
std::int64_t Store::last_event() const { return impl_->counters.last_event; }
std::int64_t Store::transaction() const { return impl_->counters.transaction; }

std::int64_t Store::next_generation() {
  const auto written = impl_->write([this] { impl_->writer->run("UPDATE meta SET generation = generation + 1"); });
  if (!written) return 0;
  auto query = impl_->writer->query("SELECT generation FROM meta");
  return query.next() ? query.row().integer() : 0;
}

std::expected<Recovered, StoreError> Store::load() {
  return impl_->read<Recovered>([this](Database& database) { return read_recovered(database, impl_->counters); });
}

std::expected<void, StoreError> Store::commit(CommitBatch& batch) {
  return impl_->commit(batch, [] {});
}

std::expected<void, StoreError> Store::look_at_files() { return impl_->look_at_files(); }

void Store::give_up(StoreError why) { impl_->give_up(why); }

const StoreError* Store::given_up() const { return impl_->given_up ? &*impl_->given_up : nullptr; }

std::expected<std::int64_t, StoreError> Store::reopen() {
  if (impl_->given_up) return std::unexpected(*impl_->given_up);
  if (!impl_->latch) impl_->latch = StoreError{StoreError::Kind::io, impl_->path + ": the store is being opened again"};
  if (auto connected = impl_->connect(); !connected) return std::unexpected(connected.error());
  // What the failed commit left in the log must be in the file or gone before anything is written after it.
  if (auto moved = run_checkpoint(*impl_->writer, CheckpointMode::truncate); !moved) return std::unexpected(moved.error());
  impl_->latch.reset();
  return impl_->counters.transaction;
}

std::expected<std::int64_t, StoreError> Store::put_definitions(DefinitionsRecord& record, CommitBatch& batch, const Renaming& renaming) {
  auto current = impl_->read<std::int64_t>(current_definitions_version);
  if (!current) return current;
  const bool same = *current != 0 && definitions_hash(*impl_->writer, *current) == record.hash;
  if (same && batch.empty()) return record.version = *current;
  std::int64_t version = *current;
  auto written = impl_->commit(batch, [&] {
    if (same) return;
    version = insert_definitions(*impl_->writer, record);
    write_renaming(*impl_->writer, renaming);
  });
  if (!written) return std::unexpected(written.error());
  if (!renaming.renamed.empty() || !renaming.defined.empty()) impl_->names = read_names(*impl_->writer);
  return record.version = version;
}

std::expected<void, StoreError> Store::update_watch_state(std::int64_t version, const std::string& watch_state) {
  return impl_->write([&] { impl_->writer->run("UPDATE definitions SET watch_state=?2 WHERE version=?1", version, TextOrNull{watch_state}); });
}

std::expected<std::optional<DefinitionsRecord>, StoreError> Store::current_definitions() {
  return impl_->read<std::optional<DefinitionsRecord>>(
      [](Database& database) { return read_definitions(database, current_definitions_version(database)); });
}

std::expected<std::optional<DefinitionsRecord>, StoreError> Store::definitions(std::int64_t version) {
  return impl_->read<std::optional<DefinitionsRecord>>([version](Database& database) { return read_definitions(database, version); });
}

std::optional<IdempotentAnswer> Store::find_answer(const std::string& actor, const std::string& route, const std::string& key) {
  auto found = impl_->read<std::optional<IdempotentAnswer>>([&](Database& database) { return read_answer(database, actor, route, key); });
  return found ? std::move(*found) : std::nullopt;
}

std::expected<void, StoreError> Store::prune(PruneSweep& sweep, const PruneBounds& bounds) {
  auto written = impl_->write([&] { sweep.step(*impl_->writer, bounds); });
  if (written) impl_->log->look();
  return written;
}

std::expected<bool, StoreError> Store::has_materialized(const std::string& key, const AttemptId& attempt, const std::string& partition) {
  return impl_->read<bool>([&](Database& database) {
    auto query = database.query("SELECT 1 FROM materializations WHERE key=? AND attempt=? AND ifnull(partition, '')=? ORDER BY id DESC LIMIT 1", present_name(impl_->names, key), Blob{pack_id(attempt)}, partition);
    return query.next();
  });
}

std::expected<std::string, StoreError> Store::watch_state(std::int64_t version) {
  return impl_->read<std::string>([&](Database& database) -> std::string {
    auto query = database.query("SELECT watch_state FROM definitions WHERE version=?", version);
    return query.next() ? query.row().text() : std::string();
  });
}

std::expected<std::optional<Materialization>, StoreError> Store::materialized_before(const std::string& key, WallTime at) {
  static const std::string sql = select_from(kMaterializationColumns, "materializations WHERE key=? AND at<=? ORDER BY id DESC LIMIT 1");
  return impl_->read<std::optional<Materialization>>([&](Database& database) -> std::optional<Materialization> {
    auto query = database.query(sql, present_name(impl_->names, key), at);
    std::int64_t id = 0;
    if (!query.next()) return std::nullopt;
    return read_materialization(database, query.row(), id);
  });
}

std::expected<std::optional<Materialization>, StoreError> Store::last_of_partition(const std::string& key, const std::string& partition) {
  static const std::string sql = select_from(kMaterializationColumns, "materializations WHERE key=? AND partition=? ORDER BY id DESC LIMIT 1");
  return impl_->read<std::optional<Materialization>>([&](Database& database) -> std::optional<Materialization> {
    auto query = database.query(sql, present_name(impl_->names, key), partition);
    std::int64_t id = 0;
    if (!query.next()) return std::nullopt;
    return read_materialization(database, query.row(), id);
  });
}

std::expected<std::optional<PartitionData>, StoreError> Store::partition_data(const std::string& key, const std::string& partition, std::optional<WallTime> before) {
  constexpr const char* kSql = "SELECT data_version, run, at FROM materializations WHERE key=? AND partition=? AND at<=? ORDER BY id DESC LIMIT 1";
  return impl_->read<std::optional<PartitionData>>([&](Database& database) -> std::optional<PartitionData> {
    auto query = database.query(kSql, present_name(impl_->names, key), partition, before.value_or(WallTime::max()));
    if (!query.next()) return std::nullopt;
    auto row = query.row();
    PartitionData data;
    data.data_version = row.text();
    data.run = row.integer();
    data.at = row.time();
    if (data.data_version.empty()) data.data_version = derived_data_version("", data.at);
    return data;
  });
}

std::optional<TickRecord> Store::find_tick(const std::string& schedule, WallTime instant) {
  auto found = impl_->read<std::optional<TickRecord>>([&](Database& database) { return read_tick_at(database, schedule, instant); });
  return found ? std::move(*found) : std::nullopt;
}

std::optional<RunId> Store::find_sensor_key(const std::string& sensor, const std::string& key) {
  auto found = impl_->read<std::optional<RunId>>([&](Database& database) { return read_sensor_key(database, sensor, key); });
  return found ? *found : std::nullopt;
}

bool Store::is_moving_log() { return impl_->log && impl_->log->is_moving(); }

std::expected<void, StoreError> Store::checkpoint() {
  if (auto done = checkpoint_store(impl_->path); !done) return std::unexpected(done.error());
  return {};
}

std::expected<void, StoreError> Store::backup(const std::string& file) { return backup_store(impl_->path, file); }

}  // namespace assetd
