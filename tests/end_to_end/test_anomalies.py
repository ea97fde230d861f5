"""The ready-made check of row counts: judged by the daemon, by the past, once."""

import json

from projects import copy_example, project, shell

REPORT = r"""rows=$(cat rows); python3 - "$rows" <<'PY'
import base64, json, os, sys, zlib
params = json.loads(zlib.decompress(base64.b64decode(os.environ["DAGSTER_PIPES_MESSAGES"])))
with open(params["path"], "a") as out:
    out.write(json.dumps({"__dagster_pipes_version": "0.1", "method": "report_asset_materialization",
        "params": {"asset_key": os.environ["ASSETD_ASSET_KEY"], "metadata": {"row_count": {"raw_value": int(sys.argv[1]), "type": "int"}}, "data_version": None}}) + "\n")
PY
"""
CHECKS = "checks:\n  - {name: rows_as_usual, anomaly: {metric: row_count, sigma: 3, last: 6, min: 3}, severity: %s, blocking: %s}\n"


def watched(severity="warn", blocking="false"):
    return project(shell("events", REPORT, more=CHECKS % (severity, blocking)), shell("below", "true", ["events"]))


def materialize(daemon, rows):
    (daemon.project / "rows").write_text(str(rows))
    run = daemon.run("*")
    daemon.wait(run)
    (check,) = daemon.steps(run)["events"]["checks"]
    return run, check


def test_a_count_that_stands_out_is_a_warning_with_what_is_usual(start):
    daemon = start(watched())
    for rows in (100, 101, 99):
        run, check = materialize(daemon, rows)
        assert check["status"] == "passed" and "not judged yet" in check["detail"], check
    run, check = materialize(daemon, 100)
    assert (check["status"], check["metadata"]["n"], check["metadata"]["mean"]) == ("passed", 3, 100.0)
    run, check = materialize(daemon, 7)
    assert check["status"] == "warned" and check["detail"].startswith("row_count is 7, usual is "), check
    assert daemon.get(f"/runs/{run}")["status"] == "succeeded"
    assert check["metadata"]["value"] == 7 and check["metadata"]["lower"] > 90
    assert [each["metadata"]["value"] for each in daemon.items("/assets/events/checks?check=rows_as_usual")] == [7, 100, 99, 101, 100]
    assert daemon.get("/assets/events")["check_definitions"][0]["anomaly"] == {"metric": "row_count", "sigma": 3.0, "last": 6, "min": 3}


def test_a_blocking_one_holds_back_what_is_below_and_its_data_does_not_become_usual(start):
    daemon = start(watched("error", "true"))
    for rows in (100, 101, 99):
        materialize(daemon, rows)
    for _ in range(2):
        run, check = materialize(daemon, 5000)
        assert check["status"] == "failed"
        assert daemon.statuses(run) == {"events": "failed", "below": "skipped"}
        assert check["metadata"]["mean"] == 100.0, "what failed is no past to go by"
    daemon.kill9()
    daemon.start()
    daemon.post(f"/runs/{run}/checks/rows_as_usual/waive", {"reason": "a campaign"})
    retried = daemon.retry(run)
    assert daemon.wait(retried)["status"] == "succeeded"
    assert daemon.steps(retried)["events"]["checks"][0]["status"] == "warned"
    _, check = materialize(daemon, 101)
    assert check["metadata"]["mean"] > 1000, "what was let pass belongs to the past"


def test_checks_alone_do_not_make_the_asset(start):
    daemon = start(watched())
    answer = daemon.request("POST", "/runs", {"select": "events", "steps": "checks"})
    assert answer.status == 422 and "none of these assets has a check" in json.dumps(answer.json)


def test_a_command_is_not_run_for_the_checks_that_it_reports(start):
    """It cannot be told that checks alone are wanted: it would make its asset, and nobody would know."""
    checks = "checks: [{name: said%s}]"
    daemon = start(project(shell("a", "echo a >> made", [], checks % ""), shell("b", "echo b >> made", [], checks % ", run: {command: [sh, -c, 'echo checked >> made']}")))
    refused = daemon.ctl("check", "a")
    assert refused.returncode != 0 and "a command" in refused.stderr and not (daemon.project / "made").exists()
    assert daemon.ctl("check", "*", "--wait").returncode == 0
    assert (daemon.project / "made").read_text() == "checked\n"


def test_the_example_does_what_its_readme_says(start, tmp_path):
    daemon = start(copy_example("checks", tmp_path))
    (daemon.project / "duplicates").touch()
    assert daemon.ctl("materialize", "*", "--wait").returncode == 1
    assert daemon.ctl("waive", "1", "no_duplicates", "--reason", "the supplier knows", "--for", "2h").returncode == 0
    assert daemon.ctl("runs", "retry", "1", "--wait").returncode == 0
    assert "waived above" in daemon.ctl("assets", "show", "report").stdout
    (daemon.project / "duplicates").unlink()
    for _ in range(5):
        assert daemon.ctl("materialize", "orders", "--wait").returncode == 0
    assert daemon.ctl("waivers").stdout == "no check is waived\n"
    (daemon.project / "rows").write_text("12")
    assert daemon.ctl("materialize", "orders", "--wait").returncode == 0
    table = daemon.ctl("assets", "checks", "orders", "--check", "rows_as_usual").stdout
    assert "warned" in table and "row_count is 12" in table, table
