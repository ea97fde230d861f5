"""Conditions of divided assets are true of single partitions: only those are made."""

from projects import project, say, shell
from waiting import wait_until

EAGER = "automation: eager"


def made(daemon):
    file = daemon.project / "made"
    return sorted(file.read_text().split()) if file.exists() else []


def says(key):
    return f'for p in $ASSETD_PARTITIONS; do echo {key}@$p >> made; done'


def automated(daemon):
    return [run for run in daemon.items("/runs") if run["trigger"]["kind"] == "automation"]


def rest(daemon):
    daemon.get("/automation")
    return not daemon.items("/runs?status=queued,running,canceling")


def test_a_key_that_comes_is_made_and_what_is_below_it_and_nothing_else(start):
    customers = "partitions: {dynamic: customers}\n"
    daemon = start(project(shell("profile", says("profile"), [], customers + "automation: on_missing"), shell("letter", says("letter"), ["profile"], customers + EAGER)))
    assert daemon.ctl("partitions", "add", "customers", "ada", "bob").returncode == 0
    wait_until(lambda: len(made(daemon)) == 4 and rest(daemon), "both customers")
    assert made(daemon) == ["letter@ada", "letter@bob", "profile@ada", "profile@bob"]
    daemon.ctl("partitions", "add", "customers", "cleo")
    wait_until(lambda: len(made(daemon)) == 6 and rest(daemon), "the third")
    assert made(daemon) == ["letter@ada", "letter@bob", "letter@cleo", "profile@ada", "profile@bob", "profile@cleo"]
    daemon.wait(daemon.run("profile", partitions=["bob"]))
    wait_until(lambda: len(made(daemon)) == 8 and rest(daemon), "bob's letter")
    assert made(daemon).count("profile@bob") == 2 and made(daemon).count("letter@bob") == 2 and made(daemon).count("letter@ada") == 1
    runs = automated(daemon)
    daemon.kill9()
    daemon.start()
    wait_until(lambda: rest(daemon), "rest after a crash")
    assert automated(daemon) == runs, "what was handled is remembered, partition by partition"


def test_a_key_that_a_step_adds_is_made_and_one_that_it_removes_is_not(start):
    customers = "partitions: {dynamic: customers}\n"
    daemon = start(project(shell("crm", "python3 say.py"), shell("profile", says("profile"), [], customers + "automation: on_missing")))
    say(daemon, ("assetd.add_partitions", {"set": "customers", "keys": ["ada", "bob"]}))
    daemon.wait(daemon.run("crm"))
    wait_until(lambda: len(made(daemon)) == 2 and rest(daemon), "both customers")
    say(daemon, ("assetd.add_partitions", {"set": "customers", "keys": ["cleo", "dan"]}), ("assetd.remove_partitions", {"set": "customers", "keys": ["ada", "dan"]}))
    daemon.wait(daemon.run("crm"))
    wait_until(lambda: len(made(daemon)) == 3 and rest(daemon), "the third")
    assert made(daemon) == ["profile@ada", "profile@bob", "profile@cleo"] and len(automated(daemon)) == 2


def test_a_region_that_fails_holds_back_nobody_else(start):
    regions = "partitions: {static: [eu, us, asia]}\n"
    daemon = start(project(shell("raw", f'{says("raw")}; case "$ASSETD_PARTITIONS" in *us*) [ -e mended ];; esac', [], regions), shell("report", says("report"), ["raw"], regions + EAGER)))
    run = daemon.run("raw", partitions=["eu", "us", "asia"])
    assert daemon.wait(run)["status"] == "failed"
    wait_until(lambda: made(daemon).count("report@eu") == 1 and made(daemon).count("report@asia") == 1 and rest(daemon), "the reports of the others")
    assert "report@us" not in made(daemon)
    (daemon.project / "mended").touch()
    daemon.wait(daemon.run("raw", partitions=["us"]))
    wait_until(lambda: "report@us" in made(daemon) and rest(daemon), "the last report")
    assert [made(daemon).count(f"report@{region}") for region in ("eu", "us", "asia")] == [1, 1, 1]


def test_a_week_follows_its_days(start):
    daemon = start(project(shell("days", says("days"), [], "partitions: {daily: {start: 2026-01-04, end: 2026-01-18}}"),
                           shell("weeks", says("weeks"), ["days"], "partitions: {weekly: {start: 2026-01-04, end: 2026-01-18}}\n" + 'automation: "since_last_handled(any_deps_updated) and not any_deps_missing and not in_progress"')))
    daemon.wait(daemon.run("days", partitions={"from": "2026-01-04", "to": "2026-01-09"}))
    wait_until(lambda: rest(daemon), "rest")
    assert not [line for line in made(daemon) if line.startswith("weeks")], "a day is missing"
    daemon.wait(daemon.run("days", partitions=["2026-01-10"]))
    wait_until(lambda: "weeks@2026-01-04" in made(daemon) and rest(daemon), "the week")
    assert [line for line in made(daemon) if line.startswith("weeks")] == ["weeks@2026-01-04"], "of the other week nothing is there"


def test_another_division_begins_anew_and_asks_for_what_is_missing(start):
    def text(keys):
        return project(shell("regions", says("regions"), [], f"partitions: {{static: [{keys}]}}\nautomation: on_missing"))

    daemon = start(text("eu, us"))
    wait_until(lambda: made(daemon) == ["regions@eu", "regions@us"] and rest(daemon), "both")
    (daemon.project / "assetd.yaml").write_text(text("asia, eu, us"))
    daemon.post("/definitions/reload")
    wait_until(lambda: "regions@asia" in made(daemon) and rest(daemon), "the new one")
    assert made(daemon) == ["regions@asia", "regions@eu", "regions@us"]
