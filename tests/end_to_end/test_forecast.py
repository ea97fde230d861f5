"""What a forecast says is what then happens; what would be too old is said before it is; what-if changes nothing but the answer."""

import datetime

from projects import project, shell
from waiting import wait_until


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def seconds_between(one, other):
    return (moment(other) - moment(one)).total_seconds()


def history(daemon, select="*", times=2):
    for _ in range(times):
        assert daemon.wait(daemon.run(select))["status"] == "succeeded"


def steps_of(run):
    return {step["key"]: step for step in run["steps"]}


EVERY_MINUTE = "schedules:\n  - {name: often, select: 'a+', cron: '* * * * *', timezone: UTC, overlap: allow}\n"


def test_a_run_ends_when_the_forecast_said(start):
    daemon = start(project(shell("a", "sleep 1"), shell("b", "sleep 0.5", ["a"]), shell("c", "sleep 0.2", ["a"])))
    history(daemon)
    run = daemon.run("*")
    daemon.wait_step(run, "a", "running")
    answer = daemon.get("/forecast?horizon=10m")
    assert not answer["truncated"] and answer["durations"]["history"] == 3
    foreseen, = answer["runs"]
    assert foreseen["run_id"] == run and foreseen["critical_path"] == ["a", "b"]
    told = daemon.wait(run)
    assert abs(seconds_between(foreseen["ended_at"], told["ended_at"])) < 2
    happened = daemon.steps(run)
    for key, step in steps_of(foreseen).items():
        assert step["status"] == "succeeded" and step["critical"] == (key in "ab")
        assert abs(seconds_between(step["ended_at"], happened[key]["ended_at"])) < 2, key


def test_ticks_to_come_are_runs_and_pools_make_them_wait(start):
    slow = "pools: {one: 1}"
    daemon = start(project(shell("a", "sleep 0.3"), shell("b", "sleep 0.3", ["a"], slow), shell("c", "sleep 0.3", ["a"], slow),
                           head="pools: {default: {slots: 4}, one: {slots: 1}}\n" + EVERY_MINUTE).replace("pools: {default: {slots: 4}}\n", "", 1))
    history(daemon)
    answer = daemon.get("/forecast?horizon=10m")
    runs = answer["runs"]
    assert len(runs) in (9, 10, 11) and {run["trigger"]["name"] for run in runs} == {"often"}
    waited = [step for run in runs for step in run["steps"] if step["waited_ms"] > 0]
    assert {step["key"] for step in waited} <= {"b", "c"} and all(step["waited_for"] == [{"kind": "pool", "what": "one"}] for step in waited)
    assert len(waited) >= 9
    pools = {pool["name"]: pool for pool in answer["pools"]}
    assert pools["one"]["steps_waited"] == len(waited) and 0 < pools["one"]["used"] < 1 and len(pools["one"]["slices"]) == 48
    wider = daemon.get("/forecast?horizon=10m&pool.one=%2B1")
    assert all(step["waited_ms"] == 0 for run in wider["runs"] for step in run["steps"])
    assert {pool["name"]: (pool["slots"], pool["slots_in_force"]) for pool in wider["pools"]}["one"] == (2, 1)
    assert {pool["name"]: pool["slots"] for pool in daemon.get("/pools")["items"]}["one"] == 1
    ahead = runs[0]["trigger"]["instant"]
    tick = wait_until(lambda: [t for t in daemon.get("/schedules/often/ticks")["items"] if t["instant"] == ahead], "the first tick that was foreseen")[0]
    assert tick["outcome"] == "requested"


def test_a_quicker_asset_ends_its_run_sooner(start):
    daemon = start(project(shell("a", "sleep 2"), head=EVERY_MINUTE))
    history(daemon, times=1)
    as_it_is, quicker = (daemon.get(f"/forecast?horizon=2m{what_if}")["runs"][0] for what_if in ("", "&speed.a=4"))
    as_it_is, quicker = (seconds_between(run["started_at"], run["ended_at"]) for run in (as_it_is, quicker))
    assert as_it_is > 1.9 and abs(as_it_is / quicker - 4) < 0.1


def test_automation_is_foreseen(start):
    daemon = start(project(shell("a", "true"), shell("b", "true", ["a"], "automation: eager"), shell("free", "true"), head=EVERY_MINUTE.replace("'a+'", "a")))
    history(daemon)
    runs = daemon.get("/forecast?horizon=5m")["runs"]
    kinds = [run["trigger"]["kind"] for run in runs]
    assert kinds.count("schedule") >= 4 and kinds.count("automation") == kinds.count("schedule"), "each time a is made, b follows"
    assert all([step["key"] for step in run["steps"]] == ["b"] for run in runs if run["trigger"]["kind"] == "automation")
    daemon.post("/automation/pause", {"reason": "night"})
    paused = daemon.get("/forecast?horizon=5m")
    assert paused["runs"] == [] and any("stay paused: night" in each for each in paused["assumptions"])


def test_data_that_will_be_too_old_is_said_before_it_is(start):
    daemon = start(project(shell("kept", "true", more="freshness: {within: 3m}"), shell("lost", "true", more="freshness: {within: 4m}"), shell("daily", "true", more="freshness: {deadline: '0 0 * * *'}"),
                           head="schedules:\n  - {name: often, select: kept, cron: '* * * * *', timezone: UTC}\n"))
    history(daemon, times=1)
    assert {asset["freshness"]["status"] for asset in daemon.items("/assets")} == {"fresh"}
    violations = daemon.get("/forecast?horizon=3d")["violations"]
    assert [(each["key"], each["kind"]) for each in violations] == [("lost", "freshness"), ("daily", "deadline")]
    lost = violations[0]
    assert seconds_between(lost["data_at"], lost["at"]) == 240 and lost["mended_at"] is None and not lost["already"]


def test_data_too_old_that_is_not_listed_is_counted(start):
    daemon = start(project(*(shell(f"a{number}", "true", more="freshness: {within: 1m}") for number in range(503))))
    for number in range(503):
        daemon.post(f"/assets/a{number}/materializations", {"reason": "by hand"})
    answer = daemon.get("/forecast?horizon=10m")
    assert len(answer["violations"]) == 500 and answer["violations_total"] == 503
    assert daemon.get("/forecast?horizon=10m&select=a1")["violations_total"] == 1
    assert "and 3 more: a selection shows others\n" in daemon.ctl("forecast", "--horizon", "10m").stdout


def test_a_selection_shows_only_what_is_about_it(start):
    daemon = start(project(shell("a", "true"), shell("b", "true", ["a"]), head=EVERY_MINUTE))
    answer = daemon.get("/forecast?horizon=2m&select=b")
    assert {step["key"] for run in answer["runs"] for step in run["steps"]} == {"b"}
    assert answer["durations"]["nothing"] == 2, "nothing was ever made"
    short = daemon.get("/forecast?horizon=5m&limit=1&runs=2")
    assert len(short["runs"]) == 2 and short["steps_listed"] == 1 and short["runs_total"] >= 4


def test_questions_that_make_no_sense_are_refused_with_what_to_write(start):
    daemon = start(project(shell("a", "true")))
    for query, pointer, word in (("pool.gpu=1", "/pool.gpu", "no pool"), ("pool.default=many", "/pool.default", "+2"), ("pool.default=-9", "/pool.default", "cannot be"),
                                 ("speed.b=2", "/speed.b", "nobody defines"), ("speed.a=0", "/speed.a", "twice"), ("horizon=8d", "/horizon", "7d"), ("horizon=soon", "/horizon", "24h"),
                                 ("select=nobody", "/select", "nobody"), ("pool.=1", "/pool.", "unknown"), ("colour=red", "/colour", "unknown")):
        answer = daemon.request("GET", "/forecast?" + query)
        assert answer.status == 422, query
        error = answer.json["errors"][0]
        assert error["pointer"] == pointer and word in error["detail"], (query, error)


def test_a_run_that_will_run_into_its_timeout_is_said(start):
    daemon = start(project(shell("a", "sleep 0.3"), shell("b", "true", ["a"]), head="schedules:\n  - {name: often, select: '*', cron: '* * * * *', timezone: UTC, timeout: 5s}\n"))
    history(daemon, times=1)
    assert daemon.get("/forecast?horizon=2m")["runs"][0]["status"] == "succeeded"
    slow = daemon.get("/forecast?horizon=2m&speed.a=0.01")["runs"][0]
    assert (slow["status"], slow["reason"]) == ("failed", "timeout")
    assert {key: step["status"] for key, step in steps_of(slow).items()} == {"a": "failed", "b": "canceled"}


def test_the_command_line_tells_it_and_refuses_nonsense(start):
    daemon = start(project(shell("a", "true", more="freshness: {within: 90s}"), head="schedules:\n  - {name: hourly, select: a, cron: '@hourly', timezone: UTC}\n"))
    history(daemon)
    answer = daemon.ctl("forecast", "--horizon", "3h", "--pool", "default=1")
    assert answer.returncode == 0, answer.stderr
    assert "schedule hourly" in answer.stdout and "data that will be too old" in answer.stdout and "pools" in answer.stdout
    assert "a" in daemon.ctl("forecast", "--steps", "--horizon", "3h").stdout
    for wrong in (["--pool", "default"], ["--pool", "nope=1"], ["--horizon", "soon"]):
        assert daemon.ctl("forecast", *wrong).returncode == 2, wrong
