"""SIGTERM with --drain: what waits says so, nothing starts, and a second signal ends it at once."""

import signal

from projects import project, shell, waits_for
from waiting import wait_until


def draining(start):
    daemon = start(project(shell("a", waits_for("go")), shell("b", "true", ["a"]), shell("c", "true"), head="limits: {runs: 1}\n"), extra=["--drain"])
    run = daemon.run("*", max_steps=1)
    daemon.wait_step(run, "a", "running")
    in_line = daemon.run("c")
    daemon.process.send_signal(signal.SIGTERM)
    wait_until(lambda: daemon.request("GET", "/readyz").status == 503, "not ready")
    return daemon, run, in_line


def test_what_waits_says_that_the_daemon_is_drained(start):
    daemon, run, in_line = draining(start)
    (why,) = daemon.request("GET", "/readyz").json["why"]
    assert why["code"] == "draining" and "the next daemon goes on" in why["detail"]
    assert daemon.get("/project")["draining"] == why["detail"]
    for waiting, key in ((run, "c"), (in_line, "c")):
        (blocker,) = daemon.steps(waiting)[key]["blocked_by"]
        assert (blocker["kind"], blocker["detail"]) == ("draining", why["detail"])
    assert daemon.get(f"/runs/{in_line}")["blocked_by"][0]["kind"] == "draining"
    assert "draining" in daemon.ctl("queue").stdout
    for refused in (daemon.request("POST", "/runs", {"select": "c"}), daemon.request("POST", "/runs/1/retry", {})):
        assert refused.status in (409, 503), refused.text
    (daemon.project / "go").touch()
    assert daemon.process.wait(60) == 0

    daemon.extra = []
    daemon.start()
    assert daemon.wait(run)["status"] == "succeeded", "the next daemon goes on"
    assert daemon.wait(in_line)["status"] == "succeeded"
    assert len(daemon.steps(run)["a"]["attempts"]) == 1


def test_a_second_signal_ends_it_and_leaves_the_steps(start):
    daemon, run, _ = draining(start)
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(60) == 0
    assert "the steps that run are left to the supervisor" in daemon.log()
    (daemon.project / "go").touch()
    daemon.extra = []
    daemon.start()
    assert daemon.wait(run)["status"] == "succeeded"
    assert len(daemon.steps(run)["a"]["attempts"]) == 1


def test_stop_steps_cancels_what_runs_and_what_waits(start):
    daemon = start(project(shell("a", waits_for("never")), head="limits: {runs: 1}\n"), extra=["--stop-steps"])
    runs = [daemon.run("a"), daemon.run("a")]
    daemon.wait_step(runs[0], "a", "running")
    assert daemon.stop() == 0
    daemon.start()
    assert [daemon.get(f"/runs/{run}")["status"] for run in runs] == ["canceled"] * 2
