"""The example with real dbt, DuckDB and scikit-learn."""

import json

import pytest
from projects import copy_example, query

pytestmark = pytest.mark.slow
PATIENCE = 900  # seconds: only a run that hangs uses them up, however loaded the machine is
BELOW_CHARGES = {"gold_customers", "gold_revenue_daily", "customer_churn_model"}


@pytest.fixture
def shop(make_daemon, tmp_path):
    return make_daemon(copy_example("shop", tmp_path)).start(seconds=PATIENCE)


def test_everything_succeeds_and_a_model_is_there(shop):
    run = shop.run("*")
    ended = shop.wait(run, seconds=PATIENCE)
    assert ended["status"] == "succeeded", ended["causes"]
    model = shop.get("/assets/customer_churn_model")
    assert model["last_materialization"]["run_id"] == run
    metadata = model["last_materialization"]["metadata"]
    assert "roc_auc" in metadata and "accuracy" in metadata
    events, distinct = query(shop, "select count(*), count(distinct event_id) from raw.stripe_events")
    assert events >= 100_000
    for name, columns in (("gold.gold_customers", {"tenure", "total_spend", "churned"}), ("silver.stg_stripe__charges", {"charge_id", "amount_usd", "customer_id", "created_at", "email_hash"})):
        schema, table = name.split(".")
        found = query(shop, f"select list(column_name) from information_schema.columns where table_schema = '{schema}' and table_name = '{table}'")[0]
        assert columns <= set(found), (name, found)
    assert shop.get("/assets/stg_stripe__charges")["checks"]["passed"] >= 3


def test_bad_rows_stop_what_is_below_the_charges_and_a_retry_mends_exactly_that(shop):
    switch = shop.project / "data" / "plant_bad_rows"
    switch.write_text("3\n")
    run = shop.run("*")
    assert shop.wait(run, seconds=PATIENCE)["status"] == "failed"
    steps = shop.steps(run)
    charges = steps["stg_stripe__charges"]
    assert (charges["status"], charges["reason"]) == ("failed", "check_failed")
    skipped = {key for key, step in steps.items() if step["status"] == "skipped"}
    assert {"gold_customers", "customer_churn_model"} <= skipped
    for key in skipped:
        assert {cause["key"] for cause in steps[key]["root_causes"]} == {"stg_stripe__charges"}, steps[key]
        assert all(cause["reason"] == "check_failed" and cause["check"] for cause in steps[key]["root_causes"])
    assert steps["webhook_delivery_report"]["status"] == "succeeded"

    switch.unlink()
    mended = shop.run("raw_stripe_events or bronze_stripe__events")
    assert shop.wait(mended, seconds=PATIENCE)["status"] == "succeeded"
    again = shop.retry(run)
    ended = shop.wait(again, seconds=PATIENCE)
    assert ended["status"] == "succeeded", ended["causes"]
    assert set(shop.steps(again)) == {key for key, step in steps.items() if step["status"] in ("failed", "skipped")}


def test_ten_ingestions_leave_the_rows_of_one(shop):
    assert shop.wait(shop.run("raw_stripe_events"), seconds=PATIENCE)["status"] == "succeeded"
    fingerprint = "select count(*), count(distinct event_id), bit_xor(hash(event_id)) from raw.stripe_events"
    once = query(shop, fingerprint)
    for _ in range(9):
        assert shop.wait(shop.run("raw_stripe_events"), seconds=PATIENCE)["status"] == "succeeded"
    assert query(shop, fingerprint) == once


def test_full_refresh_reaches_dbt_and_is_kept_by_a_retry(shop):
    upstream = "raw_stripe_events or bronze_stripe__events or stg_stripe__charges"
    assert shop.wait(shop.run(upstream), seconds=PATIENCE)["status"] == "succeeded"
    run = shop.run("stg_stripe__charges", options={"dbt": {"full_refresh": True}})
    assert shop.wait(run, seconds=PATIENCE)["status"] == "succeeded"
    assert shop.get(f"/runs/{run}")["options"] == {"dbt": {"full_refresh": True}}
    again = shop.post(f"/runs/{run}/retry", {"from": "start"})["id"]
    assert shop.get(f"/runs/{again}")["options"] == {"dbt": {"full_refresh": True}}
    shop.wait(again, seconds=PATIENCE)


def test_the_guide_s_file_runs(make_daemon, tmp_path):
    copy_example("shop", tmp_path)  # the guide uses the shop's Python environment
    guide = copy_example("guide", tmp_path)
    daemon = make_daemon(guide).start(seconds=PATIENCE)
    run = daemon.run("*")
    ended = daemon.wait(run, seconds=PATIENCE)
    assert ended["status"] == "succeeded", ended["causes"]
    assert {"gold_customers", "customer_churn_model"} <= set(daemon.steps(run))
    artifact = daemon.get("/assets/customer_churn_model")["last_materialization"]["metadata"]
    assert "LinearRegression" in json.dumps(artifact), "the returned model is in the artifact store"
