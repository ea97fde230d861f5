"""A muted asset is left out of every run that nobody asks for, and that is said; whoever asks for it gets it made."""

import datetime
import hashlib
import hmac
import sqlite3
import time

from projects import project, shell, waits_for
from waiting import wait_until

WHY = "its source is wrong"
CHAIN = (shell("raw", "true"), shell("gold", "true", ["raw"]), shell("report", "true", ["gold"]))
EVERY_SECOND = "schedules:\n  - {name: often, select: 'raw+', cron: '* * * * * *', timezone: UTC, overlap: allow, paused: true}\n"
LANDING = "sensors:\n  - {name: landing, file: {glob: 'in/*.json', settle: 0s}, every: 1s, select: 'raw+'}\n"
HOOK = "sensors:\n  - {name: pushed, webhook: {secret: '${secret:HOOK}'}, select: gold}\n"
EAGER = "automation: eager"


def mute(daemon, key, **more):
    answer = daemon.post(f"/assets/{key}/automation/pause", {"reason": WHY, **more})
    assert answer["paused"] and answer["key"] == key
    until = f" until {answer['until']}" if answer["until"] else ""
    return f"{key} is muted by {answer['by']}{until}: {WHY}"


def unmute(daemon, key):
    daemon.post(f"/assets/{key}/automation/resume", {"reason": "mended"})


def ended(daemon):
    """As if the time had come. Not while the daemon runs."""
    with sqlite3.connect(daemon.data / "store.sqlite") as store:
        store.execute("UPDATE automation_pauses SET until = at + 1")


def tick(daemon, outcome, reason, schedule="often"):
    return wait_until(lambda: next((one for one in daemon.items(f"/schedules/{schedule}/ticks") if (one["outcome"], one["reason"]) == (outcome, reason)), None), f"a tick {outcome}: {reason}")


def last_tick(daemon, sensor):
    return daemon.get(f"/sensors/{sensor}")["last_tick"] or {}


def drop(daemon, name):
    path = daemon.project / "in" / name
    path.parent.mkdir(exist_ok=True)
    path.with_suffix(".tmp").write_text("{}")
    path.with_suffix(".tmp").rename(path)


def keys(daemon, run):
    daemon.wait(run)
    return set(daemon.statuses(run))


def automated(daemon):
    return [run for run in daemon.items("/runs") if run["trigger"]["kind"] == "automation"]


def is_quiet(daemon):
    daemon.get("/automation")  # what has ended has been looked at
    return not daemon.items("/runs?status=queued,running,canceling")


def test_a_schedule_leaves_out_what_is_muted_and_its_tick_says_so(start):
    daemon = start(project(*CHAIN, head=EVERY_SECOND))
    said = mute(daemon, "gold")
    daemon.post("/schedules/often/resume")
    run = tick(daemon, "requested", said)["run_id"]
    assert keys(daemon, run) == {"raw", "report"}, "what is below goes on"
    assert said in daemon.ctl("schedules", "ticks", "often").stdout
    all_of_it = {said, mute(daemon, "raw"), mute(daemon, "report")}
    skipped = wait_until(lambda: [one for one in daemon.items("/schedules/often/ticks") if one["outcome"] == "skipped"], "a tick that is skipped")[0]
    assert skipped["run_id"] is None and set(skipped["reason"].split("; ")) == all_of_it
    for key in ("raw", "gold", "report"):
        unmute(daemon, key)
    assert keys(daemon, tick(daemon, "requested", None)["run_id"]) == {"raw", "gold", "report"}
    assert daemon.get("/assets/gold")["status"] == "materialized"


def test_a_tick_of_which_all_is_muted_cancels_nothing(start):
    daemon = start(project(shell("raw", waits_for("go")), head=EVERY_SECOND.replace("allow", "cancel_running")))
    daemon.post("/schedules/often/resume")
    wait_until(lambda: daemon.items("/schedules/often/ticks"), "a tick")
    said = mute(daemon, "raw")
    tick(daemon, "skipped", said)
    under_way = wait_until(lambda: [run["id"] for run in daemon.items("/runs?status=queued,running,canceling") if run["status"] == "running"], "the run of the last tick before")
    before = len(daemon.items("/schedules/often/ticks"))
    wait_until(lambda: len(daemon.items("/schedules/often/ticks")) > before, "another tick")
    (daemon.project / "go").touch()
    assert daemon.wait(under_way[0])["status"] == "succeeded"


def test_a_sensor_leaves_out_what_is_muted_and_does_not_make_it_afterwards(start):
    daemon = start(project(*CHAIN, head=LANDING))
    wait_until(lambda: last_tick(daemon, "landing"), "a first look")
    said = mute(daemon, "gold")
    drop(daemon, "one.json")
    fired = wait_until(lambda: last_tick(daemon, "landing").get("outcome") == "fired" and last_tick(daemon, "landing"), "a run")
    assert fired["reason"] == said and keys(daemon, fired["run_ids"][0]) == {"raw", "report"}
    mute(daemon, "raw"), mute(daemon, "report")
    drop(daemon, "two.json")
    skipped = wait_until(lambda: "muted" in (last_tick(daemon, "landing").get("reason") or "") and last_tick(daemon, "landing")["outcome"] == "skipped" and last_tick(daemon, "landing"), "all of it left out")
    assert skipped["run_ids"] == [] and "raw is muted by" in skipped["reason"] and skipped["cursor_after"] == "2 files seen"
    for key in ("raw", "gold", "report"):
        unmute(daemon, key)
    drop(daemon, "three.json")
    fired = wait_until(lambda: last_tick(daemon, "landing").get("outcome") == "fired" and last_tick(daemon, "landing"), "a run of all")
    assert fired["reason"] is None and keys(daemon, fired["run_ids"][0]) == {"raw", "gold", "report"}
    assert len([run for run in daemon.items("/runs") if run["trigger"]["kind"] == "sensor"]) == 2


def test_a_webhook_is_answered_without_a_run_and_may_be_sent_again_later(start):
    daemon = start(project(*CHAIN, head=HOOK), env={"ASSETD_SECRET_HOOK": "key"})

    def send():
        body, at = b'{"order": 7}', int(time.time())
        signature = hmac.new(b"key", f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return daemon.request("POST", "/hooks/pushed", body, {"Assetd-Signature": f"t={at},v1={signature}", "Idempotency-Key": "d1"})

    said = mute(daemon, "gold")
    answer = send()
    assert answer.status == 202 and answer.json["run_id"] is None and answer.json["reason"] == said and not daemon.items("/runs")
    assert last_tick(daemon, "pushed")["outcome"] == "skipped"
    unmute(daemon, "gold")
    answer = send()
    assert answer.json["duplicate"] is False and keys(daemon, answer.json["run_id"]) == {"gold"}


def test_a_condition_waits_until_the_mute_ends_and_a_restart_keeps_the_mute(start):
    daemon = start(project(shell("raw", "true"), shell("muted", "true", ["raw"], EAGER), shell("below", "true", ["muted"], EAGER), shell("other", "true", ["raw"], EAGER)))
    mute(daemon, "muted", until="2999-01-01T00:00:00Z")
    daemon.kill9()
    daemon.start()
    assert daemon.get("/assets/muted/automation")["paused"]["reason"] == WHY
    daemon.wait(daemon.run("raw"))
    wait_until(lambda: automated(daemon) and is_quiet(daemon), "what is not muted is made")
    run, = automated(daemon)
    assert keys(daemon, run["id"]) == {"other"}
    daemon.stop()
    ended(daemon)
    daemon.start()
    wait_until(lambda: len(automated(daemon)) == 2 and is_quiet(daemon), "what was due meanwhile is made")
    assert keys(daemon, automated(daemon)[0]["id"]) == {"muted", "below"}
    assert daemon.get("/assets/muted/automation")["paused"] is None


def test_people_still_make_it(start):
    daemon = start(project(*CHAIN, shell("days", "true", [], "partitions: {daily: {start: 2026-01-01, end: 2026-01-03}}"), head=EVERY_SECOND + LANDING))
    mute(daemon, "days")
    said = mute(daemon, "gold")
    assert keys(daemon, daemon.run("raw+")) == {"raw", "gold", "report"}
    assert keys(daemon, daemon.post("/schedules/often/trigger")["id"]) == {"raw", "gold", "report"}
    backfill = daemon.post("/backfills", {"select": "days", "partitions": {"from": "2026-01-01", "to": "2026-01-02"}})["id"]
    wait_until(lambda: daemon.get(f"/backfills/{backfill}")["status"] == "succeeded", "the backfill")
    daemon.post("/sensors/landing/pause")
    drop(daemon, "one.json")
    would = daemon.post("/sensors/landing/dry-run")
    assert (would["outcome"], would["reason"], would["requests"][0]["steps_total"]) == ("fired", said, 2), "what it would do by itself"
    asked = daemon.post("/sensors/landing/trigger")
    assert asked["reason"] is None and keys(daemon, asked["run_ids"][0]) == {"raw", "gold", "report"}


def test_what_is_muted_is_shown_and_who_may_be(start):
    daemon = start("name: test\nexternal: [{key: landing}]\nschedules:\n  - {name: hourly, select: '*', cron: '0 * * * *', timezone: UTC}\nassets:\n" + shell("raw", "true", ["landing"])
                   + shell("gold", "true", ["raw"], EAGER))
    refused = daemon.request("POST", "/assets/landing/automation/pause", {"reason": "x"})
    assert refused.status == 409 and refused.json["type"].endswith("external-asset") and "made elsewhere" in refused.json["detail"]
    assert daemon.request("POST", "/assets/nobody/automation/pause", {"reason": "x"}).status == 404
    assert daemon.request("POST", "/assets/raw/automation/pause", {}).status == 422, "a reason is owed"
    assert daemon.get("/assets/raw/triggers")["next"]["schedule"] == "hourly"
    done = daemon.ctl("automation", "pause", "raw", "--reason", WHY)
    assert done.returncode == 0 and "raw is muted" in done.stdout, done.stderr
    triggers = daemon.get("/assets/raw/triggers")
    assert triggers["muted"]["reason"] == WHY and triggers["next"] is None and triggers["automation"] is None
    assert {item["key"]: item["condition"] for item in daemon.items("/automation")} == {"gold": "eager", "raw": None}
    for shown in (("automation", "list"), ("automation", "show", "raw"), ("assets", "show", "raw")):
        assert WHY in daemon.ctl(*shown).stdout, shown
    assert daemon.get("/assets/gold/triggers")["muted"] is None
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2, minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    mute(daemon, "raw", until=soon)
    assert daemon.get("/assets/raw/triggers")["next"]["at"] > soon, "the first tick after the mute"
    assert "raw is no longer muted" in daemon.ctl("automation", "resume", "raw").stdout
    assert daemon.get("/assets/raw/triggers")["muted"] is None and daemon.get("/assets/raw/automation")["paused"] is None
    assert [entry["subject"] for entry in daemon.items("/audit") if entry["action"] == "automation.pause"] == ["asset raw"] * 2


def test_a_mute_goes_with_its_asset_to_another_key(start):
    daemon = start(project(*CHAIN, head=EVERY_SECOND))
    mute(daemon, "gold")
    (daemon.project / "assetd.yaml").write_text(project(shell("raw", "true"), shell("golden", "true", ["raw"], "renamed_from: gold"), shell("report", "true", ["golden"]), head=EVERY_SECOND))
    daemon.post("/definitions/reload")
    assert daemon.get("/assets/golden/automation")["paused"]["reason"] == WHY
    daemon.kill9()
    daemon.start()
    assert [item["key"] for item in daemon.items("/automation")] == ["golden"]


def test_a_forecast_leaves_it_out_until_the_mute_ends(start):
    daemon = start(project(*CHAIN, head="schedules:\n  - {name: often, select: 'raw+', cron: '* * * * *', timezone: UTC, overlap: allow}\n"))
    daemon.wait(daemon.run("*"))
    mute(daemon, "gold")
    foreseen = daemon.get("/forecast?horizon=10m")["runs"]
    assert foreseen and all({step["key"] for step in run["steps"]} == {"raw", "report"} for run in foreseen)
    until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:30Z")
    mute(daemon, "gold", until=until)
    answer = daemon.get("/forecast?horizon=10m")
    assert any(each.startswith("gold stays muted until") for each in answer["assumptions"])
    assert {run["trigger"]["instant"] > until for run in answer["runs"]} == {False, True}
    for run in answer["runs"]:
        assert ("gold" in {step["key"] for step in run["steps"]}) == (run["trigger"]["instant"] > until), run["trigger"]
    for key in ("raw", "report", "gold"):
        mute(daemon, key)
    nothing = daemon.get("/forecast?horizon=5m")
    assert nothing["runs"] == [] and all("is muted by" in each["reason"] for each in nothing["missed_ticks"]) and nothing["missed_ticks"]
