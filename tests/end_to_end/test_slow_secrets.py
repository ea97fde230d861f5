"""What a step's environment is made of may be slow, silent or nothing a process can have: its own step alone waits for that, or fails with the reason."""

import os

from projects import project, shell
from waiting import wait_until

SECRET = """  - key: locked
    run: {plugin: exec, env: {TOKEN: "${secret:TOKEN}"}, command: [/bin/sh, -c, 'echo "token $TOKEN"']}
"""


def program(tmp_path, text):
    path = tmp_path / "pass"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return {"ASSETD_SECRETS_COMMAND": str(path)}


def test_a_slow_program_for_secrets_delays_no_other_step_and_no_answer(start, tmp_path):
    daemon = start(project(SECRET, shell("free", "true")), env=program(tmp_path, f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; echo sesame"))
    locked = daemon.run("locked")
    step = wait_until(lambda: next((s for s in daemon.items(f"/runs/{locked}/steps") if s["status"] == "starting" and s["blocked_by"]), None), "its wait is explained")
    assert step["blocked_by"][0]["what"] == "environment" and "secrets and env_file" in step["blocked_by"][0]["detail"]
    free = daemon.run("free")
    assert daemon.wait(free)["status"] == "succeeded", "while the other still waits"
    assert daemon.get(f"/runs/{locked}")["status"] == "running"
    (tmp_path / "go").touch()
    assert daemon.wait(locked)["status"] == "succeeded"
    assert daemon.step_log(locked, "locked").strip() == "token sesame"


def test_a_step_that_waits_for_its_secret_is_canceled_at_once_and_survives_a_kill(start, tmp_path):
    daemon = start(project(SECRET), env=program(tmp_path, f"echo asked >> {tmp_path}/asked; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; echo sesame"))
    asked = lambda: len((tmp_path / "asked").read_text().split()) if (tmp_path / "asked").exists() else 0
    canceled = daemon.run("locked")
    wait_until(lambda: asked() == 1, "the program is asked")
    daemon.post(f"/runs/{canceled}/cancel", {})
    assert daemon.wait(canceled)["status"] == "canceled"
    survivor = daemon.run("locked")
    wait_until(lambda: asked() == 2, "the program is asked")
    daemon.kill9()
    daemon.start()
    wait_until(lambda: asked() == 3, "the program is asked again")
    (tmp_path / "go").touch()
    assert daemon.wait(survivor)["status"] == "succeeded"
    assert [a["attempt"] for a in daemon.items("/assets/locked/attempts") if a["status"] == "succeeded"] == [1]


def test_an_env_file_that_is_a_pipe_is_waited_for_by_its_step_alone(start):
    piped = "  - key: piped\n    run: {plugin: exec, env_file: .env, command: [/bin/sh, -c, 'echo \"$TOKEN\"']}\n"
    daemon = start(project(piped, shell("free", "true")))
    os.mkfifo(daemon.project / ".env")
    run = daemon.run("piped")
    assert daemon.wait(daemon.run("free"))["status"] == "succeeded"
    with open(daemon.project / ".env", "w") as pipe:
        pipe.write("TOKEN=sesame\n")
    assert daemon.wait(run)["status"] == "succeeded"
    assert daemon.step_log(run, "piped").strip() == "sesame"


def test_what_no_process_can_be_given_fails_the_step_with_its_reason(start, tmp_path):
    bad = {
        "nul": ("printf 'a\\000b'", "holds a NUL byte"),
        "latin": ("printf 'caf\\351'", "holds bytes that are not UTF-8"),
        "huge": ("head -c 900000 /dev/zero | tr '\\000' x", "Argument list too long"),
    }
    cases = "\n".join(f"  {name}) {script} ;;" for name, (script, _) in bad.items())
    assets = [SECRET.replace("locked", name).replace("secret:TOKEN", f"secret:{name}") for name in bad]
    daemon = start(project(*assets, shell("free", "true")), env=program(tmp_path, f'case "$1" in\n{cases}\nesac\n'))
    run = daemon.run("*")
    assert daemon.wait(run)["status"] == "failed"
    steps = {step["key"]: step for step in daemon.items(f"/runs/{run}/steps")}
    for name, (_, reason) in bad.items():
        assert steps[name]["status"] == "failed" and reason in steps[name]["detail"], steps[name]
    assert steps["free"]["status"] == "succeeded"
    assert all(pool["used"] == 0 for pool in daemon.get("/pools")["items"])
