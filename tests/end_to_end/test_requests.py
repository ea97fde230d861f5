"""What the API says to requests that are wrong, and that nothing is lost by them."""

import json

import pytest
from projects import project, shell


@pytest.fixture
def daemon(start):
    return start(project(shell("gold_customers", "true"), shell("model", "true", ["gold_customers"])))


def problem(answer, status):
    assert answer.status == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body = answer.json
    assert body["status"] == status and body["type"] and body["title"] and body["detail"]
    return body


def test_malformed_json_is_400(daemon):
    problem(daemon.request("POST", "/runs", b'{"select": '), 400)


@pytest.mark.parametrize("body, pointer", [
    ({}, "/select"), ({"select": 7}, "/select"), ({"select": "*", "stesp": "all"}, "/stesp"), ({"select": "*", "steps": "some"}, "/steps"),
    ({"select": "*", "options": {"dbt": {"full_refrsh": True}}}, "/options/dbt")])
def test_a_body_that_parses_but_is_wrong_is_422_and_points_at_it(daemon, body, pointer):
    errors = problem(daemon.request("POST", "/runs", body), 422)["errors"]
    assert any(error["pointer"].startswith(pointer) for error in errors), errors


def test_an_oversized_body_is_413(daemon):
    big = json.dumps({"select": "*", "tags": {"x": "y" * (32 << 20)}}).encode()
    try:
        answer = daemon.request("POST", "/runs", big)
    except OSError:
        return  # refused before it was all sent: the connection is closed
    problem(answer, 413)


@pytest.mark.parametrize("path", ["/runs/999", "/runs/999/steps", "/runs/abc", "/assets/nobody", "/schedules/nobody", "/nowhere"])
def test_what_does_not_exist_is_404(daemon, path):
    problem(daemon.request("GET", path), 404)


def test_an_unknown_asset_names_the_nearest(daemon):
    assert "gold_customers" in problem(daemon.request("GET", "/assets/gold_custmers"), 404)["detail"]
    body = problem(daemon.request("POST", "/runs", {"select": "model or gold_custmers"}), 422)
    assert "gold_customers" in body["detail"] and "column 10" in body["detail"]


@pytest.mark.parametrize("select", ["", " model", "model ", "model  or gold_customers", "model,gold_customers", "model and gold_customers"])
def test_a_selection_that_is_wrong_or_empty_is_422(daemon, select):
    problem(daemon.request("POST", "/runs", {"select": select}), 422)
    assert daemon.items("/runs") == []


def test_a_foreign_host_or_origin_is_refused(daemon):
    assert daemon.request("GET", "/assets", headers={"host": "evil.example"}).status in (400, 403, 421)
    assert daemon.request("POST", "/runs", {"select": "*"}, headers={"origin": "http://evil.example"}).status == 403
    assert daemon.items("/runs") == []


def test_dry_run_plans_and_does_nothing(daemon):
    answer = daemon.request("POST", "/runs", {"select": "+model", "dry_run": True})
    assert answer.status == 200
    assert [step["key"] for step in answer.json["steps"]] == ["gold_customers", "model"]
    assert daemon.items("/runs") == []
