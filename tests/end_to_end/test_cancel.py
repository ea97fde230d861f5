"""Cancel kills what runs, however it resists; pools bound what runs at once."""

from daemon import processes_with
from projects import project, shell, waits_for
from waiting import wait_until

# Ignores SIGTERM, leaves the session, clears its environment, and forks.
HOSTILE = """
trap '' TERM
setsid env -i /bin/sh -c 'trap "" TERM; echo $$ > hostile.pid; while :; do sleep 600 & wait $!; done' &
(trap '' TERM; echo started; exec sleep 700)
"""


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def hostile_asset():
    return shell("hostile", HOSTILE).replace("plugin: exec,", "plugin: exec, grace: 200ms,")


def test_cancel_kills_children_that_resist_and_left_the_session(start):
    daemon = start(project(hostile_asset(), shell("below", "true", ["hostile"])))
    run = daemon.run("*")
    pid_file = daemon.project / "hostile.pid"
    pid = wait_until(lambda: pid_file.exists() and pid_file.read_text().strip(), "the hostile child running")
    assert alive(pid)
    answer = daemon.request("POST", f"/runs/{run}/cancel", {})
    assert answer.status == 202
    assert daemon.wait(run)["status"] == "canceled"
    assert daemon.statuses(run) == {"hostile": "canceled", "below": "canceled"}
    assert not alive(pid), "a child outlived the cancel"
    attempt = daemon.steps(run)["hostile"]["attempts"][0]["id"]
    assert not processes_with(f"ASSETD_ATTEMPT_ID={attempt}")


def test_a_program_that_tidies_up_and_exits_well_is_canceled_all_the_same(start):
    """One that had ended before it was told to keeps what it made, also while a child that it left behind goes on."""
    tidy = shell("tidy", "trap 'exit 0' TERM; touch ready; sleep 600 & wait")
    ended = shell("ended", "setsid sleep 600 & echo $$ > left; exit 0")
    daemon = start(project(tidy, ended))
    run = daemon.run("*")
    left = daemon.project / "left"
    pid = wait_until(lambda: (daemon.project / "ready").exists() and left.exists() and left.read_text().strip(), "both under way")
    wait_until(lambda: not alive(pid), "its program has ended")
    assert daemon.request("POST", f"/runs/{run}/cancel", {}).status == 202
    assert daemon.wait(run)["status"] == "canceled"
    assert daemon.statuses(run) == {"tidy": "canceled", "ended": "succeeded"}
    assert daemon.get("/assets/tidy")["status"] != "materialized"


def test_cancel_twice_is_the_same_as_once_and_an_ended_run_stays_what_it_is(start):
    daemon = start(project(shell("a", waits_for("go"))))
    run = daemon.run("a")
    daemon.wait_step(run, "a", "running")
    for _ in range(2):
        assert daemon.request("POST", f"/runs/{run}/cancel", {}).status == 202
    assert daemon.wait(run)["status"] == "canceled"
    again = daemon.request("POST", f"/runs/{run}/cancel", {})
    assert again.status == 202
    assert daemon.get(f"/runs/{run}")["status"] == "canceled"


def test_a_pool_bounds_what_runs_at_once_and_says_who_waits_for_whom(start):
    script = f"echo x >> started; {waits_for('go')}"
    assets = [shell(f"a{i}", script, more="pools: {narrow: 1}") for i in range(4)]
    daemon = start(project(*assets, head="").replace("pools: {default: {slots: 4}}", "pools: {narrow: {slots: 2}}"))
    run = daemon.run("*")
    started = daemon.project / "started"
    wait_until(lambda: started.exists() and len(started.read_text().splitlines()) == 2, "two steps running")
    pool = next(pool for pool in daemon.get("/pools")["items"] if pool["name"] == "narrow")
    assert (pool["slots"], pool["used"], pool["waiting"]) == (2, 2, 2)
    queue = [entry for entry in daemon.get("/queue")["items"] if entry["run_id"] == run]
    assert len(queue) == 2
    assert all(entry["blocked_by"][0]["kind"] == "pool" and "narrow" in entry["blocked_by"][0]["what"] for entry in queue)
    assert len(started.read_text().splitlines()) == 2
    (daemon.project / "go").touch()
    assert daemon.wait(run)["status"] == "succeeded"
    assert next(pool for pool in daemon.get("/pools")["items"] if pool["name"] == "narrow")["used"] == 0


def test_a_resource_lets_one_writer_in_or_many_readers(start):
    # Each step notes when it begins and ends; a writer must never overlap anything.
    script = "echo + >> trace; sleep 0.05; echo - >> trace"
    assets = [shell(f"w{i}", script, more="uses: {file: write}") for i in range(3)]
    daemon = start(project(*assets, head="resources: {file: {kind: duckdb, path: x.duckdb}}\n"))
    run = daemon.run("*")
    assert daemon.wait(run)["status"] == "succeeded"
    lines = (daemon.project / "trace").read_text().split()
    assert all(lines[i][0] == "+-"[i % 2] for i in range(6)), lines
