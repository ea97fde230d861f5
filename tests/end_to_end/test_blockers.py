"""Whatever waits says for what, who holds it and since when: in /queue, on the run, and in a terminal. Disk and a latched store: tests/daemon/service."""

import re

from projects import project, shell, waits_for
from waiting import wait_until

FOR = r", for (\d+ ms|\d+ s|\d+ min)"


def queued(daemon, run, key):
    """The entry of /queue; the run page and the terminal must say the same."""
    entry = wait_until(lambda: next((item for item in daemon.items("/queue") if (item["run_id"], item["key"]) == (run, key)), None), f"{key} of run {run} in the queue")
    on_page = daemon.steps(run)[key]["blocked_by"]
    assert [(each["kind"], each["what"], each["since"]) for each in entry["blocked_by"]] == [(each["kind"], each["what"], each["since"]) for each in on_page]
    assert entry["since"] and all(each["since"] for each in on_page)
    shown = " ".join(daemon.ctl("queue").stdout.split())
    assert on_page[0]["what"] in shown, shown
    return entry["blocked_by"]


def test_a_pool_names_its_holders_and_counts_the_rest(start):
    many = [shell(f"h{i}", waits_for("go"), more="pools: {p: 1}") for i in range(7)]
    daemon = start(project(*many, shell("late", "true", more="pools: {p: 1}")).replace("slots: 4}", "slots: 4}, p: 7"))
    run = daemon.run("h*")
    wait_until(lambda: set(daemon.statuses(run).values()) == {"running"}, "all seven running")
    late = daemon.run("late")
    (blocker,) = queued(daemon, late, "late")
    assert re.fullmatch(rf"7 of 7 slots held by (run {run}, step h\d{FOR}; ){{4}}run {run}, step h\d{FOR}; and 2 more", blocker["detail"]), blocker
    (daemon.project / "go").touch()
    assert daemon.wait(late)["status"] == "succeeded"


def test_a_resource(start):
    head = "resources: {db: {kind: duckdb}}\n"
    daemon = start(project(shell("writer", waits_for("go"), more="uses: {db: write}"), shell("reader", "true", more="uses: {db: read}"), head=head))
    first = daemon.run("writer")
    daemon.wait_step(first, "writer", "running")
    second = daemon.run("reader")
    (blocker,) = queued(daemon, second, "reader")
    assert (blocker["kind"], blocker["what"]) == ("resource", "resource db")
    assert re.fullmatch(rf"held by run {first}, step writer{FOR}", blocker["detail"]), blocker
    (daemon.project / "go").touch()
    assert daemon.wait(second)["status"] == "succeeded"


def test_partitions_are_told_apart(start):
    divided = shell("a", "true", more="partitions: {static: [east, west]}\npools: {p: 1}")
    daemon = start(project(divided).replace("slots: 4}", "slots: 4}, p: 1"))
    daemon.post("/pools/p", {"slots": 0})
    daemon.run("a", partitions=["east", "west"])
    wait_until(lambda: len(daemon.items("/queue")) == 2, "both in the queue")
    queue = daemon.ctl("queue").stdout
    assert "a [east]" in queue and "a [west]" in queue, queue


def test_a_retrys_delay(start):
    daemon = start(project(shell("a", "false", more="retries: {max: 1, delay: 1h}")))
    run = daemon.run("a")
    (blocker,) = queued(daemon, run, "a")
    assert blocker["kind"] == "retry_delay"
    assert re.match(r"next attempt at \d{4}-", blocker["detail"])


def test_what_is_upstream(start):
    daemon = start(project(shell("a", waits_for("go")), shell("b", "true", ["a"])))
    run = daemon.run("*")
    daemon.wait_step(run, "a", "running")
    (blocker,) = daemon.steps(run)["b"]["blocked_by"]
    assert (blocker["kind"], blocker["what"], blocker["detail"]) == ("upstream", "a", "waits for a (running)")
    assert all(item["key"] != "b" for item in daemon.items("/queue")), "it is ready when its parents are done, not before"


def test_an_earlier_run_of_the_schedule(start):
    head = "schedules: [{name: often, select: a, cron: \"* * * * * *\", timezone: UTC, overlap: queue}]\n"
    daemon = start(project(shell("a", waits_for("go")), head=head))
    second = wait_until(lambda: next((run["run_id"] for run in daemon.get("/queue")["runs"]), None), "a run in line")
    daemon.post("/schedules/often/pause")
    first = daemon.items("/runs")[-1]["id"]
    (blocker,) = queued(daemon, second, "a")
    assert (blocker["kind"], blocker["what"]) == ("overlap", f"run {first}")
    assert re.fullmatch(rf"earlier in schedule often and not over{FOR}", blocker["detail"]), blocker
    for page in (daemon.get(f"/runs/{second}"), daemon.get("/queue")["runs"][0]):
        assert [(each["kind"], each["what"]) for each in page["blocked_by"]] == [("overlap", f"run {first}")]
    (daemon.project / "go").touch()
    assert daemon.wait(second)["status"] == "succeeded"


def test_a_limit_of_runs_and_one_of_steps(start):
    daemon = start(project(shell("a", waits_for("go")), shell("b", "true"), head="limits: {runs: 1}\n"))
    first = daemon.run("*", max_steps=1)
    daemon.wait_step(first, "a", "running")
    (blocker,) = queued(daemon, first, "b")
    assert (blocker["kind"], blocker["what"]) == ("limit", "max_steps")
    second = daemon.run("b")
    (blocker,) = queued(daemon, second, "b")
    assert re.fullmatch(rf"1 of 1 held by run {first}{FOR}", blocker["detail"]), blocker
    (daemon.project / "go").touch()
    assert daemon.wait(second)["status"] == "succeeded"
