"""The statuses that the contract promises, over the real daemon."""

import gzip
import json
import socket
import urllib.parse
import urllib.request

import pytest

PROBLEM = "application/problem+json"


def status(daemon, method, path, body=None, **headers):
    return daemon.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    "path, expected",
    [
        ("/runs/999999", 404),
        ("/runs/abc", 404),
        ("/runs/999999/steps", 404),
        ("/runs/999999/logs", 404),
        ("/assets/nowhere", 404),
        ("/schedules/nowhere", 404),
        ("/sensors/nowhere", 404),
        ("/sensors/nowhere/ticks", 404),
        ("/sensors/landing/ticks?cursor=forged", 422),
        ("/alerts/nowhere", 404),
        ("/alerts?state=sent", 422),
        ("/alerts?cursor=forged", 422),
        ("/nowhere", 404),
        ("/assets?limit=0", 422),
        ("/assets?limit=1001", 422),
        ("/assets?limit=ten", 422),
        ("/assets?cursor=forged", 422),
        ("/assets?selekt=x", 422),
        ("/assets?select=a,b", 422),
        ("/assets?select=nowhere", 422),
        ("/runs?status=faild", 422),
        ("/runs?since=yesterday", 422),
        ("/runs?cursor=forged", 422),
        ("/events?after=99999999", 410),
        ("/lineage/status?version=99", 409),
    ],
)
def test_reads_that_are_refused(daemon, path, expected):
    answer = status(daemon, "GET", path, Accept="application/json")
    assert answer.status == expected, answer.text
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json
    assert problem["status"] == expected and problem["type"] and problem["title"] and problem["detail"]


@pytest.mark.parametrize(
    "body, expected",
    [
        (b'{"select": ', 400),
        (b"", 422),
        (b"[]", 422),
        (b'{"select": 1}', 422),
        (b'{"selct": "*"}', 422),
        (b'{"select": "*", "steps": "some"}', 422),
        (b'{"select": "nowhere"}', 422),
        (b'{"select": "broken and below"}', 422),
        (b'{"select": "*", "options": {"nowhere": {}}}', 422),
        (b'{"select": "*", "padding": "' + b"x" * 1_100_000 + b'"}', 413),
    ],
)
def test_run_requests_that_are_refused(daemon, body, expected):
    before = daemon.get("/runs?limit=1")["items"][0]["id"]
    answer = status(daemon, "POST", "/runs", body)
    assert answer.status == expected, answer.text
    assert answer.headers["content-type"] == PROBLEM
    if expected == 422:
        assert all({"pointer", "detail"} <= set(error) for error in answer.json.get("errors", []))
    assert daemon.get("/runs?limit=1")["items"][0]["id"] == before


@pytest.mark.parametrize(
    "method, path, body, expected",
    [
        ("POST", "/sensors/nowhere/pause", {}, 404),
        ("POST", "/sensors/nowhere/trigger", {}, 404),
        ("POST", "/sensors/nowhere/dry-run", {}, 404),
        ("POST", "/sensors/landing/pause", {"reason": 3}, 422),
        ("POST", "/sensors/landing/reset", {"cursor": "anywhere"}, 422),
        ("POST", "/sensors/pushed/reset", {}, 409),
        ("POST", "/sensors/pushed/trigger", {}, 409),
        ("POST", "/hooks/nowhere", {}, 404),
        ("POST", "/hooks/landing", {}, 404),
        ("POST", "/hooks/pushed", {"order": 7}, 401),
        ("POST", "/alerts/silences", {"until": "2099-01-01T00:00:00Z", "rule": "nowhere"}, 404),
        ("POST", "/alerts/silences", {"until": "2000-01-01T00:00:00Z"}, 422),
        ("POST", "/alerts/silences", {"until": "tomorrow"}, 422),
        ("POST", "/alerts/silences", {"until": "2099-01-01T00:00:00Z", "select": "a,b"}, 422),
        ("POST", "/alerts/silences", {}, 422),
        ("DELETE", "/alerts/silences/nowhere", None, 404),
        ("POST", "/alerts/rules/nowhere/test", {}, 404),
    ],
)
def test_commands_on_alerts_that_are_refused(daemon, method, path, body, expected):
    answer = status(daemon, method, path, body)
    assert answer.status == expected, answer.text
    assert answer.headers["content-type"] == PROBLEM


def test_other_media_types_are_refused(daemon):
    assert status(daemon, "POST", "/runs", b'{"select": "*"}', content_type="text/plain").status == 415


def test_a_wrong_method_names_the_right_ones(daemon):
    answer = status(daemon, "DELETE", "/runs")
    assert answer.status == 405
    assert {word.strip() for word in answer.headers["allow"].split(",")} == {"GET", "HEAD", "POST", "OPTIONS"}


def test_an_idempotency_key_gives_the_first_answer_again(daemon):
    first = status(daemon, "POST", "/runs", {"select": "beside"}, Idempotency_Key="once")
    again = status(daemon, "POST", "/runs", {"select": "beside"}, Idempotency_Key="once")
    other = status(daemon, "POST", "/runs", {"select": "lake/raw"}, Idempotency_Key="once")
    assert (first.status, again.status, other.status) == (201, 201, 409)
    assert first.json["id"] == again.json["id"]
    daemon.wait(first.json["id"])


def test_a_dry_run_has_no_id(daemon):
    answer = status(daemon, "POST", "/runs", {"select": "+below", "dry_run": True})
    assert answer.status == 200
    assert "id" not in answer.json
    assert [step["key"] for step in answer.json["steps"]] == ["lake/raw", "broken", "below"]


def test_a_skipped_step_names_its_root(daemon, run):
    steps = daemon.steps(run)
    assert {key: step["status"] for key, step in steps.items()} == {
        "lake/raw": "succeeded", "broken": "failed", "below": "skipped", "beside": "succeeded",
    }  # fmt: skip
    assert [cause["key"] for cause in steps["below"]["root_causes"]] == ["broken"]
    assert daemon.get(f"/runs/{run}")["causes"][0]["key"] == "broken"


def test_logs_count_bytes(daemon, run):
    answer = status(daemon, "GET", f"/runs/{run}/logs?step=lake/raw&stream=stdout")
    assert answer.text == "raw\n"
    assert answer.headers["x-next-offset"] == "4"
    assert answer.headers["x-log-complete"] == "true"
    assert daemon.step_log(run, "lake/raw", "stderr") == "oops\n"
    assert daemon.request("GET", f"/runs/{run}/logs").text == "breaks\n", "without a step: that of the cause"


def test_cancel_of_an_ended_run_is_idempotent_or_a_conflict(daemon, run):
    assert status(daemon, "POST", f"/runs/{run}/cancel").status in (202, 409)
    assert status(daemon, "POST", "/runs/999999/cancel").status == 404
    assert status(daemon, "POST", "/runs/999999/retry").status == 404


def test_keys_in_paths(daemon):
    for path in ("/assets/lake:raw", "/assets/lake%2Fraw"):
        assert daemon.get(path)["key"] == "lake/raw"


def test_lineage_is_immutable_and_compressed(daemon):
    answer = status(daemon, "GET", "/lineage", Accept_Encoding="gzip")
    assert answer.headers["content-encoding"] == "gzip"
    lineage = json.loads(gzip.decompress(answer.body))
    assert len(lineage["nodes"]) == 5
    assert status(daemon, "GET", "/lineage", If_None_Match=answer.headers["etag"]).status == 304
    vector = daemon.get("/lineage/status?version=" + lineage["version"])
    assert len(vector["status"]) == len(vector["stale"]) == len(vector["checks"]) == 5


def test_every_list_pages(daemon, run):
    for path in ("/assets", f"/runs/{run}/steps", "/assets/lake:raw/attempts", "/audit"):
        whole = daemon.get(path + "?limit=1000")["items"]
        paged, cursor = [], ""
        while cursor is not None:
            page = daemon.get(path + "?limit=1" + (f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""))
            paged += page["items"]
            cursor = page["next_cursor"]
        assert len(paged) == len(whole) > 0, path


def test_a_foreign_host_is_refused(daemon):
    assert status(daemon, "GET", "/runs", Host="evil.example").status == 421
    assert status(daemon, "POST", "/runs", {"select": "*"}, Origin="https://evil.example").status == 403


def test_events_resume_by_id(daemon):
    newest = daemon.get("/runs?limit=1")["as_of"]
    request = urllib.request.Request(daemon.url + f"/api/v1/events?after={newest - 3}", headers={"Accept": "text/event-stream"})
    with urllib.request.urlopen(request, timeout=20) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        seen = []
        while len(seen) < 3:
            line = stream.readline().decode().strip()
            if line.startswith("id: ") and int(line[4:]) > newest - 3:
                seen.append(int(line[4:]))
    assert seen == [newest - 2, newest - 1, newest]


def test_the_dashboard_or_a_page_that_says_why_not(daemon):
    for path in ("/", "/runs/1"):
        with urllib.request.urlopen(daemon.url + path, timeout=20) as page:
            assert "<html" in page.read().decode()
            assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_bytes_that_are_not_http_do_no_harm(daemon):
    host, port = daemon.url.removeprefix("http://").split(":")
    for garbage in (b"\x16\x03\x01\x00\xa5", b"GET / HTTP/1.1\r\n" + b"x: " + b"y" * 100_000, b"\r\n" * 1000, b"\x00" * 1000):
        with socket.create_connection((host, int(port)), timeout=20) as raw:
            raw.sendall(garbage + b"\r\n\r\n")
            raw.recv(65536)
    assert status(daemon, "GET", "/runs?limit=1").status == 200
