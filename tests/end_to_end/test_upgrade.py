"""Supervisors of another version, in the middle of a run: nothing is lost and nothing runs twice."""

import collections
import socket
import subprocess

from daemon import BIN
from process_table import Household, kill9
from projects import project, shell, waits_for
from waiting import wait_until

WITNESS = 'echo "$ASSETD_STEP $ASSETD_ATTEMPT_ID" >> witness; '


def witnessed(daemon):
    path = daemon.project / "witness"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def supervisor_of_another_version(daemon):
    """As if the one that runs had been built before the daemon was upgraded. Takes over what runs."""
    for pid in Household(daemon.data).supervisors:
        kill9(pid)
    wait_until(lambda: not Household(daemon.data).supervisors, "the supervisor gone")
    command = [str(BIN / "assetd-supervisor"), "--socket", str(daemon.data / "supervisor.sock"), "--claims", str(daemon.data / "claims"), "--protocol", "99"]
    process = subprocess.Popen(command, cwd="/", start_new_session=True, stdin=subprocess.DEVNULL)
    wait_until(lambda: answers(daemon.data / "supervisor.sock"), "it listens")
    return process


def answers(path):
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def test_an_upgrade_in_mid_run_loses_nothing_and_runs_nothing_twice(start):
    daemon = start(project(shell("ends", WITNESS + waits_for("go0") + "; exit 0"), shell("stays", WITNESS + waits_for("go")),
                           shell("canceled", WITNESS + waits_for("never")), shell("after", WITNESS + "true", ["ends"]), shell("last", WITNESS + "true", ["stays", "after"])))
    run, other = daemon.run("ends+ or stays+"), daemon.run("canceled")
    for key in ("ends", "stays"):
        daemon.wait_step(run, key, "running")
    daemon.wait_step(other, "canceled", "running")
    wait_until(lambda: len(witnessed(daemon)) == 3, "all three have begun")
    daemon.stop()
    elder = supervisor_of_another_version(daemon)
    daemon.start()
    try:
        (daemon.project / "go0").touch()
        assert daemon.wait_step(run, "after", "succeeded"), "new steps go to a second supervisor"
        assert elder.poll() is None, "it still has two steps"
        assert (daemon.data / "supervisor.sock.2").exists()
        daemon.post(f"/runs/{other}/cancel")
        assert daemon.wait(other)["status"] == "canceled"
        daemon.kill9()
        daemon.start()
        (daemon.project / "go").touch()
        assert daemon.wait(run)["status"] == "succeeded"
        assert elder.wait(60) == 0, "it ends when nothing of it runs"
    finally:
        if elder.poll() is None:
            elder.kill()
            elder.wait()
    counts = collections.Counter(step for step, attempt in witnessed(daemon))
    assert counts == {"ends": 1, "stays": 1, "canceled": 1, "after": 1, "last": 1}
    assert all(len(step["attempts"]) == 1 for step in daemon.steps(run).values())
    wait_until(lambda: not [claim for claim in (daemon.data / "claims").iterdir() if not claim.name.startswith(".")], "every end acknowledged")


def test_what_a_supervisor_of_another_version_had_is_taken_over_when_it_is_killed(start):
    daemon = start(project(shell("stays", WITNESS + waits_for("go")), shell("last", WITNESS + "true", ["stays"]), shell("new", WITNESS + "true")))
    run = daemon.run("stays+")
    daemon.wait_step(run, "stays", "running")
    daemon.stop()
    elder = supervisor_of_another_version(daemon)
    daemon.start()
    assert daemon.wait(daemon.run("new"))["status"] == "succeeded"
    elder.kill()
    elder.wait()
    (daemon.project / "go").touch()
    assert daemon.wait(run)["status"] == "succeeded"
    assert collections.Counter(step for step, attempt in witnessed(daemon)) == {"stays": 1, "last": 1, "new": 1}
