"""Who is told what, once, and that it arrives: receivers that fail, hang or come late, and a daemon that is killed between."""

import datetime
import email
import email.policy
import hashlib
import hmac
import json
import pathlib
import socket
import subprocess
import sys

import pytest
from daemon import Refused
from projects import copy_example, project, say, shell, waits_for
from receiver import MailServer, Webhook
from waiting import wait_until

KEY = "the key of the signature"


@pytest.fixture
def webhook():
    made = []

    def make(*answers, port=0):
        made.append(Webhook(answers, port))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def mail_server():
    server = MailServer()
    yield server
    server.close()


def rules(*lines):
    return "alerts:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


def ops(more="", on="run_failed"):
    return f'name: ops, on: [{on}], webhook: "${{secret:OPS}}"' + (f", {more}" if more else "")


def secrets(**values):
    return {"no_proxy": "127.0.0.1", **{f"ASSETD_SECRET_{name}": value for name, value in values.items()}}


FAILS = shell("root", "echo broken; exit 3", more='owners: ["team:growth"]\nrunbook: https://wiki.example/root')
BELOW = [shell(f"b{i}", "true", ["root"]) for i in range(5)]


def alerts(daemon, query=""):
    return daemon.items("/alerts" + query)


def wait_state(daemon, state, count=1):
    return wait_until(lambda: (found := alerts(daemon, f"?state={state}")) and len(found) == count and found, f"{count} alerts {state}: {alerts(daemon)}")


def test_an_alert_is_delivered_to_a_receiver_that_fails_twice_first(start, webhook):
    receiver = webhook(500, 503)
    daemon = start(project(FAILS, *BELOW, head=rules(ops('secret: "${secret:OPS_KEY}"'))), env=secrets(OPS=receiver.url + "/T0/x", OPS_KEY=KEY))
    run = daemon.run("*")
    assert daemon.wait(run)["status"] == "failed"
    (alert,) = wait_state(daemon, "delivered")
    assert (alert["attempts"], alert["last_error"], alert["next_attempt_at"]) == (3, None, None)
    assert (alert["run_id"], alert["asset"], alert["reason"], alert["skipped"], alert["rule"], alert["event"]) == (run, "root", "exit_code", 5, "ops", "run_failed")
    assert len(receiver.requests) == 3
    assert len({body for _, _, body in receiver.requests}) == 1, "each attempt says the same"
    for path, headers, raw in receiver.requests:
        assert path == "/T0/x"
        assert headers["Idempotency-Key"] == headers["Assetd-Alert"] == alert["id"]
        assert headers["Content-Type"] == "application/json"
        parts = dict(part.split("=") for part in headers["Assetd-Signature"].split(","))
        assert hmac.compare_digest(parts["v1"], hmac.new(KEY.encode(), f"{parts['t']}.".encode() + raw, hashlib.sha256).hexdigest())
        assert abs(int(parts["t"]) - datetime.datetime.now(datetime.timezone.utc).timestamp()) < 120
    body = receiver.bodies()[0]
    assert body == daemon.get(f"/alerts/{alert['id']}")["body"]
    assert body["id"] == alert["id"]
    assert body["run"] == {"id": run, "url": f"{daemon.url}/runs/{run}", "select": "*", "job": None, "trigger": "api"}
    assert [body[name] for name in ("rule", "event", "asset", "step", "check", "reason", "skipped", "owners", "runbook", "project")] == [
        "ops", "run_failed", "root", "root", None, "exit_code", 5, ["team:growth"], "https://wiki.example/root", "test"]  # fmt: skip
    assert [cause["key"] for cause in body["root_causes"]] == ["root"]
    assert "5 steps were skipped because of it" in body["title"]
    # What is secret stays so, wherever one looks.
    shown = json.dumps(daemon.get("/alerts/rules")) + json.dumps(daemon.get("/alerts")) + json.dumps(daemon.get("/definitions")) + daemon.log()
    assert "/T0/x" not in shown and KEY not in shown
    assert (b"/T0/x" not in (daemon.data / "store.sqlite").read_bytes()) and (b"/T0/x" not in (daemon.data / "store.sqlite-wal").read_bytes())
    table = daemon.ctl("alerts", "list").stdout
    assert "delivered" in table and "root failed (exit_code) in run" in table, table
    assert [event["changes"]["state"] for event in daemon.request("GET", "/events?types=alert_changed", headers={"accept": "application/json"}).json["items"]] == ["delivered", "pending", "pending", "pending"]


def test_what_was_not_delivered_goes_on_after_a_kill(start, webhook):
    first = webhook(*[500] * 50)
    daemon = start(project(FAILS, head=rules(ops())), env=secrets(OPS=first.url))
    daemon.wait(daemon.run("*"))
    pending = wait_until(lambda: [each for each in alerts(daemon, "?state=pending") if each["attempts"] > 0], "a failed attempt")[0]
    assert pending["last_error"] == "the webhook answered HTTP 500" and pending["next_attempt_at"]
    daemon.kill9()
    told = len(first.requests)
    first.answers.clear()
    daemon.start()
    (alert,) = wait_state(daemon, "delivered")
    assert alert["id"] == pending["id"] and alert["attempts"] > pending["attempts"]
    assert {headers["Idempotency-Key"] for _, headers, _ in first.requests} == {alert["id"]}
    assert len(first.requests) > told


def test_a_receiver_that_hangs_delays_nobody_and_is_tried_again(start, webhook):
    receiver = webhook()
    lines = [ops("timeout: 300ms"), ops().replace("ops", "quick").replace("OPS", "QUICK")]
    daemon = start(project(FAILS, shell("well", "true"), head=rules(*lines)), env=secrets(OPS=receiver.url + "/hang", QUICK=receiver.url + "/quick"))
    daemon.wait(daemon.run("root"))
    (quick,) = wait_state(daemon, "delivered")
    assert quick["rule"] == "quick"
    hanging = wait_until(lambda: [each for each in alerts(daemon, "?state=pending&rule=ops") if each["attempts"] > 0], "an attempt that took too long")[0]
    assert hanging["last_error"] == "the webhook: no answer within 300 ms"
    assert daemon.wait(daemon.run("well"), seconds=20)["status"] == "succeeded", "steps are not delayed either"
    receiver.release.set()
    wait_state(daemon, "delivered", 2)


def test_stopping_does_not_wait_for_a_receiver_that_hangs(start, webhook):
    receiver = webhook()
    daemon = start(project(FAILS, head=rules(ops("timeout: 60s"))), env=secrets(OPS=receiver.url + "/hang"))
    daemon.wait(daemon.run("root"))
    wait_until(lambda: receiver.requests, "the attempt")
    assert daemon.stop(seconds=20) == 0
    receiver.release.set()
    daemon.start()
    wait_state(daemon, "delivered")


def test_stopping_kills_a_program_that_hangs_and_it_is_told_after_the_start(start):
    told = 'cat > told; if [ -e mended ]; then exit 0; fi; trap "" TERM; setsid sleep 600 & echo $! > left.new; mv left.new left; wait; sleep 600'
    daemon = start(project(FAILS, head=rules("name: page, on: [run_failed], timeout: 60s, program: [/bin/sh, tell.sh]")))
    (daemon.project / "tell.sh").write_text(told + "\n")
    daemon.wait(daemon.run("root"))
    wait_until((daemon.project / "left").exists, "the program hangs")
    assert daemon.stop(seconds=20) == 0
    stat = pathlib.Path("/proc") / (daemon.project / "left").read_text().strip() / "stat"
    wait_until(lambda: not stat.exists() or ") Z" in stat.read_text(), "what the program started is gone with it")
    (daemon.project / "mended").touch()
    daemon.start()
    (alert,) = wait_state(daemon, "delivered")
    assert alert["attempts"] == 1, "the one that was cut off is none"


def test_a_program_finds_the_projects_environment(start):
    env = 'env: {REGION: eu, TOKEN: "${secret:T}"}\n'
    daemon = start(project(FAILS, head=env + rules('name: page, on: [run_failed], program: [/bin/sh, -c, "echo $REGION $TOKEN > told"]')), env=secrets(T="hush"))
    daemon.wait(daemon.run("root"))
    wait_state(daemon, "delivered")
    assert (daemon.project / "told").read_text() == "eu hush\n"


def test_a_secret_that_is_missing_is_named_and_looked_up_again(start, webhook, tmp_path):
    receiver = webhook()
    file = tmp_path / "secrets"
    file.write_text("OTHER=x\n")
    daemon = start(project(FAILS, head=rules(ops())), env={"ASSETD_SECRETS_FILE": str(file), "no_proxy": "127.0.0.1"})
    daemon.wait(daemon.run("root"))
    found = wait_until(lambda: [each for each in alerts(daemon, "?state=pending") if each["attempts"] > 0], "an attempt")[0]
    assert 'there is no secret "OPS"' in found["last_error"]
    file.write_text(f"OPS={receiver.url}\n")
    wait_state(daemon, "delivered")


def test_one_alert_is_given_up_after_its_time(start, webhook):
    receiver = webhook(*[500] * 50)
    daemon = start(project(FAILS, head=rules(ops("give_up: 1s"))), env=secrets(OPS=receiver.url))
    daemon.wait(daemon.run("root"))
    (alert,) = wait_state(daemon, "failed")
    assert alert["last_error"] == "the webhook answered HTTP 500" and alert["next_attempt_at"] is None
    assert "given up: the webhook answered HTTP 500" in daemon.ctl("alerts", "list").stdout
    assert "is given up" in daemon.log()


def test_one_root_cause_is_told_once_until_it_is_mended(start, webhook):
    receiver = webhook()
    breaks = shell("root", "[ -e mended ]")
    daemon = start(project(breaks, *BELOW, shell("other", "exit 4"), head=rules(ops("repeat: 1h"))), env=secrets(OPS=receiver.url))
    daemon.wait(daemon.run("*"))
    both = wait_state(daemon, "delivered", 2)
    assert {(each["asset"], each["skipped"]) for each in both} == {("root", 5), ("other", 0)}, "one of each root cause, none of what is skipped"
    daemon.wait(daemon.run("root+"))
    daemon.wait(daemon.run("root+"))
    again = {each["asset"]: each["repeats"] for each in alerts(daemon)}
    assert again == {"root": 2, "other": 0}, "the same once more within the repeat interval is counted"
    assert "came again 2 times" in daemon.ctl("alerts", "list").stdout
    (daemon.project / "mended").touch()
    assert daemon.wait(daemon.run("root+"))["status"] == "succeeded"
    assert next(each for each in alerts(daemon) if each["asset"] == "root")["resolved_at"]
    (daemon.project / "mended").unlink()
    daemon.kill9()  # what is open and what is over outlives the daemon
    daemon.start()
    daemon.wait(daemon.run("root+ or other"))
    wait_state(daemon, "delivered", 3)
    assert sorted(each["asset"] for each in alerts(daemon)) == ["other", "root", "root"], "what was well in between is told anew"


def test_a_failing_check_and_the_run_that_it_fails_are_one_alert(start, webhook):
    receiver = webhook()
    checked = shell("a", "true", more="checks: [{name: rows, run: {plugin: exec, command: [/bin/sh, -c, 'exit 1']}, severity: error, blocking: true}]")
    daemon = start(project(checked, shell("b", "true", ["a"]), head=rules(ops(on="run_failed, check_failed"), 'name: runs, on: [run_failed], webhook: "${secret:OPS}"')),
                   env=secrets(OPS=receiver.url))  # fmt: skip
    daemon.wait(daemon.run("*"))
    found = wait_state(daemon, "delivered", 2)
    assert {(each["rule"], each["event"], each["cause"]) for each in found} == {("ops", "check_failed", "a:rows"), ("runs", "run_failed", "a:rows")}


def test_data_that_is_too_old_is_told_and_is_over_with_new_data(start, webhook):
    receiver = webhook(500, 503)
    definitions = project(shell("quick", "true", more='freshness: {within: 1s}\nowners: ["team:growth"]'), head=rules(ops(on="freshness_violated")))
    daemon = start(definitions, env=secrets(OPS=receiver.url))
    (never,) = wait_state(daemon, "delivered")
    assert (never["event"], never["asset"], never["run_id"], never["attempts"], never["resolved_at"]) == ("freshness_violated", "quick", None, 3, None)
    daemon.wait(daemon.run("quick"))
    wait_until(lambda: daemon.get(f"/alerts/{never['id']}")["resolved_at"], "it is over")
    alert = wait_state(daemon, "delivered", 2)[0]
    body = receiver.bodies()[-1]
    assert body["run"] is None and body["owners"] == ["team:growth"] and "was due to be newer by" in body["detail"] and body["title"].startswith("quick is too old: its data is of")
    daemon.wait(daemon.run("quick"))
    wait_until(lambda: daemon.get(f"/alerts/{alert['id']}")["resolved_at"], "it is over")


def test_old_data_does_not_end_that_the_data_is_too_old(start, webhook):
    receiver = webhook()
    asset = shell("f", "python3 say.py", more="freshness: {within: 1h, of: newest}")
    daemon = start(project(asset, head=rules(ops(on="freshness_violated"))), env=secrets(OPS=receiver.url))

    def make(newest):
        say(daemon, ("report_asset_materialization", {"metadata": {"newest": {"raw_value": newest, "type": "text"}}, "data_version": None, "asset_key": "f"}))
        assert daemon.wait(daemon.run("f"))["status"] == "succeeded"

    make("2020-01-01T00:00:00Z")
    (alert,) = wait_state(daemon, "delivered")
    make("2020-01-02T00:00:00Z")
    assert daemon.get(f"/alerts/{alert['id']}")["resolved_at"] is None, "a step that succeeds makes nothing fresh"
    make(datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
    wait_until(lambda: daemon.get(f"/alerts/{alert['id']}")["resolved_at"], "it is over")
    assert len(alerts(daemon)) == 1


def test_a_failure_is_told_though_the_data_is_too_old_already(start, webhook):
    receiver = webhook()
    definitions = project(shell("g", "[ ! -e bad ]", more="freshness: {within: 1s}"), shell("h", "true", ["g"]), head=rules(ops(on="run_failed, freshness_violated")))
    daemon = start(definitions, env=secrets(OPS=receiver.url))
    wait_state(daemon, "delivered")
    (daemon.project / "bad").touch()
    daemon.wait(daemon.run("*"))
    found = wait_state(daemon, "delivered", 2)
    assert {(each["event"], each["asset"], each["skipped"], each["repeats"]) for each in found} == {("freshness_violated", "g", 0, 0), ("run_failed", "g", 1, 0)}


def test_what_was_never_made_is_told_once_it_is_overdue(start, webhook):
    receiver = webhook()
    sensor = "sensors:\n  - {name: mends, asset: {select: never, on: [freshness_violated]}, select: other}\n"
    definitions = project(shell("never", "true", more="freshness: {within: 1s}"), shell("other", "true"), head=rules(ops(on="freshness_violated")) + sensor)
    daemon = start(definitions, env=secrets(OPS=receiver.url))
    (alert,) = wait_state(daemon, "delivered")
    assert alert["asset"] == "never" and "it was never made and was due by" in receiver.bodies()[0]["title"]
    wait_until(lambda: [run for run in daemon.items("/runs") if run["trigger"]["kind"] == "sensor"], "the sensor's run")
    daemon.kill9()
    daemon.start()
    daemon.wait(daemon.run("never"))
    wait_until(lambda: daemon.get(f"/alerts/{alert['id']}")["resolved_at"], "it is over")
    assert [each["id"] for each in alerts(daemon)][-1] == alert["id"] and alerts(daemon)[-1]["repeats"] == 0, "the restart did not tell it again"


def test_an_alert_of_a_divided_asset_names_its_partitions_until_none_of_them_is_failed(start, webhook):
    receiver = webhook()
    divided = shell("p", "! test -e bad.$ASSETD_PARTITION", more="partitions: {static: [one, two, three]}")
    daemon = start(project(divided, head=rules(ops())), env=secrets(OPS=receiver.url))
    for name in ("one", "three"):
        (daemon.project / f"bad.{name}").touch()
    run = daemon.run("p", partitions="all")
    assert daemon.wait(run)["status"] == "failed"
    (alert,) = wait_state(daemon, "delivered")
    body = receiver.bodies()[0]
    assert (body["partitions"], body["more_partitions"], body["root_causes"][0]["partitions"]) == (["one", "three"], 0, ["one", "three"])
    assert body["title"].startswith(f"partitions one, three of p failed (exit_code) in run {run}")

    def make(partition):
        assert daemon.wait(daemon.run("p", partitions=[partition]))["status"] == "succeeded"
        return daemon.get(f"/alerts/{alert['id']}")["resolved_at"]

    assert make("two") is None
    assert daemon.ctl("ack", "p").returncode == 0, "the last attempt is not the one that failed"
    needs = daemon.get("/overview")["needs_you"]
    assert [(need["kind"], need["key"]) for need in needs] == [("partitions_failed", "p")] and "one, three" in needs[0]["detail"]
    (daemon.project / "bad.one").unlink()
    assert make("one") is None and daemon.get("/assets/p")["acknowledged"]
    daemon.kill9()
    daemon.start()
    (daemon.project / "bad.three").unlink()
    assert make("three") and daemon.get("/assets/p")["acknowledged"] is None
    assert len(receiver.requests) == 1, "one root cause, one alert"
    refused = daemon.ctl("ack", "p")
    assert refused.returncode != 0 and "no partition of 'p' is failed" in refused.stderr + refused.stdout


def test_rules_choose_by_event_selection_and_owner(start, webhook):
    receiver = webhook()
    daemon = start(
        project(FAILS, shell("other", "exit 1"), shell("well", "true"), shell("slow", waits_for("never")), head=rules(
            ops().replace("ops", "growth") + ', owners: ["team:growth"]',
            ops().replace("ops", "chosen") + ", select: other",
            ops(on="run_succeeded").replace("ops", "well"),
            ops(on="run_canceled").replace("ops", "canceled"))),
        env=secrets(OPS=receiver.url))  # fmt: skip
    daemon.wait(daemon.run("root or other"))
    daemon.wait(daemon.run("well"))
    slow = daemon.run("slow")
    daemon.wait_step(slow, "slow", "running")
    daemon.post(f"/runs/{slow}/cancel")
    daemon.wait(slow)
    found = wait_state(daemon, "delivered", 4)
    assert {(each["rule"], each["asset"]) for each in found} == {("growth", "root"), ("chosen", "other"), ("well", None), ("canceled", None)}
    assert [each["rule"] for each in alerts(daemon, f"?run={slow}")] == ["canceled"]


def test_a_silence_holds_back_until_it_ends(start, webhook):
    receiver = webhook()
    daemon = start(project(FAILS, shell("other", "exit 1"), head=rules(ops("repeat: 0s"))), env=secrets(OPS=receiver.url))
    made = daemon.ctl("--output", "json", "alerts", "silence", "--for", "1h", "--select", "root", "--reason", "maintenance")
    silence = json.loads(made.stdout)["id"]
    daemon.kill9()
    daemon.start()
    daemon.wait(daemon.run("root or other"))
    assert [each["asset"] for each in wait_state(daemon, "delivered")] == ["other"]
    (held,) = alerts(daemon, "?state=silenced")
    assert (held["asset"], held["silence"], held["attempts"]) == ("root", silence, 0)
    assert "maintenance" in daemon.ctl("alerts", "silences").stdout
    assert daemon.ctl("alerts", "unsilence", silence).returncode == 0
    assert daemon.ctl("alerts", "unsilence", silence).returncode == 2
    assert daemon.get("/alerts/silences")["items"] == []
    daemon.wait(daemon.run("root"))
    assert {each["asset"] for each in wait_state(daemon, "delivered", 2)} == {"other", "root"}
    actions = {entry["action"]: entry for entry in daemon.get("/audit")["items"]}
    assert actions["alert.silence"]["detail"]["reason"] == "maintenance" and "alert.unsilence" in actions
    for body, status in (({"until": "2020-01-01T00:00:00Z"}, 422), ({"until": "soon"}, 422), ({"until": "2099-01-01T00:00:00Z", "rule": "opps"}, 404),
                         ({"until": "2099-01-01T00:00:00Z", "select": "nowhere"}, 422), ({}, 422)):  # fmt: skip
        with pytest.raises(Refused) as refused:
            daemon.post("/alerts/silences", body)
        assert refused.value.answer.status == status, refused.value


def test_slack_gets_its_own_form(start, webhook):
    receiver = webhook()
    daemon = start(project(FAILS, head=rules(ops("form: slack"))), env=secrets(OPS=receiver.url))
    run = daemon.run("root")
    daemon.wait(run)
    wait_state(daemon, "delivered")
    (message,) = receiver.bodies()
    assert set(message) == {"text", "blocks"}
    assert message["text"].startswith(f"root failed (exit_code) in run {run}")
    assert f"<{daemon.url}/runs/{run}|run {run}>" in message["blocks"][1]["elements"][0]["text"]


def test_a_mail_and_a_program_are_told(start, mail_server):
    daemon = start(project(FAILS, head=rules(
        f'name: mail, on: [run_failed], email: {{server: "{mail_server.url}", from: assetd@example.com, to: [ops@example.com, "on-call@example.com"]}}',
        'name: program, on: [run_failed], program: [/bin/sh, -c, "cat > told.$ASSETD_ALERT_ID"]',
        'name: broken, on: [run_failed], give_up: 1s, program: [/bin/sh, -c, "exit 7"]')), env={"no_proxy": "127.0.0.1"})  # fmt: skip
    run = daemon.run("root")
    daemon.wait(run)
    found = {each["rule"]: each for each in wait_state(daemon, "delivered", 2)}
    sender, recipients, raw = mail_server.mails[0]
    assert "assetd@example.com" in sender and len(recipients) == 2
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert mail["subject"].startswith(f"root failed (exit_code) in run {run}") and mail["to"] == "ops@example.com, on-call@example.com"
    assert mail["message-id"] == f"<{found['mail']['id']}@assetd>"
    assert f"run: {daemon.url}/runs/{run}" in mail.get_content() and "runbook: https://wiki.example/root" in mail.get_content()
    told = json.loads((daemon.project / f"told.{found['program']['id']}").read_text())
    assert told["asset"] == "root" and told["id"] == found["program"]["id"]
    (broken,) = wait_state(daemon, "failed")
    assert broken["last_error"] == "the program ended with exit code 7"


def test_a_mail_reaches_those_whom_the_server_takes_once(start, mail_server):
    mail_server.refused = ("gone@", "left@")
    to = "[gone@example.com, ops@example.com, left@example.com, on-call@example.com]"
    daemon = start(project(FAILS, head=rules(
        f'name: mail, on: [run_failed], email: {{server: "{mail_server.url}", from: assetd@example.com, to: {to}}}',
        f'name: nobody, on: [run_failed], give_up: 1s, email: {{server: "{mail_server.url}", from: assetd@example.com, to: [gone@example.com]}}')), env={"no_proxy": "127.0.0.1"})  # fmt: skip
    daemon.wait(daemon.run("root"))
    (alert,) = wait_state(daemon, "delivered")
    assert (alert["rule"], alert["attempts"]) == ("mail", 1)
    assert alert["last_error"] == "the mail server refused gone@example.com (550), left@example.com (550)"
    (nobody,) = wait_state(daemon, "failed")
    assert nobody["last_error"] == "the mail server takes none of the addresses: gone@example.com (550)"
    daemon.stop()
    daemon.start()
    assert daemon.get(f"/alerts/{alert['id']}")["last_error"] == alert["last_error"]
    assert "delivered, but: the mail server refused gone@example.com (550)" in daemon.ctl("alerts", "list").stdout
    ((_, recipients, _),) = mail_server.mails
    assert [each.partition("<")[2].partition(">")[0] for each in recipients] == ["ops@example.com", "on-call@example.com"]


def test_a_test_shows_whether_it_arrives(start, webhook):
    receiver = webhook()
    daemon = start(project(FAILS, head=rules(ops())), env=secrets(OPS=receiver.url))
    daemon.post("/alerts/silences", {"until": "2099-01-01T00:00:00Z"})
    assert daemon.ctl("alerts", "test", "opps").returncode == 2
    assert daemon.ctl("alerts", "test", "ops").returncode == 0
    (alert,) = wait_state(daemon, "delivered")
    assert receiver.bodies()[0]["event"] == "test" and alert["run_id"] is None
    first = daemon.post("/alerts/rules/ops/test", headers={"Idempotency-Key": "once"})
    assert daemon.post("/alerts/rules/ops/test", headers={"Idempotency-Key": "once"})["id"] == first["id"]


def test_a_rule_that_is_gone_tells_nobody_and_a_changed_one_its_new_receiver(start, webhook):
    broken, receiver = webhook(*[500] * 99), webhook()
    text = project(FAILS, shell("other", "exit 1"), head=rules(ops("select: root"), ops("select: other").replace("ops", "gone")))
    daemon = start(text, env=secrets(OPS=broken.url, MENDED=receiver.url))
    daemon.wait(daemon.run("*"))
    wait_until(lambda: all(each["attempts"] > 0 for each in alerts(daemon)) and len(alerts(daemon)) == 2, "failed attempts")
    (daemon.project / "assetd.yaml").write_text(project(FAILS, shell("other", "exit 1"), head=rules(ops("select: root").replace("OPS", "MENDED"))))
    daemon.post("/definitions/reload")
    (failed,) = wait_state(daemon, "failed")
    assert failed["last_error"] == "the alert 'gone' is no longer in the definitions: nobody is told"
    assert [each["rule"] for each in wait_state(daemon, "delivered")] == ["ops"]
    assert receiver.bodies()[0]["asset"] == "root"


def test_the_example_runs_as_its_readme_says(start, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = copy_example("alerts", tmp_path)
    out = tmp_path / "receiver.out"
    with open(out, "wb") as taken, subprocess.Popen([sys.executable, folder / "receiver.py", str(port), KEY], stdout=taken, stderr=subprocess.DEVNULL) as receiver:
        try:
            daemon = start(folder, env=secrets(OPS_WEBHOOK=f"http://127.0.0.1:{port}/", OPS_KEY=KEY))
            assert daemon.ctl("materialize", "*", "--wait").returncode == 1
            by_rule = {each["rule"]: each for each in wait_state(daemon, "delivered", 2)}
            assert by_rule["ops"]["attempts"] >= 3 and by_rule["sales"]["attempts"] == 1
            wait_until(lambda: out.read_text().rstrip().endswith("}"), "what the receiver took")
            assert json.loads(out.read_text())["id"] == by_rule["ops"]["id"]
            assert json.loads((folder / "told.jsonl").read_text())["skipped"] == 2
        finally:
            receiver.kill()
