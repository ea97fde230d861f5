"""The shop, end to end, through its two plugins."""

import datetime
import hashlib
import json
import pathlib
import sys

import pytest

DBT = ["bronze_stripe__events", "gold_customers", "gold_revenue_daily", "plans", "stg_stripe__charges", "stg_stripe__customers", "stg_stripe__subscriptions"]


def warehouse_of(shop):
    """The shop's own module of that name."""
    sys.path.insert(0, str(shop.folder))
    try:
        import warehouse
    finally:
        sys.path.pop(0)
    return warehouse


def test_from_raw_events_to_a_trained_model_with_bad_rows_and_their_mending(shop):
    shop.python.describe()
    shop.dbt.describe()
    raw = shop.python.run(["raw_stripe_events"])
    assert raw.exit_code == 0, raw.output
    rows = raw.materializations["raw_stripe_events"]["row_count"]
    assert rows > 100_000
    built = shop.dbt.run(DBT)
    assert built.exit_code == 0 and built.ended == dict.fromkeys(DBT, "succeeded"), built.output
    model = shop.python.run(["customer_churn_model"])
    assert model.exit_code == 0, model.output
    [artifact] = model.of("assetd.artifact")
    path = pathlib.Path(artifact["path"])
    assert artifact["type"] == "sklearn.pipeline.Pipeline" and artifact["library"].startswith("scikit-learn ")
    assert (artifact["size"], artifact["sha256"]) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    assert model.materializations["customer_churn_model"]["roc_auc"] > 0.6
    charges = shop.query("select count(*), min(length(email_hash)), max(amount_usd) from silver.stg_stripe__charges")
    assert charges == shop.query("select count(distinct charge_id), 64, max(amount_usd) from silver.stg_stripe__charges")
    assert shop.query("select column_name from information_schema.columns where column_name like '%email%' and column_name <> 'email_hash'") == []

    switch = shop.folder / "data" / "plant_bad_rows"
    switch.write_text("5\n")
    raw = shop.python.run(["raw_stripe_events"])
    assert {name: raw.materializations["raw_stripe_events"][name] for name in ("row_count", "rows_added", "rows_replaced")} == {
        "row_count": rows, "rows_added": 0, "rows_replaced": 5}
    bad = shop.dbt.run(DBT)
    assert bad.exit_code == 1
    assert [name for name, status in bad.checks.items() if status == "failed"] == ["amount_usd_between_0_and_1000000"]
    assert {key for key, status in bad.ended.items() if status == "skipped"} == {"gold_customers", "gold_revenue_daily"}
    assert shop.python.run(["webhook_delivery_report"]).exit_code == 0

    switch.unlink()
    assert shop.python.run(["raw_stripe_events"]).exit_code == 0
    mended = shop.dbt.run(["stg_stripe__charges", "gold_customers", "gold_revenue_daily"])
    assert mended.exit_code == 0 and set(mended.checks.values()) == {"passed"}, mended.output
    assert shop.query("select count(*), min(length(email_hash)), max(amount_usd) from silver.stg_stripe__charges") == charges


def test_a_day_that_cannot_be_read_and_a_file_that_cannot_be_read_leave_the_rows_that_were_there(shop, tmp_path):
    import duckdb

    warehouse, path = warehouse_of(shop), str(shop.warehouse)
    warehouse.load_events(path)
    day = ("2025-03-09", datetime.datetime(2025, 3, 9), datetime.datetime(2025, 3, 10))
    events, paid = warehouse.load_day(path, *day)
    assert warehouse.load_day(path, *day) == (events, paid) and events > 100 and paid > 0
    warehouse.load_events(path, plant_bad_days=["2025-03-09"])
    with pytest.raises(ValueError, match="2025-03-09: .* of .* paid invoices have no amount that can be read, as evt_"):
        warehouse.load_day(path, *day)
    assert shop.query("select count(*), sum(paid_usd), min(day)::varchar, max(day)::varchar from daily.events") == [(events, paid, "2025-03-09", "2025-03-09")]

    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("day,channel,spend_usd\n2025-03-01,search,120.50\n")
    bad.write_text("day,channel,spend_usd\nyesterday,search,much\n")
    assert [warehouse.load_spend(path, files) for files in ([], [good], [good])] == [0, 1, 1]
    with pytest.raises(duckdb.Error, match="bad.csv"):
        warehouse.load_spend(path, [good, bad])
    assert shop.query("select channel, file from raw.ad_spend") == [("search", "good.csv")]


def test_ten_ingestions_leave_the_rows_of_one(shop):
    warehouse, path = warehouse_of(shop), str(shop.warehouse)
    first = warehouse.load_events(path)
    content = "select count(*), count(distinct delivery_id), sum(hash(payload::varchar)), min(loaded_at), max(loaded_at) from raw.stripe_events"
    before = shop.query(content)
    for _ in range(9):
        assert warehouse.load_events(path) == {"rows": first["rows"], "rows_added": 0, "rows_replaced": 0, "rows_deleted": 0}
    assert shop.query(content) == before
    assert shop.query("select count(*) > count(distinct event_id), max(epoch(received_at - created_at)) > 86400 from raw.stripe_events") == [(True, True)]


def test_the_asset_of_the_raw_table_is_that_of_the_dbt_source(shop):
    shop.python.describe()
    shop.dbt.describe()
    [source] = [asset for asset in shop.dbt.described["assets"] if asset["external"]]
    assert source["key"] in shop.python.assets
    assert json.dumps(shop.python.assets["webhook_delivery_report"]["deps"]) == '["bronze_stripe__events"]'
