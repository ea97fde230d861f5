"""Limits of steps, and what a step that runs into one is said to have died of. Real processes that allocate and compute."""

import json
import os
import pathlib
import sys

import pytest
from projects import project


def python(key, program, limits, more=""):
    """An asset whose step is a Python program with limits."""
    run = f"{{command: [{sys.executable}, -c, {json.dumps(program)}], limits: {limits}}}"
    return f"  - key: {key}\n    run: {run}\n" + "".join(f"    {line}\n" for line in more.splitlines())


# Takes a MiB at a time, all of it used, and counts its attempts in a file.
GREEDY = """
with open("attempts", "a") as file: file.write("x")
kept = []
for _ in range({mebibytes}): kept.append(b"x" * (1 << 20))
"""


def test_a_step_that_is_refused_memory_is_out_of_memory_and_tried_again_for_that(start):
    again = "retries: {max: 1, delay: 10ms, retry_on: [out_of_memory]}"
    daemon = start(project(python("greedy", GREEDY.format(mebibytes=300), "{memory: 128MiB}", again)))
    run = daemon.run("greedy")
    assert daemon.wait(run)["status"] == "failed"
    step = daemon.steps(run)["greedy"]
    assert step["reason"] == "out_of_memory"
    assert (daemon.project / "attempts").read_text() == "xx", "one retry, for that reason"
    for attempt in step["attempts"]:
        assert (attempt["reason"], attempt["exit_code"]) == ("out_of_memory", 1)
        assert "of the 128 MiB" in attempt["detail"]
        assert attempt["limits"] == {"memory_bytes": 128 << 20}
        assert 100 << 10 <= attempt["usage"]["max_rss_kb"] <= 160 << 10, "its program is counted too"
    assert "MemoryError" in daemon.step_log(run, "greedy", "stderr")


def test_limits_that_the_machine_does_not_make_hold_say_so(start):
    daemon = start(project(python("many", "pass", "{processes: 3, cpu: 0.5, memory: 128MiB}"), python("none", "pass", "{open_files: 99}")))
    run = daemon.run("*")
    daemon.wait(run)
    steps = daemon.steps(run)
    said = steps["many"]["attempts"][0]["limits_not_in_force"]
    assert said["names"] == ["cpu", "processes"] and "no control groups" in said["why"]
    assert steps["none"]["attempts"][0]["limits_not_in_force"] is None
    [warning] = daemon.get("/definitions")["warnings"]
    assert "not in force on this machine: cpu, processes of many" in warning["message"]
    assert "not in force on this machine" in daemon.ctl("doctor", "--project", str(daemon.project)).stdout


def test_a_failure_far_from_the_limit_keeps_its_own_reason_and_is_not_tried_again(start):
    again = "retries: {max: 3, delay: 10ms, retry_on: [out_of_memory]}"
    daemon = start(project(python("modest", GREEDY.format(mebibytes=1) + "raise SystemExit(3)", "{memory: 128MiB}", again)))
    run = daemon.run("modest")
    assert daemon.wait(run)["status"] == "failed"
    assert daemon.steps(run)["modest"]["reason"] == "exit_code"
    assert (daemon.project / "attempts").read_text() == "x"


def test_within_its_limits_a_step_succeeds(start):
    daemon = start(project(python("fits", GREEDY.format(mebibytes=60) + "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE))",
                                  "{memory: 256MiB, cpu_time: 60s, open_files: 77}")))
    run = daemon.run("fits")
    assert daemon.wait(run)["status"] == "succeeded"
    assert "(77, 77)" in daemon.step_log(run, "fits", "stdout")


def test_processor_time_that_is_used_up_is_said_so(start):
    daemon = start(project(python("busy", "while True: pass", "{cpu_time: 1s}")))
    run = daemon.run("busy")
    assert daemon.wait(run)["status"] == "failed"
    step = daemon.steps(run)["busy"]
    assert step["reason"] == "cpu_time"
    assert "1 s of processor time" in step["detail"]


def memory_group():
    """A control group of version 1 to run out of memory in: what the kernel writes in its log is the same as when the machine does."""
    folder = pathlib.Path("/sys/fs/cgroup/memory") / f"assetd-test-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / "memory.limit_in_bytes").write_text(str(64 << 20))
        log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.close(log)
    except OSError as why:
        if folder.exists():
            folder.rmdir()
        pytest.skip(f"no memory can run out here: {why}")
    return folder


def test_what_the_kernel_kills_for_want_of_memory_is_told_from_other_kills(start):
    folder = memory_group()
    try:
        enter = f"open('{folder}/cgroup.procs', 'w').write('0')\n"
        daemon = start(project(python("victim", enter + GREEDY.format(mebibytes=300), "{}"), python("shot", "import os; os.kill(os.getpid(), 9)", "{}")))
        run = daemon.run("*")
        assert daemon.wait(run)["status"] == "failed"
        steps = daemon.steps(run)
        assert steps["victim"]["reason"] == "out_of_memory", steps["victim"]
        assert "the kernel's log says that it killed process" in steps["victim"]["detail"]
        assert steps["shot"]["reason"] == "signal"
    finally:
        folder.rmdir()
