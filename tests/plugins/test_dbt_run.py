"""run, with real dbt and DuckDB: what became of each node, however dbt ended; in a process of its own and forked from a worker."""

import json
import os
import signal
import subprocess
import sys

import duckdb
import pytest

from driver import PLUGINS


@pytest.fixture(params=["cold", "warm"])
def zoo(request, zoo):
    zoo.supervisor = request.getfixturevalue("supervisor") if request.param == "warm" else None
    return zoo


def keys_of(owner):
    return [key for key, asset in owner.assets.items() if not asset["external"]]


def test_a_whole_build_with_everything_awkward(zoo):
    owner = zoo.imported()
    attempt = owner.run(keys_of(owner))
    assert attempt.exit_code == 0, attempt.output
    assert attempt.ended == dict.fromkeys(keys_of(owner), "succeeded")
    assert set(attempt.checks) == {check["name"] for check in owner.described["checks"]}
    assert {name for name, status in attempt.checks.items() if status != "passed"} == {"even_legs"} and attempt.checks["even_legs"] == "warned"
    assert attempt.failure is None
    metadata = attempt.materializations["leg_count"]
    assert metadata["row_count"] == 2
    assert metadata["compiled_sql"]["raw_value"].startswith("```sql\n") and "animals" in metadata["compiled_sql"]["raw_value"]
    assert metadata["adapter_response"]["raw_value"]["_message"] == "OK"
    assert attempt.materializations["animals"]["rows_affected"] == 3
    assert "Completed with 1 warning" in attempt.stdout.read_text()


def test_only_what_was_planned_runs(zoo):
    """`zoo.marts.marts` is a folder in dbt's selection too, and its unit test and the relationship test of `kept` would come along."""
    owner = zoo.imported()
    assert owner.run(keys_of(owner)).exit_code == 0
    attempt = owner.run(["zoo/marts"], steps_mode="assets")
    assert (attempt.exit_code, attempt.ended, attempt.checks) == (0, {"zoo/marts": "succeeded"}, {})
    assert "nested" not in attempt.stdout.read_text() and "unit_test" not in attempt.stdout.read_text()
    attempt = owner.run(["animals", "zoo/marts"])
    assert attempt.ended == {"animals": "succeeded", "zoo/marts": "succeeded"}
    assert set(attempt.checks) == {"marts_keeps_ids"}
    assert "relationships" not in attempt.stdout.read_text()


def test_only_checks(zoo):
    owner = zoo.imported()
    assert owner.run(keys_of(owner)).exit_code == 0
    attempt = owner.run(["leg_count", "dim_v1"], steps_mode="checks")
    assert (attempt.exit_code, attempt.materializations, attempt.ended) == (0, {}, {})
    assert attempt.checks == {"even_legs": "warned", "not_null_legs_legs": "passed", "not_null_dim_v1_animal_id": "passed"}
    assert sorted(attempt.started) == ["dim_v1", "leg_count"]


def test_a_failing_unit_test_and_vars_of_one_run(zoo):
    owner = zoo.imported()
    attempt = owner.run(keys_of(owner), options={"vars": {"expected_id": 8}})
    assert attempt.exit_code == 1
    assert (attempt.ended["zoo/marts"], attempt.reasons["zoo/marts"], attempt.ended["nested"]) == ("failed", "check_failed", "skipped")
    assert attempt.checks["marts_keeps_ids"] == "failed"
    assert attempt.ended["kept"] == "succeeded" and attempt.failure is None


def test_a_model_that_fails_says_why_and_what_is_below_is_skipped(zoo):
    owner = zoo.imported()
    attempt = owner.run(["animals", "dim_v2", "zoo/marts", "nested", "kept"], steps_mode="assets", options={"vars": {"break_marts": True}})
    assert attempt.exit_code == 1
    assert attempt.ended == {"animals": "succeeded", "dim_v2": "succeeded", "zoo/marts": "failed", "nested": "skipped", "kept": "succeeded"}
    [failed] = [end for end in attempt.of("assetd.step_ended") if end["status"] == "failed"]
    assert failed["reason"] == "node_failed" and "no_such_column" in failed["detail"]


def test_a_failing_hook_fails_the_attempt_and_no_node(zoo):
    owner = zoo.imported()
    attempt = owner.run(["animals"], steps_mode="assets", options={"vars": {"fail_hook": True}})
    assert (attempt.exit_code, attempt.ended) == (1, {"animals": "succeeded"})
    assert attempt.failure["reason"] == "hook_failed" and "no_such_table_for_the_hook" in attempt.failure["detail"]


def test_a_microbatch_model_that_succeeds_in_part_has_failed(zoo):
    owner = zoo.imported(vars={"batches": True})
    attempt = owner.run(["daily", "after_daily"])
    assert (attempt.exit_code, attempt.ended) == (1, {"daily": "failed", "after_daily": "skipped"})
    assert "no_such_column" in [end for end in attempt.of("assetd.step_ended") if end["asset_key"] == "daily"][0]["detail"]


SLOW = ["animals", "quick", "sleepy", "after_sleepy"]


def sleeping(zoo, **settings):
    """An attempt that has finished `quick` and is in the middle of `sleepy`."""
    owner = zoo.imported(vars={"slow": True})
    return owner.attempt(SLOW, steps_mode="assets").start(**settings).wait_for(lambda attempt: "sleepy" in attempt.started and is_queried(attempt))


def is_queried(attempt):
    """The endless query has been sent: dbt cancels only what runs by then."""
    log = (attempt.folder / "dir" / "log" / "dbt.log").read_text(errors="replace")
    return any('"SQLQuery"' in line and "range(100000000)" in line for line in log.splitlines())


def dbt_below(pid):
    children = open(f"/proc/{pid}/task/{pid}/children", encoding="ascii").read().split()
    [child] = map(int, children)
    return child


def test_finished_nodes_stand_when_everything_is_killed(zoo):
    attempt = sleeping(zoo)
    attempt.signal_tree(signal.SIGKILL)
    assert attempt.wait().exit_code == -signal.SIGKILL
    assert attempt.ended == {"animals": "succeeded", "quick": "succeeded"}
    assert set(attempt.materializations) == {"animals", "quick"}


def test_finished_nodes_stand_when_dbt_is_killed_and_the_signal_is_handed_on(zoo):
    attempt = sleeping(zoo)
    os.kill(dbt_below(attempt.process.pid), signal.SIGKILL)
    assert attempt.wait().exit_code == -signal.SIGKILL
    assert attempt.ended == {"animals": "succeeded", "quick": "succeeded"} and attempt.failure is None


def ignore_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize("preexec_fn", [None, ignore_interrupts])
def test_an_interrupt_cancels_what_runs_even_when_interrupts_were_ignored(zoo, preexec_fn):
    if zoo.supervisor and preexec_fn:
        pytest.skip("the supervisor's steps begin with what it gives them")
    attempt = sleeping(zoo, preexec_fn=preexec_fn)
    attempt.signal_tree(signal.SIGINT)  # as the supervisor does: to the whole tree, so dbt gets it twice
    attempt.wait()
    assert attempt.exit_code not in (0, None)
    assert attempt.ended == {"animals": "succeeded", "quick": "succeeded", "sleepy": "canceled"}
    assert attempt.failure is None


def test_after_a_kill_the_next_attempt_builds_all_that_it_is_asked(zoo):
    attempt = sleeping(zoo)
    attempt.signal_tree(signal.SIGKILL)
    attempt.wait()
    again = attempt.owner.run(["animals", "quick"], steps_mode="assets")
    assert (again.exit_code, again.ended) == (0, {"animals": "succeeded", "quick": "succeeded"})


def test_results_of_another_invocation_are_never_believed(zoo):
    owner = zoo.imported()
    attempt = owner.attempt(["animals"], steps_mode="assets")
    stale = attempt.folder / "dir" / "target" / "run_results.json"
    stale.parent.mkdir(parents=True)
    results = [{"unique_id": "seed.zoo.animals", "status": "success", "message": "stale"}]
    stale.write_text(json.dumps({"metadata": {"invocation_id": "another"}, "results": results}))
    owner.config["target"] = "nowhere"
    attempt = owner.attempt(["animals"], steps_mode="assets")
    (attempt.folder / "dir" / "target").mkdir(parents=True)
    (attempt.folder / "dir" / "target" / "run_results.json").write_text(stale.read_text())
    attempt.must_be_warm = False  # a project that cannot be parsed makes no worker
    attempt.start().wait()
    assert (attempt.exit_code, attempt.ended) == (2, {})
    assert attempt.failure["reason"] == "plugin_error" and "nowhere" in attempt.failure["detail"]


def test_a_locked_database_is_named_with_its_holder(zoo):
    owner = zoo.imported()
    with duckdb.connect(str(zoo.database)):
        attempt = owner.run(["animals"])
    assert attempt.exit_code == 2 and attempt.ended == {}
    assert attempt.failure["reason"] == "resource_locked"
    assert f"process {os.getpid()}" in attempt.failure["detail"]


def test_a_node_that_is_gone_is_a_changed_definition(zoo):
    owner = zoo.imported()
    owner.assets["kept"]["data"]["unique_id"] = "model.zoo.gone"
    attempt = owner.run(["kept"])
    assert attempt.exit_code == 1
    assert attempt.failure["reason"] == "definition_changed" and "model.zoo.gone" in attempt.failure["detail"]


def test_secrets_are_in_no_message(zoo):
    (zoo.folder / "models" / "marts" / "kept.sql").write_text("select '{{ env_var(\"DBT_ENV_SECRET_WORD\") }}' as keeper_id, 1 as animal_id")
    (zoo.folder / "models" / "marts" / "models.yml").unlink()
    owner = zoo.undescribed(env={"ZOO_DB": "zoo.duckdb", "DBT_ENV_SECRET_WORD": "opensesame"})
    done = owner.call("describe")
    if done.returncode:  # dbt refuses secrets outside of profiles and packages: then there is nothing to leak
        assert "opensesame" not in done.stdout
        return
    owner.described = json.loads(done.stdout)
    attempt = owner.run(["animals", "kept"], steps_mode="assets")
    assert "opensesame" not in attempt.messages_file.read_text()


def test_rows_that_fail_are_taken_only_where_somebody_asks_for_them(zoo):
    def even_legs(**config):
        owner = zoo.imported(**config)
        attempt = owner.run(keys_of(owner))
        assert attempt.exit_code == 0, attempt.output
        [told] = [each for each in attempt.of("report_asset_check") if each["check_name"] == "even_legs"]
        return told["metadata"]

    sample = even_legs(sample_rows=2)["sample_rows"]["raw_value"]
    assert len(sample["columns"]) == len(sample["rows"][0]) and 1 <= len(sample["rows"]) <= 2, sample
    metadata = even_legs()
    assert "sample_rows" not in metadata and metadata["failures"] == 1 and "select" in metadata["compiled_sql"]["raw_value"]


def test_row_counts_can_be_switched_off(zoo):
    owner = zoo.imported(row_counts=False)
    attempt = owner.run(["animals"], steps_mode="assets")
    assert attempt.exit_code == 0 and "row_count" not in attempt.materializations["animals"]


def test_without_the_environment_of_a_step_it_says_who_starts_it(zoo):
    done = subprocess.run([sys.executable, str(PLUGINS / "dbt" / "main.py"), "run"], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    assert done.returncode != 0 and "started by assetd as a step" in done.stderr
