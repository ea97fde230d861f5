"""The reader of dbt's log, on logs of dbt 1.10.23 building the project in zoo/."""

import json
import pathlib

import pytest
from assetd.dbt.events import LogReader, Plan, lock_detail

LOGS = pathlib.Path(__file__).parent / "logs"
ASSETS = {
    "seed.zoo.animals": "animals", "model.zoo.legs": "leg_count", "model.zoo.dim.v1": "dim_v1", "model.zoo.dim.v2": "dim_v2", "model.zoo.marts": "zoo/marts",
    "model.zoo.nested": "nested", "model.zoo.kept": "kept", "snapshot.zoo.animals_history": "animals_history", "model.zoo.quick": "quick",
    "model.zoo.sleepy": "sleepy", "model.zoo.after_sleepy": "after_sleepy", "model.zoo.daily": "daily", "model.zoo.after_daily": "after_daily",
}


def lines(name):
    return (LOGS / f"{name}.jsonl").read_text().splitlines()


def checks_in(name):
    """The plan's checks: every test that the log speaks of."""
    found = {}
    for node in (json.loads(line)["data"].get("node_info") or {} for line in lines(name)):
        if node.get("resource_type") in ("test", "unit_test"):
            unit = node["resource_type"] == "unit_test"
            home = "zoo/marts" if unit else "leg_count" if "legs" in node["unique_id"] else "animals"
            found[node["unique_id"]] = {"name": node["node_name"], "home": home, "severity": "error", "data": {"unit": unit}}
    return found


def read(name, steps_mode="all", only=None, interrupted=False):
    assets = {unique_id: key for unique_id, key in ASSETS.items() if only is None or key in only}
    reader = LogReader(Plan(assets, checks_in(name), steps_mode))
    reader.interrupted = interrupted
    return reader, [message for line in lines(name) for message in reader.feed(line)]


def ends(messages):
    return {params["asset_key"]: params for method, params in messages if method == "assetd.step_ended"}


def test_each_node_starts_once_materializes_and_then_ends():
    _, messages = read("all_good")
    of_animals = [method for method, params in messages if params["asset_key"] == "animals" and "check" not in method]
    assert of_animals == ["assetd.step_started", "report_asset_materialization", "assetd.step_ended"]
    assert {key: found["status"] for key, found in ends(messages).items()} == dict.fromkeys(
        ["animals", "leg_count", "dim_v1", "dim_v2", "zoo/marts", "nested", "kept", "animals_history"], "succeeded")


def test_times_say_that_they_are_utc():
    _, messages = read("all_good")
    assert all(params["at"].endswith("Z") and params["at"].count("Z") == 1 for _, params in messages)


def test_rows_of_seeds_timing_and_adapter_response_are_metadata():
    _, messages = read("all_good")
    [metadata] = [params["metadata"] for method, params in messages if method == "report_asset_materialization" and params["asset_key"] == "animals"]
    assert metadata["rows_affected"] == 3
    assert metadata["adapter_response"]["raw_value"]["code"] == "INSERT"
    assert 0 <= metadata["execute_seconds"] <= metadata["execution_seconds"]


def test_a_warning_is_neither_passed_nor_failed():
    _, messages = read("all_good")
    [warned] = [params for method, params in messages if method == "report_asset_check" and params["check_name"] == "even_legs"]
    assert (warned["passed"], warned["status"], warned["severity"], warned["metadata"]["failures"]) == (False, "warned", "WARN", 1)


def test_a_failing_unit_test_fails_its_own_model():
    _, messages = read("unit_test_fails")
    assert ends(messages)["zoo/marts"]["status"] == "failed"
    assert ends(messages)["zoo/marts"]["reason"] == "check_failed"
    assert "marts_keeps_ids" in ends(messages)["zoo/marts"]["detail"]
    assert ends(messages)["nested"]["status"] == "skipped"


def test_skipped_nodes_never_start():
    _, messages = read("unit_test_fails")
    assert "nested" not in [params["asset_key"] for method, params in messages if method == "assetd.step_started"]


def test_a_microbatch_model_ends_once_after_its_last_batch_and_partly_is_failed():
    _, messages = read("microbatch_in_part")
    assert [method for method, params in messages if params["asset_key"] == "daily"] == ["assetd.step_started", "assetd.step_ended"]
    assert ends(messages)["daily"]["status"] == "failed"
    assert "no_such_column" in ends(messages)["daily"]["detail"]
    assert ends(messages)["after_daily"]["status"] == "skipped"


def test_what_had_finished_before_a_kill_stands():
    reader, messages = read("killed")
    assert set(ends(messages)) == {"animals", "quick"}
    assert reader.begun - set(reader.ended) == {"model.zoo.sleepy"}


def test_an_interrupted_node_is_canceled_not_failed():
    _, messages = read("interrupted", interrupted=True)
    assert ends(messages)["sleepy"]["status"] == "canceled"


def test_the_same_log_without_our_interrupt_is_a_failure():
    _, messages = read("interrupted")
    assert ends(messages)["sleepy"]["status"] == "failed"


def test_the_failing_hook_is_remembered_and_no_node_is_blamed():
    reader, messages = read("hook_fails")
    assert {found["status"] for found in ends(messages).values()} == {"succeeded"}
    assert any("no_such_table_for_the_hook" in error for error in reader.errors)


def test_nodes_that_were_not_planned_are_not_reported():
    _, messages = read("all_good", only=["animals"])
    assert set(ends(messages)) == {"animals"}


def test_with_only_checks_a_step_begins_with_its_first_check_and_materializes_nothing():
    _, messages = read("all_good", steps_mode="checks", only=["leg_count"])
    of_legs = [method for method, params in messages if params["asset_key"] == "leg_count"]
    assert of_legs == ["assetd.step_started", *["assetd.check_started", "report_asset_check"] * 2]


@pytest.mark.parametrize("line", ["", "plain text", "{}", '{"info": 1, "data": null}', '{"info": {"name": "NodeFinished"}, "data": {}}', "[1]"])
def test_lines_that_are_not_dbts_give_nothing(line):
    assert LogReader(Plan(ASSETS, {})).feed(line) == []


def test_the_holder_of_a_lock_is_named():
    message = 'IO Error: Could not set lock on file "/x/w.duckdb": Conflicting lock is held in /usr/bin/python3 (PID 4711) by user root.'
    assert "process 4711" in lock_detail(message)


def test_secrets_are_masked():
    reader = LogReader(Plan(ASSETS, {}), mask=lambda text: text.replace("no_such_column", "*****"))
    messages = [message for line in lines("microbatch_in_part") for message in reader.feed(line)]
    assert "no_such_column" not in str(messages) and "*****" in str(messages)
