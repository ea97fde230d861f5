"""Schedules fire, once per instant; pauses hold."""

import datetime
import time

from projects import project, shell
from waiting import wait_until

EVERY_SECOND = """schedules:
  - {name: tick, select: a, cron: "* * * * * *", timezone: UTC, overlap: allow}
"""
YEARLY = """jobs:
  - {name: all, select: "*"}
schedules:
  - {name: yearly, job: all, cron: "0 0 1 1 *", timezone: Europe/London}
"""


def requested(daemon, schedule="tick"):
    return [tick for tick in daemon.items(f"/schedules/{schedule}/ticks") if tick["outcome"] == "requested"]


def test_an_every_second_schedule_fires_once_per_instant(start):
    daemon = start(project(shell("a", "true"), head=EVERY_SECOND))
    ticks = wait_until(lambda: len(requested(daemon)) >= 3 and requested(daemon), "three ticks")
    instants = [tick["instant"] for tick in ticks]
    assert len(instants) == len(set(instants))
    run = daemon.wait(ticks[-1]["run_id"])
    assert run["status"] == "succeeded"
    assert (run["trigger"]["kind"], run["trigger"]["name"]) == ("schedule", "tick")


def test_a_paused_schedule_stays_paused_over_a_restart_and_says_by_whom(start):
    daemon = start(project(shell("a", "true"), head=EVERY_SECOND))
    wait_until(lambda: requested(daemon), "a first tick")
    daemon.post("/schedules/tick/pause", {"reason": "holiday"})
    daemon.kill9()
    daemon.start()
    schedule = daemon.get("/schedules/tick")
    assert schedule["paused"] and schedule["pause_reason"] == "holiday" and schedule["paused_by"]
    count = len(requested(daemon))
    daemon.post("/schedules/tick/resume")
    wait_until(lambda: len(requested(daemon)) > count, "a tick after it was resumed")


def test_what_fell_into_a_pause_in_the_file_or_the_time_without_it_is_not_made_up_for(start):
    head = EVERY_SECOND.replace("overlap: allow", "overlap: allow, misfire: all%s")
    daemon = start(project(shell("a", "true"), head=head % ""))
    file = daemon.project / "assetd.yaml"

    def instants():
        return sorted(datetime.datetime.fromisoformat(tick["instant"]) for tick in daemon.items("/schedules/tick/ticks"))

    for away in (head % ", paused: true", ""):
        wait_until(lambda: len(requested(daemon)) >= 1, "a tick")
        file.write_text(project(shell("a", "true"), head=away))
        assert daemon.request("POST", "/definitions/reload").status == 200
        left = time.time()
        wait_until(lambda: time.time() > left + 3, "three instants")
        file.write_text(project(shell("a", "true"), head=head % ""))
        assert daemon.request("POST", "/definitions/reload").status == 200
        count = len(instants())
        wait_until(lambda: len(instants()) > count, "a tick after it is there again")
        gaps = [later - earlier for earlier, later in zip(instants(), instants()[1:])]
        assert max(gaps) >= datetime.timedelta(seconds=3), gaps


def test_trigger_runs_it_now(start):
    daemon = start(project(shell("a", "true"), head=YEARLY))
    schedule = daemon.get("/schedules/yearly")
    assert schedule["next_ticks"][0].endswith("-01-01T00:00:00.000Z")
    run = daemon.post("/schedules/yearly/trigger")["id"]
    assert daemon.wait(run)["status"] == "succeeded"
    assert daemon.get(f"/runs/{run}")["job"] == "all"


def test_an_unknown_schedule_is_404_with_the_nearest_name(start):
    daemon = start(project(shell("a", "true"), head=YEARLY))
    answer = daemon.request("POST", "/schedules/yearyl/pause", {})
    assert answer.status == 404 and "yearly" in answer.text


def test_jitter_delays_a_tick_and_leaves_its_instant(start):
    head = EVERY_SECOND.replace("overlap: allow", "overlap: allow, jitter: 900ms")
    daemon = start(project(shell("a", "true"), head=head))
    schedule = daemon.get("/schedules/tick")
    assert schedule["jitter_ms"] == 900 and any(not at.endswith(".000Z") for at in schedule["next_ticks"])
    assert "* * * * * * + up to 900ms" in daemon.ctl("schedules", "list").stdout
    wait_until(lambda: len(requested(daemon)) >= 3, "three ticks")
    daemon.kill9()
    daemon.start()
    count = len(requested(daemon))
    ticks = wait_until(lambda: len(requested(daemon)) >= count + 3 and requested(daemon), "three more")
    instants = [tick["instant"] for tick in ticks]
    assert len(instants) == len(set(instants)) and all(instant.endswith(".000Z") for instant in instants)
    assert all(tick["at"] >= tick["instant"] for tick in ticks)
    assert daemon.get(f"/runs/{ticks[0]['run_id']}")["trigger"]["instant"] == ticks[0]["instant"]


def window_before(instant):
    """The minute that had ended at it."""
    return (datetime.datetime.fromisoformat(instant) - datetime.timedelta(minutes=1)).strftime("%Y-%m-%d-%H:%M")


def test_each_tick_makes_the_window_of_its_own_instant_also_when_it_is_made_up_for_later(start):
    """No window is shorter than a minute, so this test lasts until the next one begins."""
    head = EVERY_SECOND.replace("* * * * * *", "*/5 * * * * *").replace("overlap: allow", "overlap: allow, misfire: all")
    minutes = 'partitions: {cron: "* * * * *", start: 2026-01-01, timezone: UTC}'
    daemon = start(project(shell("a", "echo $ASSETD_RUN_ID $ASSETD_PARTITION $ASSETD_WINDOW_END >> made", more=minutes), head=head))
    wait_until(lambda: requested(daemon), "a first tick")
    daemon.kill9()
    missed = time.time() + 5  # an instant of this minute, or the first of the next
    wait_until(lambda: time.time() // 60 > missed // 60, "the minute after a missed tick")
    daemon.start()
    began = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
    wait_until(lambda: daemon.items("/schedules/tick/ticks")[0]["instant"] >= f"{began:%Y-%m-%dT%H:%M}", "a tick of the new minute")
    daemon.post("/schedules/tick/pause", {})
    ticks = requested(daemon)
    assert [tick["outcome"] for tick in daemon.items("/schedules/tick/ticks")] == ["requested"] * len(ticks)
    assert any(tick["at"][:16] > tick["instant"][:16] for tick in ticks), "one is made up for while another window was the last"
    for tick in ticks:
        assert daemon.wait(tick["run_id"])["status"] == "succeeded"
    made = sorted(line.split() for line in (daemon.project / "made").read_text().splitlines())
    expected = sorted([tick["run_id"], window_before(tick["instant"]), f"{tick['instant'][:16]}:00.000Z"] for tick in ticks)
    assert made == expected, "one window a tick, once each"
    times = [datetime.datetime.fromisoformat(tick["instant"]) for tick in ticks]
    assert {later - earlier for later, earlier in zip(times, times[1:])} == {datetime.timedelta(seconds=5)}, "none is missing"
