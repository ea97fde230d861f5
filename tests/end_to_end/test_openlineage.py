"""Events to OpenLineage: valid by its published schema, and they arrive."""

import json
import pathlib

import jsonschema_rs
import pytest
from projects import project, shell, waits_for
from receiver import Webhook
from waiting import wait_until

SCHEMAS = [json.loads(path.read_text()) for path in (pathlib.Path(__file__).parent / "openlineage").glob("*.json")]
REGISTRY = jsonschema_rs.Registry([(schema["$id"], schema) for schema in SCHEMAS])
HEAD = """openlineage:
  url: "${secret:LINEAGE}/api/v1/lineage"
  namespace: shop
  headers: {Authorization: "Bearer ${secret:LINEAGE_KEY}", X-Team: growth}
"""


def problems(value, reference):
    validator = jsonschema_rs.validator_for(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": reference}, registry=REGISTRY, validate_formats=True)
    return [error.message for error in validator.iter_errors(value)]


def facets_of(event):
    yield from event["run"]["facets"].values()
    yield from event["job"]["facets"].values()
    for output in event["outputs"]:
        yield from output.get("outputFacets", {}).values()


def check(event):
    assert problems(event, event["schemaURL"]) == [], event
    for facet in facets_of(event):
        assert problems(facet, facet["_schemaURL"]) == [], facet


@pytest.fixture
def receiver():
    made = Webhook()
    yield made
    made.close()


def started(start, receiver, *assets, head=HEAD):
    return start(project(*assets, head=head), env={"no_proxy": "127.0.0.1", "ASSETD_SECRET_LINEAGE": receiver.url, "ASSETD_SECRET_LINEAGE_KEY": "hush"})


def events_of(receiver, asset):
    return sorted((event for event in receiver.bodies() if event["job"]["name"] == asset), key=lambda event: event["eventType"] != "START")


def delivered(daemon, count):
    return wait_until(lambda: (stands := daemon.get("/openlineage"))["delivered"] == count and stands, f"{count} events: {daemon.get('/openlineage')}")


def test_steps_are_told_with_run_job_data_sets_and_parent(start, receiver):
    daemon = started(start, receiver, shell("raw", "true"), shell("stg", "test -e good", ["raw"]), shell("gold", "true", ["stg"]))
    run = daemon.run("*")
    daemon.wait(run)
    stands = delivered(daemon, 4)
    assert (stands["configured"], stands["namespace"], stands["pending"], stands["failed"], stands["last_error"]) == (True, "shop", 0, 0, None)
    for event in receiver.bodies():
        check(event)
    begun, ended = events_of(receiver, "raw")
    assert (begun["eventType"], ended["eventType"]) == ("START", "COMPLETE")
    assert begun["run"]["runId"] == ended["run"]["runId"] and begun["eventTime"] <= ended["eventTime"]
    failed = events_of(receiver, "stg")[1]
    assert failed["eventType"] == "FAIL" and failed["run"]["facets"]["errorMessage"]["message"] == "exit_code: exit code 1"
    assert failed["inputs"] == [{"namespace": "shop", "name": "raw"}] and failed["outputs"] == [{"namespace": "shop", "name": "stg"}]
    assert events_of(receiver, "gold") == [], "a step that never ran has no run there"
    assert {json.dumps(event["run"]["facets"]["parent"]["run"]) for event in receiver.bodies()} == {json.dumps(begun["run"]["facets"]["parent"]["run"])}
    path, headers, _ = receiver.requests[0]
    assert path == "/api/v1/lineage" and headers["Authorization"] == "Bearer hush" and headers["X-Team"] == "growth"
    assert daemon.items("/alerts") == [], "they do not stand among what people are told"
    assert {each["title"] for each in daemon.items("/alerts?rule=openlineage")} == {"START of raw", "COMPLETE of raw", "START of stg", "FAIL of stg"}
    (rule,) = daemon.get("/alerts/rules")["items"]
    assert rule["receiver"] == "openlineage" and "hush" not in json.dumps(rule)
    assert "4 delivered, 0 waiting, 0 given up" in daemon.ctl("alerts", "openlineage").stdout
    assert b"hush" not in (daemon.data / "store.sqlite").read_bytes() + (daemon.data / "store.sqlite-wal").read_bytes()
    # A retry is another run of the job.
    (daemon.project / "good").touch()
    daemon.wait(daemon.retry(run))
    delivered(daemon, 8)
    assert len({event["run"]["runId"] for event in receiver.bodies() if event["job"]["name"] == "stg"}) == 2


def test_what_is_canceled_is_aborted_and_checks_alone_write_nothing(start, receiver):
    more = 'checks:\n  - {name: ok, run: {command: ["true"]}}\n'
    daemon = started(start, receiver, shell("slow", waits_for("go")), shell("checked", "true", more=more))
    run = daemon.run("slow")
    daemon.wait_step(run, "slow", "running")
    daemon.post(f"/runs/{run}/cancel")
    daemon.wait(run)
    daemon.wait(daemon.run("checked", steps="checks"))
    wait_until(lambda: len(receiver.requests) >= 3, "events")
    wait_until(lambda: daemon.get("/openlineage")["pending"] == 0, "nothing waits")
    for event in receiver.bodies():
        check(event)
    assert [event["eventType"] for event in events_of(receiver, "slow")] == ["START", "ABORT"]
    for event in events_of(receiver, "checked"):
        assert event["outputs"] == [] and event["inputs"] == [{"namespace": "shop", "name": "checked"}]


def test_events_survive_a_kill_and_a_receiver_that_is_away(start, receiver):
    receiver.answers = [503] * 1000
    daemon = started(start, receiver, shell("a", "true"))
    daemon.wait(daemon.run("a"))
    wait_until(lambda: daemon.get("/openlineage")["last_error"] == "the webhook answered HTTP 503", "a failed attempt")
    daemon.kill9()
    receiver.answers = []
    daemon.start()
    delivered(daemon, 2)
    told = {}
    for _, headers, body in receiver.requests:
        told.setdefault(headers["Idempotency-Key"], set()).add(body)
    assert len(told) == 2 and all(len(bodies) == 1 for bodies in told.values()), "each attempt says the same"
    assert types_of(receiver)[-2:] == ["START", "COMPLETE"], "also after a restart"


def types_of(receiver):
    return [event["eventType"] for event in receiver.bodies()]


def test_the_end_of_a_step_is_not_told_before_its_begin_was_taken(start, receiver):
    receiver.answers = [503, 503]
    daemon = started(start, receiver, shell("a", "true"))
    daemon.wait(daemon.run("a"))
    delivered(daemon, 2)
    assert types_of(receiver) == ["START", "START", "START", "COMPLETE"]


def test_each_partition_of_a_run_has_a_run_there(start, receiver):
    daemon = started(start, receiver, shell("a", "true", more="partitions: {static: [x, y]}\n"))
    daemon.wait(daemon.run("a", partitions=["x", "y"]))
    delivered(daemon, 4)
    types = {}
    for event in receiver.bodies():
        types.setdefault(event["run"]["runId"], []).append(event["eventType"])
    assert list(types.values()) == [["START", "COMPLETE"]] * 2


def test_a_run_of_a_schedule_says_its_instant(start, receiver):
    head = HEAD + 'schedules:\n  - {name: often, select: a, cron: "* * * * * *", timezone: UTC}\n'
    daemon = started(start, receiver, shell("a", "true"), head=head)
    wait_until(lambda: receiver.requests, "an event")
    daemon.post("/schedules/often/pause", {})
    event = receiver.bodies()[0]
    check(event)
    assert event["run"]["facets"]["nominalTime"]["nominalStartTime"].endswith("Z")
