"""Time that is over: of a run, and of waiting for slots or for the turn in line. And which failures are worth another attempt."""

from projects import project, shell, waits_for
from waiting import wait_until


def test_a_run_that_takes_too_long_is_stopped_and_fails(start):
    daemon = start(project(shell("quick", "true"), shell("slow", waits_for("never"), ["quick"]), shell("below", "true", ["slow"])))
    run = daemon.run("*", timeout_ms=1500)
    assert daemon.get(f"/runs/{run}")["timeout_ms"] == 1500
    found = daemon.wait(run)
    assert (found["status"], found["reason"]) == ("failed", "timeout"), found
    assert "its timeout of 1500ms" in found["detail"]
    steps = daemon.steps(run)
    assert {key: (step["status"], step["reason"]) for key, step in steps.items()} == {
        "quick": ("succeeded", None), "slow": ("failed", "timeout"), "below": ("canceled", "timeout")}


def test_a_step_that_waits_too_long_fails_and_says_who_held_its_slot(start):
    holder = shell("holder", waits_for("go"), more="pools: {gpu: 1}")
    late = shell("late", "true", more="pools: {gpu: 1}").replace("plugin: exec,", "plugin: exec, queue_timeout: 300ms,")
    daemon = start(project(holder, late, head="").replace("pools: {default", "pools: {gpu: {slots: 1}, default"))
    first = daemon.run("holder")
    daemon.wait_step(first, "holder", "running")
    second = daemon.run("late")
    assert daemon.wait(second)["status"] == "failed"
    step = daemon.steps(second)["late"]
    assert step["reason"] == "queue_timeout"
    assert f"for pool gpu: 1 of 1 slots held by run {first}, step holder" in step["detail"]
    assert step["attempts"] == []
    (daemon.project / "go").touch()
    assert daemon.wait(first)["status"] == "succeeded"


def test_a_jobs_timeout_is_that_of_its_schedules_runs(start):
    head = """timezone: UTC
jobs: [{name: slow, select: a, timeout: 400ms}]
schedules: [{name: now, job: slow, cron: "0 0 1 1 *"}]
"""
    daemon = start(project(shell("a", waits_for("never")), head=head))
    run = daemon.post("/schedules/now/trigger")["id"]
    found = daemon.wait(run)
    assert (found["status"], found["reason"]) == ("failed", "timeout")


def test_only_the_named_reasons_are_tried_again(start):
    more = "retries: {max: 2, delay: 10ms, retry_on: [timeout]}"
    daemon = start(project(shell("exits", "echo x >> exits; exit 3", more=more),
                           shell("hangs", "echo x >> hangs; sleep 60", more=more).replace("plugin: exec,", "plugin: exec, timeout: 100ms, grace: 100ms,")))
    run = daemon.run("*")
    assert daemon.wait(run)["status"] == "failed"
    assert {key: len(step["attempts"]) for key, step in daemon.steps(run).items()} == {"exits": 1, "hangs": 3}


def test_the_command_line_sets_both(start):
    daemon = start(project(shell("a", waits_for("never"))))
    answer = daemon.ctl("materialize", "a", "--timeout", "500ms", "--queue-timeout", "1h", "--wait")
    assert answer.returncode == 1, answer.stdout + answer.stderr
    found = daemon.get("/runs/1")
    assert (found["reason"], found["queue_timeout_ms"]) == ("timeout", 3_600_000)
    assert daemon.ctl("materialize", "a", "--timeout", "soon").returncode == 2
    wait_until(lambda: daemon.get("/project")["counts"]["running_runs"] == 0, "nothing left")
