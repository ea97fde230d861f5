"""Attempts forked from one worker of the dbt plugin, by the real supervisor: what is built is what is on disk, and stops are as ever."""

import os

import duckdb

from test_dbt_run import sleeping


def keepers(zoo):
    with duckdb.connect(str(zoo.database), read_only=True) as db:
        return db.execute("select min(keeper_id) from main.kept").fetchone()[0]


def loads(supervisor):
    return supervisor.logs.count("Running with dbt")


def build(owner, **more):
    attempt = owner.attempt(["animals", "kept"], steps_mode="assets", **more).start().wait()
    assert attempt.exit_code == 0, attempt.output
    return attempt


def test_a_worker_is_loaded_once_and_replaced_when_the_content_of_a_source_changes(zoo, supervisor):
    zoo.supervisor = supervisor
    owner = zoo.imported()
    attempts = [build(owner), build(owner)]
    assert loads(supervisor) == 1 and keepers(zoo) == 1
    for attempt in attempts:
        assert "Running with dbt" in attempt.stdout.read_text() and attempt.materializations["animals"]["row_count"] == 3
    model = zoo.folder / "models" / "marts" / "kept.sql"
    found = model.stat()
    model.write_text(model.read_text().replace("k.keeper_id,", "7 keeper_id,"))
    os.utime(model, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert model.stat().st_size == found.st_size, "only the content says that it changed"
    build(owner)
    assert keepers(zoo) == 7
    build(owner, options={"full_refresh": True})
    assert loads(supervisor) == 2, "one for each state of the sources; a full refresh starts dbt in its fork"


def test_a_stop_through_the_supervisor_keeps_what_is_finished_and_cancels_what_runs(zoo, supervisor):
    zoo.supervisor = supervisor
    attempt = sleeping(zoo)
    supervisor.send(op="stop", attempt=attempt.env["ASSETD_ATTEMPT_ID"], signals=["INT", "TERM"], grace_ms=120_000)
    attempt.wait()
    assert attempt.exit_code not in (0, None, -9)
    assert attempt.ended == {"animals": "succeeded", "quick": "succeeded", "sleepy": "canceled"}
    assert attempt.failure is None
