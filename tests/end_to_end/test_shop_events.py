"""What comes to the shop day by day: a backfill with days that cannot be read, files that are dropped, and a gold table that becomes too old."""

import datetime
import hashlib
import hmac

import pytest
from projects import copy_example, query
from receiver import Webhook
from waiting import wait_until

pytestmark = pytest.mark.slow
PATIENCE = 900  # seconds: only a run that hangs uses them up, however loaded the machine is
FIRST, LAST = "2025-03-01", "2025-04-29"
BAD = ["2025-03-09", "2025-03-10", "2025-03-30", "2025-04-01", "2025-04-29"]
KEY = "the key of the signature"


@pytest.fixture
def shop(make_daemon, tmp_path):
    return make_daemon(copy_example("shop", tmp_path)).start(seconds=PATIENCE)


@pytest.fixture
def receiver():
    made = Webhook([500, 500])
    yield made
    made.close()


def succeeds(daemon, select):
    run = daemon.run(select)
    found = daemon.wait(run, seconds=PATIENCE)
    assert found["status"] == "succeeded", found["causes"]
    return run


# --- sixty days


def ended_backfill(daemon, backfill):
    def ended():
        found = daemon.get(f"/backfills/{backfill}")
        return found if found["ended_at"] and not found["active_runs"] else None

    return wait_until(ended, "the backfill's end", seconds=PATIENCE)


def days_of(runs):
    return sorted(run["partitions"] for run in runs)


def test_sixty_days_of_which_five_cannot_be_read_and_a_retry_of_exactly_these(shop):
    planted = shop.project / "data" / "plant_bad_days"
    planted.write_text("\n".join(BAD))
    succeeds(shop, "raw_stripe_events")
    begun = shop.ctl("backfill", "events_by_day", "--from", FIRST, "--to", LAST, "--max-runs", "6")
    assert begun.returncode == 0 and "of 60 partitions begins" in begun.stdout, begun
    backfill = shop.get("/backfills")["items"][0]["id"]

    first = ended_backfill(shop, backfill)
    assert first["status"] == "failed" and (first["counts"]["succeeded"], first["counts"]["failed"]) == (55, 5), first["counts"]
    (group,) = first["groups"]
    assert [key for key, letter in zip(group["keys"], group["status"], strict=True) if letter == "f"] == BAD
    shown = shop.ctl("backfills", "show", backfill).stdout
    assert "failed, 55 of 60, 5 failed" in shown and ", ".join(BAD) in shown, shown
    runs = shop.items(f"/runs?backfill={backfill}")
    assert len(runs) == 60
    failed = [run for run in runs if run["status"] == "failed"]
    causes = {cause["partition"]: cause for run in failed for cause in run["causes"]}
    assert sorted(causes) == BAD and len(failed) == 5
    for day, cause in causes.items():
        assert cause["key"] == "events_by_day" and f"{day}: " in cause["detail"] and "have no amount that can be read, as evt_" in cause["detail"], cause
    assert query(shop, "select count(distinct day), min(day), max(day) from daily.events") == [55, FIRST, "2025-04-28"]

    planted.unlink()
    succeeds(shop, "raw_stripe_events")
    assert shop.ctl("backfills", "retry", backfill).returncode == 0
    again = ended_backfill(shop, backfill)
    assert again["status"] == "succeeded" and (again["counts"]["succeeded"], again["counts"]["failed"]) == (60, 0), again["counts"]
    known = {run["id"] for run in runs}
    more = [run for run in shop.items(f"/runs?backfill={backfill}") if run["id"] not in known]
    assert days_of(more) == BAD and again["runs_made"] == 65, "exactly the five"
    assert all(run["status"] == "succeeded" for run in more)
    whole = f"from raw.stripe_events where created_at >= timestamp '{FIRST}' and created_at < timestamp '{LAST}' + interval 1 day"
    assert query(shop, "select count(distinct day), count(*), sum(deliveries) from daily.events") == query(shop, f"select 60, count(distinct event_id), count(*) {whole}")


# --- files


def runs_of_the_sensor(daemon):
    return [run for run in daemon.items("/runs") if (run["trigger"]["kind"], run["trigger"]["name"]) == ("sensor", "drop")]


def drop(daemon, name, *rows):
    """As a person copies it there: whole at once."""
    folder = daemon.project / "data" / "drop"
    folder.mkdir(exist_ok=True)
    (folder / (name + ".part")).write_text("\n".join(["day,channel,spend_usd", *rows, ""]))
    (folder / (name + ".part")).rename(folder / name)
    return f"data/drop/{name}"


def files_of(runs):
    return sorted(file for run in runs for file in run["options"]["sensor"]["files"])


def test_a_dropped_file_is_asked_for_once_through_kill_9(shop):
    wait_until(lambda: shop.get("/sensors/drop")["last_tick"], "a first look")
    march = drop(shop, "march.csv", "2025-03-01,search,120.50", "2025-03-01,social,80")
    wait_until(lambda: runs_of_the_sensor(shop), "a run for the file")
    april = drop(shop, "april.csv", "2025-04-01,search,99.50")
    shop.kill9()
    may = drop(shop, "may.csv", "2025-05-01,search,50")
    shop.start(seconds=PATIENCE)
    dropped = sorted([march, april, may])
    wait_until(lambda: files_of(runs_of_the_sensor(shop)) == dropped, "runs for what came just before the kill, and meanwhile")
    for run in runs_of_the_sensor(shop):
        assert shop.wait(run["id"], seconds=PATIENCE)["status"] == "succeeded" and set(shop.steps(run["id"])) == {"ad_spend"}
    shop.kill9()
    shop.start(seconds=PATIENCE)
    looked = shop.post("/sensors/drop/trigger")
    assert looked["outcome"] != "fired" and files_of(runs_of_the_sensor(shop)) == dropped, "each file in one run"
    assert query(shop, "select count(*), sum(spend_usd), count(distinct file) from raw.ad_spend") == [4, "350.00", 3]


# --- freshness


def test_a_gold_table_that_becomes_too_old_is_told_once_to_a_receiver_that_fails_twice_first(make_daemon, tmp_path, receiver):
    folder = copy_example("shop", tmp_path)
    text = (folder / "assetd.yaml").read_text()
    assert text.count("{within: 26h}") == 1
    secrets = {"no_proxy": "127.0.0.1", "ASSETD_SECRET_SHOP_ALERTS": receiver.url + "/stale", "ASSETD_SECRET_SHOP_ALERTS_KEY": KEY}
    shop = make_daemon(folder, env=secrets).start(seconds=PATIENCE)
    succeeds(shop, "+gold_revenue_daily")
    assert shop.items("/alerts") == [], "it is fresh"
    (folder / "assetd.yaml").write_text(text.replace("{within: 26h}", "{within: 3s}"))
    shop.post("/definitions/reload")

    def delivered():
        return shop.items("/alerts?state=delivered")

    (alert,) = wait_until(delivered, "the alert's delivery")
    assert (alert["rule"], alert["event"], alert["asset"], alert["attempts"]) == ("stale_gold", "freshness_violated", "gold_revenue_daily", 3)
    freshness = shop.get("/assets/gold_revenue_daily")["freshness"]
    assert freshness["status"] == "violated" and [asset["key"] for asset in shop.items("/assets?select=freshness:violated")] == ["gold_revenue_daily"]
    assert shop.items("/alerts") == [alert] and len(receiver.requests) == 3
    assert len({body for _, _, body in receiver.requests}) == 1, "each attempt says the same"
    for path, headers, raw in receiver.requests:
        assert path == "/stale" and headers["Idempotency-Key"] == alert["id"]
        signed = dict(part.split("=") for part in headers["Assetd-Signature"].split(","))
        assert hmac.compare_digest(signed["v1"], hmac.new(KEY.encode(), f"{signed['t']}.".encode() + raw, hashlib.sha256).hexdigest())
        assert abs(int(signed["t"]) - datetime.datetime.now(datetime.timezone.utc).timestamp()) < PATIENCE
    body = receiver.bodies()[0]
    assert (body["id"], body["rule"], body["event"], body["project"], body["asset"]) == (alert["id"], "stale_gold", "freshness_violated", "shop", "gold_revenue_daily")
    assert body["title"].startswith("gold_revenue_daily is too old: its data is of ")
    assert freshness["deadline"] <= body["at"]
    history = shop.request("GET", "/events?asset=gold_revenue_daily&types=asset_changed", headers={"accept": "application/json"}).json["items"]
    (change,) = [event["changes"] for event in history if event["changes"].get("freshness") == "violated"]
    assert (change["freshness"], change["from"]) == ("violated", "fresh"), change
    assert shop.stop() == 0 and len(receiver.requests) == 3, "nothing was left to tell"
