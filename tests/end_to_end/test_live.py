"""The live stream and live logs."""

from daemon import EventStream
from projects import project, shell, waits_for
from waiting import wait_until


def until_run_ends(stream, run):
    events = []
    for event in stream:
        events.append(event)
        _, kind, data = event
        if kind == "run_changed" and data["subject"]["run_id"] == run and data["changes"]["status"] in ("succeeded", "failed", "canceled"):
            return events
    raise AssertionError("the stream ended")


def test_a_stream_resumed_anywhere_misses_and_repeats_nothing(start):
    daemon = start(project(shell("a", "true"), shell("b", "exit 1", ["a"]), shell("c", "true", ["b"])))
    as_of = daemon.get("/assets")["as_of"]
    run = daemon.run("*")
    whole = until_run_ends(EventStream(daemon, f"?after={as_of}"), run)
    stored = [event for event in whole if event[1] not in ("progress", "heartbeat")]
    ids = [int(event[0]) for event in stored]
    assert ids == sorted(set(ids))
    for cut in (0, len(stored) // 2, len(stored) - 2):
        again = until_run_ends(EventStream(daemon, last_event_id=ids[cut]), run)
        assert [event[0] for event in again if event[1] not in ("progress", "heartbeat")] == [str(i) for i in ids[cut + 1:]]
    changes = [(data["subject"].get("keys", [data["subject"]["key"]]), data["changes"]["status"]) for _, kind, data in stored if kind == "step_changed"]
    for expected in ((["a"], "succeeded"), (["b"], "failed"), (["c"], "skipped")):
        assert expected in changes


def test_a_stream_filtered_by_run_tells_only_of_it(start):
    daemon = start(project(shell("a", "true"), shell("b", "true")))
    as_of = daemon.get("/assets")["as_of"]
    other = daemon.run("b")
    daemon.wait(other)
    run = daemon.run("a")
    events = until_run_ends(EventStream(daemon, f"?after={as_of}&run={run}"), run)
    assert {data["subject"]["run_id"] for _, kind, data in events if kind in ("run_changed", "step_changed")} == {run}


def test_an_id_from_elsewhere_is_410(start):
    daemon = start(project(shell("a", "true")))
    answer = daemon.request("GET", "/events", headers={"accept": "text/event-stream", "last-event-id": "999999999"})
    assert answer.status == 410


def test_output_is_there_while_the_step_runs_and_offsets_resume(start):
    daemon = start(project(shell("a", f"echo first; {waits_for('go')}; echo second")))
    run = daemon.run("a")
    path = f"/runs/{run}/logs?step=a&stream=stdout"

    def first_page():
        answer = daemon.request("GET", path)
        return answer if answer.status == 200 and "first" in answer.text else None

    page = wait_until(first_page, "the first line in the log")
    assert page.headers["x-log-complete"] == "false"
    (daemon.project / "go").touch()
    daemon.wait(run)
    rest = daemon.request("GET", f"{path}&offset={page.headers['x-next-offset']}")
    assert rest.text == "second\n"
    assert daemon.request("GET", path).headers["x-log-complete"] == "true"
