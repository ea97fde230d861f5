"""Claims that somebody removed, supervisors that hang, folders that are gone: nothing runs twice, and it is said what is the matter."""

import os
import shutil
import signal

import pytest

from process_table import Household, kill9, of_attempts
from projects import project, shell, waits_for
from waiting import wait_until

WITNESS = 'echo "$ASSETD_ATTEMPT_ID" >> witness; '


def witnessed(daemon):
    path = daemon.project / "witness"
    return path.read_text().split() if path.exists() else []


def supervisor_of(daemon):
    (pid,) = Household(daemon.data).supervisors
    return pid


@pytest.mark.parametrize("daemon_too", [False, True])
def test_with_its_claims_gone_what_is_left_of_an_attempt_is_killed_before_the_next_begins(start, daemon_too):
    # A child beside it that has left session, parent and environment.
    script = WITNESS + "(setsid env -i /bin/sh -c 'while [ ! -e go ]; do sleep 0.05; done' &) ; " + waits_for("go")
    daemon = start(project(shell("a", script, more="retries: {max: 1, delay: 100ms}")))
    run = daemon.run("a")
    daemon.wait_step(run, "a", "running")
    (first,) = wait_until(lambda: witnessed(daemon), "the first attempt at work")
    shutil.rmtree(daemon.data / "claims")
    if daemon_too:
        daemon.kill9()
    kill9(supervisor_of(daemon))
    if daemon_too:
        daemon.start()
    wait_until(lambda: len(witnessed(daemon)) == 2, "the second attempt at work")
    assert not of_attempts([first]), "two attempts of one step at once"
    (daemon.project / "go").touch()
    assert daemon.wait(run)["status"] == "succeeded"
    attempts = daemon.steps(run)["a"]["attempts"]
    assert [(attempt["status"], attempt["reason"]) for attempt in attempts] == [("failed", "lost"), ("succeeded", None)]
    assert "what was left of the step was killed" in attempts[0]["detail"], attempts[0]


def test_a_supervisor_that_hangs_is_said_so_and_goes_on(start):
    daemon = start(project(shell("a", waits_for("go")), shell("b", "true")))
    run = daemon.run("a")
    daemon.wait_step(run, "a", "running")
    pid = supervisor_of(daemon)
    os.kill(pid, signal.SIGSTOP)
    try:
        other = daemon.run("b")
        unready = wait_until(lambda: (answer := daemon.request("GET", "/readyz")).status == 503 and answer.text, "it is not ready", 30)
        assert "has not answered for" in unready and f"process {pid}" in unready, unready
        daemon.post(f"/runs/{run}/cancel")
        for each, key in ((other, "b"), (run, "a")):
            (why,) = daemon.steps(each)[key]["blocked_by"]
            assert why["kind"] == "supervisor" and "answer" in why["detail"], why
        assert "has not answered for" in daemon.log()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert daemon.wait(other)["status"] == "succeeded"
    assert daemon.wait(run)["status"] == "canceled"
    wait_until(lambda: daemon.request("GET", "/readyz").status == 200, "it is ready again", 30)


def test_a_cancel_within_a_long_grace_says_what_comes_when(start):
    daemon = start(project(shell("a", f"trap '' TERM; echo > deaf; {waits_for('go')}")).replace("plugin: exec,", "plugin: exec, grace: 10m,"))
    run = daemon.run("a")
    wait_until((daemon.project / "deaf").exists, "the step ignores SIGTERM")
    daemon.wait_step(run, "a", "running")
    assert daemon.steps(run)["a"]["blocked_by"] == []
    daemon.post(f"/runs/{run}/cancel")
    (why,) = daemon.steps(run)["a"]["blocked_by"]
    assert (why["kind"], why["what"]) == ("stop", "its end")
    assert "canceled" in why["detail"] and "SIGTERM" in why["detail"] and "10 min after that is killed" in why["detail"], why
    (daemon.project / "go").touch()
    daemon.wait(run)
