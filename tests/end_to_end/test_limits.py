"""How many runs are under way, how many processes of one run live, and who comes first."""

from projects import project, shell, waits_for
from waiting import wait_until


def limited(limits, *assets, head=""):
    return project(*assets, head=f"limits: {limits}\n{head}")


def status(daemon, run):
    return daemon.get(f"/runs/{run}")["status"]


def test_runs_beyond_the_limit_wait_by_priority_then_age_and_name_who_holds_it(start):
    daemon = start(limited("{runs: 1}", shell("a", waits_for("go"))))
    first, second, third = daemon.run("a"), daemon.run("a"), daemon.run("a", priority=5)
    daemon.wait_step(first, "a", "running")
    assert [status(daemon, run) for run in (first, second, third)] == ["running", "queued", "queued"]
    queue = daemon.get("/queue")
    assert [run["run_id"] for run in queue["runs"]] == [third, second]
    assert queue["limits"] == [{"name": "runs", "limit": 1, "used": 1}]
    found = daemon.get(f"/runs/{third}")
    assert (found["reason"], found["detail"]) == ("limit", "limit runs: 1 of 1 under way")
    blocker = found["blocked_by"][0]
    assert (blocker["kind"], blocker["what"]) == ("limit", "limit runs")
    assert blocker["detail"].startswith(f"1 of 1 held by run {first}, for ")
    assert daemon.steps(second)["a"]["blocked_by"][0]["kind"] == "limit"
    shown = daemon.ctl("queue").stdout
    assert f"1 of 1 held by run {first}, for" in shown and "1 ahead in line" in shown, shown

    assert daemon.ctl("runs", "priority", second, "9").returncode == 0
    daemon.kill9()
    daemon.start()
    assert [run["run_id"] for run in daemon.get("/queue")["runs"]] == [second, third], "also after a restart"
    change = next(entry for entry in daemon.get("/audit")["items"] if entry["action"] == "run.priority")
    assert (change["subject"], change["detail"]) == (f"run {second}", {"from": 0, "to": 9})
    (daemon.project / "go").touch()
    ended = [daemon.wait(run) for run in (first, second, third)]
    assert [run["status"] for run in ended] == ["succeeded"] * 3
    assert ended[0]["ended_at"] <= ended[1]["started_at"] and ended[1]["ended_at"] <= ended[2]["started_at"]
    assert daemon.request("POST", f"/runs/{first}/priority", {"priority": 1}).status == 409
    assert daemon.request("POST", "/runs/999/priority", {"priority": 1}).status == 404
    assert daemon.request("POST", f"/runs/{first}/priority", {"priority": "high"}).status == 422


def test_a_limit_by_tag_counts_runs_of_requests_jobs_and_retries(start):
    head = """timezone: UTC
jobs: [{name: grow, select: a, tags: {team: growth}, priority: 3, max_steps: 2}]
schedules: [{name: yearly, job: grow, cron: "0 0 1 1 *", tags: [nightly]}]
"""
    daemon = start(limited('{tags: {"team=growth": 1, backfill: 1}}', shell("a", waits_for("go")), shell("quick", "[ -e go ]"), head=head))
    failed = daemon.run("quick", tags={"backfill": "may"})
    assert daemon.wait(failed)["status"] == "failed"
    growth = daemon.post("/schedules/yearly/trigger")["id"]
    found = daemon.get(f"/runs/{growth}")
    assert (found["tags"], found["priority"], found["max_steps"]) == ({"team": "growth", "nightly": ""}, 3, 2)
    other = daemon.run("a", tags={"team": "sales"})
    also = daemon.run("quick", tags={"team": "growth"})
    assert [status(daemon, run) for run in (growth, other, also)] == ["running", "running", "queued"]
    assert daemon.get(f"/runs/{also}")["blocked_by"][0]["what"] == "limit tag team=growth"
    backfill = daemon.run("a", tags={"backfill": "june"})
    retried = daemon.retry(failed)
    assert [status(daemon, run) for run in (backfill, retried)] == ["running", "queued"], "a retry keeps its tags"
    (daemon.project / "go").touch()
    assert [daemon.wait(run)["status"] for run in (growth, other, also, backfill, retried)] == ["succeeded"] * 5


def test_a_reload_brings_other_limits_and_lets_in_who_waits(start):
    daemon = start(limited("{runs: 1}", shell("a", waits_for("go"))))
    runs = [daemon.run("a") for _ in range(3)]
    file = daemon.project / "assetd.yaml"
    file.write_text(file.read_text().replace("runs: 1", "runs: 2"))
    daemon.post("/definitions/reload")
    assert [status(daemon, run) for run in runs] == ["running", "running", "queued"]
    (daemon.project / "go").touch()
    assert [daemon.wait(run)["status"] for run in runs] == ["succeeded"] * 3


def test_the_time_in_line_is_bounded(start):
    daemon = start(limited("{runs: 1}", shell("a", waits_for("go"))))
    first = daemon.run("a")
    found = daemon.wait(daemon.run("a", queue_timeout_ms=300))
    assert (found["status"], found["reason"]) == ("failed", "queue_timeout")
    assert f"for limit runs: 1 of 1 held by run {first}" in found["detail"]
    (daemon.project / "go").touch()
    assert daemon.wait(first)["status"] == "succeeded"


def test_max_steps_bounds_what_lives_of_one_run(start):
    script = 'mkdir -p inside; mkdir inside/$$; n=$(ls inside | wc -l); while [ ! -e go ]; do sleep 0.02; done; rmdir inside/$$; [ $n -le 2 ]'
    daemon = start(project(*[shell(f"a{i}", script) for i in range(4)], shell("other", "true")))
    answer = daemon.ctl("materialize", "a*", "--max-steps", "2")
    assert answer.returncode == 0, answer.stderr
    wait_until(lambda: list(daemon.statuses("1").values()).count("running") == 2, "two of them running")
    steps = daemon.steps("1")
    blocker = steps["a2"]["blocked_by"][0]
    assert (steps["a2"]["status"], blocker["kind"], blocker["what"]) == ("ready", "limit", "max_steps")
    assert blocker["detail"].startswith("2 of 2 processes of this run are live: step a0, for "), blocker
    assert daemon.wait(daemon.run("other"))["status"] == "succeeded", "another run goes past it"
    daemon.kill9()
    daemon.start()
    assert list(daemon.statuses("1").values()).count("ready") == 2
    (daemon.project / "go").touch()
    assert daemon.wait("1")["status"] == "succeeded"


def test_what_is_wrong_is_told_with_its_place(make_daemon):
    daemon = make_daemon(limited('{runs: 0, tags: {"=x": 1, team: many}, steps: 2}', shell("a", "true"), head="jobs: [{name: j, select: a, max_steps: 0, priority: high}]\n"))
    answer = daemon.ctl("validate", "--project", str(daemon.project))
    assert answer.returncode == 2
    for word in ('"runs" of limits: must be a whole number from 1', '"=x" is no tag', '"team" of tags: must be', '"steps"', '"max_steps" of a job', '"priority" of a job'):
        assert word in answer.stdout + answer.stderr, word
    assert ":3:" in answer.stdout + answer.stderr
