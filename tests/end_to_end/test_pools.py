"""Weighted pools hold for every trigger, and are resized while everything runs."""

from projects import project, shell, waits_for
from waiting import wait_until

HEAD = """timezone: UTC
schedules: [{name: often, select: ticked, cron: "* * * * * *", overlap: skip}]
"""


def gpu(key, script, slots=1, more=""):
    return shell(key, script, more=f"pools: {{gpu: {slots}}}\n{more}".strip())


def pooled(*assets, slots=2, head=""):
    return project(*assets, head=head).replace("pools: {default", f"pools: {{gpu: {slots}, default")


def pool(daemon, name="gpu"):
    return next(each for each in daemon.get("/pools")["items"] if each["name"] == name)


def audited(daemon, action):
    return [entry for entry in daemon.get("/audit")["items"] if entry["action"] == action]


def never_over(name, most):
    """A script that fails when more than `most` of its kind run at once: each holds a folder of its own."""
    return f'mkdir -p {name}; mkdir {name}/$$; sleep 0.05; n=$(ls {name} | wc -l); rmdir {name}/$$; [ $n -le {most} ]'


def test_a_pool_holds_whatever_started_the_steps(start):
    guarded = never_over("inside", 2)
    daemon = start(pooled(*[gpu(f"a{i}", guarded) for i in range(4)], gpu("ticked", guarded),
                          gpu("flaky", f"{guarded} && [ -e mended ]", more="retries: {max: 50, delay: 10ms}"), head=HEAD))
    runs = [daemon.run("a*") for _ in range(3)] + [daemon.run("flaky")]
    wait_until(lambda: len(daemon.items("/schedules/often/ticks")) > 1, "ticks")
    runs.append(daemon.retry(daemon.wait(runs[0])["id"], **{"from": "start"}))
    (daemon.project / "mended").touch()
    assert [daemon.wait(run)["status"] for run in runs] == ["succeeded"] * 5
    assert daemon.steps(runs[3])["flaky"]["attempts"]


def test_a_step_takes_as_many_slots_as_it_says(start):
    daemon = start(pooled(gpu("heavy", waits_for("go"), 2), gpu("light", "true")))
    heavy = daemon.run("heavy")
    daemon.wait_step(heavy, "heavy", "running")
    assert pool(daemon)["used"] == 2
    light = daemon.run("light")
    step = daemon.steps(light)["light"]
    assert step["blocked_by"][0]["what"] == "pool gpu"
    assert step["blocked_by"][0]["detail"].startswith(f"2 of 2 slots held by run {heavy}, step heavy, for "), step
    (daemon.project / "go").touch()
    assert daemon.wait(light)["status"] == "succeeded"


def test_a_pool_grows_and_shrinks_while_it_is_held(start):
    daemon = start(pooled(*[gpu(f"a{i}", waits_for(f"go{i}")) for i in range(4)], slots=1))
    run = daemon.run("a*")
    daemon.wait_step(run, "a0", "running")
    assert daemon.post("/pools/gpu", {"slots": 2, "reason": "a second card"}) | {"as_of": 0} == {
        "name": "gpu", "slots": 2, "defined_slots": 1, "used": 2, "as_of": 0}, "it starts at once"
    daemon.wait_step(run, "a1", "running")
    found = pool(daemon)
    assert (found["slots"], found["defined_slots"], found["resized"]["reason"]) == (2, 1, "a second card")
    daemon.post("/pools/gpu", {"slots": 1})
    (daemon.project / "go0").touch()
    daemon.wait_step(run, "a0", "succeeded")
    assert daemon.statuses(run)["a2"] == "ready", "one slot is there, and a1 holds it"
    (daemon.project / "go1").touch()
    daemon.wait_step(run, "a2", "running")
    assert daemon.statuses(run)["a3"] == "ready"
    daemon.ctl("pools", "reset", "gpu")
    assert pool(daemon)["resized"] is None
    [daemon.project.joinpath(f"go{i}").touch() for i in (2, 3)]
    assert daemon.wait(run)["status"] == "succeeded"
    assert [entry["detail"] for entry in audited(daemon, "pool.resize")] == [{"from": 2, "to": 1}, {"from": 1, "to": 2, "reason": "a second card"}]
    assert len(audited(daemon, "pool.reset")) == 1


def test_a_size_survives_a_kill_and_a_reload(start):
    daemon = start(pooled(gpu("a", "true")))
    answer = daemon.ctl("pools", "set", "gpu", "7", "--reason", "night")
    assert answer.returncode == 0 and "7 slots (defined: 2)" in answer.stdout, answer.stdout + answer.stderr
    daemon.kill9()
    daemon.start()
    assert pool(daemon)["slots"] == 7
    file = daemon.project / "assetd.yaml"
    file.write_text(file.read_text().replace("gpu: 2", "gpu: 3"))
    daemon.post("/definitions/reload")
    found = pool(daemon)
    assert (found["slots"], found["defined_slots"], found["resized"]["by"]) == (7, 3, "anonymous")
    assert "set by anonymous: night" in daemon.ctl("pools").stdout
    daemon.post("/pools/gpu/reset")
    assert pool(daemon)["slots"] == 3


def test_a_pool_that_the_definitions_drop_stays_for_the_runs_that_need_it(start):
    daemon = start(pooled(gpu("hold", waits_for("go")), gpu("want", "true"), slots=1))
    hold, want = daemon.run("hold"), daemon.run("want")
    daemon.wait_step(hold, "hold", "running")
    file = daemon.project / "assetd.yaml"
    file.write_text(file.read_text().replace("gpu", "other"))
    daemon.post("/definitions/reload")
    assert (pool(daemon)["used"], pool(daemon)["waiting"], pool(daemon, "other")["slots"]) == (1, 1, 1)
    daemon.kill9()
    daemon.start()
    assert pool(daemon)["waiting"] == 1
    (daemon.project / "go").touch()
    assert [daemon.wait(run)["status"] for run in (hold, want)] == ["succeeded"] * 2


def test_a_demand_that_no_pool_can_meet_is_told_at_load_and_where_it_waits(start):
    daemon = start(pooled(gpu("big", "true", 4)))
    warning = daemon.get("/definitions")["warnings"][0]
    assert warning["message"] == 'asks for 4 slots of the pool "gpu", which has 2: it can never start until the pool grows'
    assert warning["source"]["line"] > 0
    run = daemon.run("big")
    assert daemon.steps(run)["big"]["blocked_by"][0]["detail"] == "needs 4 of pool gpu, which has 2 slots: it can never start until the pool grows"
    daemon.post("/pools/gpu", {"slots": 4})
    assert daemon.wait(run)["status"] == "succeeded"


def test_what_cannot_be_is_refused(start):
    daemon = start(pooled(gpu("a", "true")))
    answer = daemon.request("POST", "/pools/gpus", {"slots": 1})
    assert answer.status == 404 and "nearest: 'gpu'" in answer.text
    for body in ({}, {"slots": -1}, {"slots": 1.5}, {"slots": 1, "why": "x"}):
        assert daemon.request("POST", "/pools/gpu", body).status == 422, body
    assert daemon.ctl("pools", "set", "gpus", "1").returncode == 2
    assert pool(daemon)["resized"] is None
    key = {"Idempotency-Key": "once"}
    first = daemon.request("POST", "/pools/gpu", {"slots": 0}, key)
    assert daemon.request("POST", "/pools/gpu", {"slots": 0}, key).json == first.json
    assert len(audited(daemon, "pool.resize")) == 1
