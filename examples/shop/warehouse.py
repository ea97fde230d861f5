"""The raw layer of the warehouse, what was received, exactly once; and the events of it day by day."""

import csv
import datetime
import os
import tempfile

import duckdb

import stripe_events

COLUMNS = ["delivery_id", "event_id", "event_type", "delivery_attempt", "created_at", "received_at", "payload"]
TYPES = {
    "delivery_id": "varchar", "event_id": "varchar", "event_type": "varchar", "delivery_attempt": "integer",
    "created_at": "timestamp", "received_at": "timestamp", "payload": "json",
}


def connect(path, read_only=False):
    if not read_only:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    return duckdb.connect(path, read_only=read_only)


def load_events(path, plant_bad_rows=0, plant_bad_days=()):
    """Brings raw.stripe_events to exactly the deliveries of the feed and returns what that took, as counts.

    Only rows that are new or changed get a new `loaded_at`, so that incremental models see those and no others.
    """
    with tempfile.TemporaryDirectory() as folder, connect(path) as db:
        feed = os.path.join(folder, "deliveries.csv")
        _write_feed(feed, plant_bad_rows, plant_bad_days)
        names = ", ".join(f"'{name}': '{kind}'" for name, kind in TYPES.items())
        db.execute("create schema if not exists raw")
        columns = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
        db.execute(f"create table if not exists raw.stripe_events ({columns}, loaded_at timestamp)")
        db.execute(f"create temp table feed as select * from read_csv('{feed}', header = false, columns = {{{names}}})")
        db.execute("begin")
        counts = _apply(db)
        db.execute("commit")
        return counts


def _write_feed(file, plant_bad_rows, plant_bad_days):
    with open(file, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        for *ids, created, received, payload in stripe_events.deliveries(plant_bad_rows, plant_bad_days):
            writer.writerow([*ids, _timestamp(created), _timestamp(received), payload])


def _timestamp(value):
    return value.strftime("%Y-%m-%d %H:%M:%S.%f")


def _apply(db):
    """Deletes what the feed no longer has, replaces what changed, adds what is new."""
    changed = "target.payload::varchar is distinct from feed.payload::varchar"
    [deleted] = db.execute("delete from raw.stripe_events where delivery_id not in (select delivery_id from feed)").fetchone()
    [replaced] = db.execute(f"delete from raw.stripe_events as target using feed where target.delivery_id = feed.delivery_id and {changed}").fetchone()
    loaded_at = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    insert = f"""
        insert into raw.stripe_events
        select {", ".join(COLUMNS)}, ? from feed where delivery_id not in (select delivery_id from raw.stripe_events)
        order by received_at
    """
    [inserted] = db.execute(insert, [loaded_at]).fetchone()
    [rows] = db.execute("select count(*) from raw.stripe_events").fetchone()
    return {"rows": rows, "rows_added": inserted - replaced, "rows_replaced": replaced, "rows_deleted": deleted}


def load_day(path, day, begin, end):
    """Replaces what daily.events has of one day by the events that were created from `begin` to before `end` (UTC); returns (events, dollars paid).

    ValueError if a paid invoice of it has no amount that can be read: then the day keeps the rows that it had.
    """
    with connect(path) as db:
        db.execute("create schema if not exists daily")
        db.execute("create table if not exists daily.events (day date, event_id varchar, event_type varchar, deliveries integer, paid_usd decimal(18, 2))")
        db.execute("""
            create temp table found as
            select event_id, any_value(event_type) as event_type, count(*) as deliveries, any_value(payload ->> '$.data.object.amount_paid') as paid
            from raw.stripe_events where created_at >= ? and created_at < ? group by event_id
        """, [begin, end])
        invoices, unreadable, example = db.execute("""
            select count(*), count(*) filter (where cents is null), min(event_id) filter (where cents is null)
            from (select event_id, try_cast(paid as bigint) as cents from found where event_type = 'invoice.paid')
        """).fetchone()
        if unreadable:
            raise ValueError(f"{day}: {unreadable} of {invoices} paid invoices have no amount that can be read, as {example}; mend raw.stripe_events and retry")
        db.execute("begin")
        db.execute("delete from daily.events where day = ?", [day])
        db.execute("insert into daily.events select ?, event_id, event_type, deliveries, cast(paid as bigint) / 100 from found", [day])
        db.execute("commit")
        return db.execute("select count(*), coalesce(sum(paid_usd), 0) from daily.events where day = ?", [day]).fetchone()


def load_spend(path, files):
    """Brings raw.ad_spend to the rows of these files (day, channel, spend_usd) and returns their number."""
    with connect(path) as db:
        db.execute("create schema if not exists raw")
        db.execute("begin")
        db.execute("create or replace table raw.ad_spend (day date, channel varchar, spend_usd decimal(18, 2), file varchar)")
        for file in files:
            columns = "{'day': 'date', 'channel': 'varchar', 'spend_usd': 'decimal(18, 2)'}"
            db.execute(f"insert into raw.ad_spend select *, ? from read_csv(?, header = true, columns = {columns})", [os.path.basename(file), str(file)])
        db.execute("commit")
        return db.execute("select count(*) from raw.ad_spend").fetchone()[0]
