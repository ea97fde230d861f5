"""Schemathesis walks the OpenAPI document: whatever it sends, answers are as the document says and none is a server error."""

import os
import pathlib
import subprocess
import sys

EXAMPLES = 4  # per operation, beside the systematic cases of its coverage phase: the whole takes some 20 s
# A request that fits the schema may still be wrong: a selection that names nothing, a cursor of another list, 'lines' without a stream.
NOT_CHECKED = "positive_data_acceptance"


def test_answers_as_documented(daemon, tmp_path):
    command = [
        str(pathlib.Path(sys.executable).with_name("schemathesis")), "run", daemon.url + "/api/v1/openapi.json",
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--seed", "1", "--no-shrink", "--exclude-checks", NOT_CHECKED,
        "--header", "Accept: application/json",  # the page of events, not its stream, which has no end
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, env=dict(os.environ, NO_COLOR="1"), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]


def test_the_document_names_every_route_of_the_contract(daemon):
    paths = daemon.get("/openapi.json")["paths"]
    for path in (
        "/assets", "/assets/{key}", "/assets/{key}/materializations", "/assets/{key}/checks", "/assets/{key}/partitions", "/assets/{key}/events",
        "/lineage", "/lineage/status", "/runs", "/runs/{run_id}", "/runs/{run_id}/steps", "/runs/{run_id}/cancel", "/runs/{run_id}/retry", "/runs/{run_id}/priority",
        "/runs/{run_id}/logs", "/schedules", "/schedules/{name}", "/schedules/{name}/ticks", "/schedules/{name}/pause", "/schedules/{name}/resume",
        "/schedules/{name}/trigger", "/pools", "/pools/{name}", "/pools/{name}/reset", "/queue", "/definitions", "/definitions/reload", "/definitions/plan", "/definitions/apply", "/admin/backup", "/events", "/session", "/audit",
        "/sensors", "/sensors/{name}", "/sensors/{name}/ticks", "/sensors/{name}/pause", "/sensors/{name}/resume", "/sensors/{name}/trigger", "/sensors/{name}/dry-run",
        "/sensors/{name}/reset", "/hooks/{name}",
        "/forecast", "/definitions/compiled", "/alerts", "/alerts/{alert_id}", "/alerts/rules", "/alerts/rules/{rule}/test", "/alerts/silences", "/alerts/silences/{silence_id}",
    ):  # fmt: skip
        assert "/api/v1" + path in paths
