"""Steps forked from preloaded processes, from the project's file to the API: when they are, and that they run all the same when they cannot be."""

import os
import signal

import pytest
from process_table import Household, kill9
from waiting import wait_until

STEPS = """
import os, pathlib
from assetd import asset

HERE = pathlib.Path(__file__).parent
LOADED_BY = os.getpid()
VERSION = 1


@asset
def one(context):
    context.add_output_metadata({"loaded_by": LOADED_BY, "version": VERSION, "secret": os.environ.get("KEY", "") == "sesame-open"})


@asset(deps=["one"])
def two(context):
    context.add_output_metadata({"loaded_by": LOADED_BY})
"""
PROJECT = "name: test\nimports:\n  - {plugin: python, name: steps, module: steps, working_dir: ., env: {KEY: '${secret:KEY}'}}\n"
SECRET = {"ASSETD_SECRET_KEY": "sesame-open"}


@pytest.fixture
def make(make_daemon):
    """A daemon that is started on a module and a project."""
    def made(module=STEPS, project=PROJECT):
        daemon = make_daemon(project, env=SECRET)
        (daemon.project / "steps.py").write_text(module)
        return daemon.start()

    return made


def facts(daemon, key):
    return daemon.get(f"/assets/{key}")["last_materialization"]["metadata"]


def value(metadata, name):
    found = metadata[name]
    return found["raw_value"] if isinstance(found, dict) else found


def succeed(daemon, select="*"):
    run = daemon.run(select)
    assert daemon.wait(run)["status"] == "succeeded", daemon.get(f"/runs/{run}")
    return daemon.steps(run)


def warm(steps):
    return {key: [attempt["warm"] for attempt in step["attempts"]] for key, step in steps.items()}


def test_steps_of_an_import_are_forks_of_one_worker_that_is_loaded_when_the_first_asks(make):
    daemon = make()
    assert not Household(daemon.data).workers, "an idle daemon has none"
    steps = succeed(daemon)
    assert warm(steps) == {"one": [True], "two": [True]} and all(step["warm"] for step in steps.values())
    [worker] = Household(daemon.data).workers
    assert {value(facts(daemon, key), "loaded_by") for key in ("one", "two")} == {worker}
    assert value(facts(daemon, "one"), "secret") is True
    daemon.stop()
    daemon.start()
    assert warm(daemon.steps("1")) == {"one": [True], "two": [True]}, "it is stored"


def test_a_worker_is_loaded_while_the_steps_above_it_still_run(make):
    above = "assets:\n  - {key: slow, run: {plugin: exec, command: [sh, -c, 'until [ -e go ]; do sleep 0.02; done']}}\n"
    daemon = make(STEPS.replace("@asset\ndef one", "@asset(deps=['slow'])\ndef one"), PROJECT + above)
    run = daemon.run("*")
    seen = wait_until(lambda: Household(daemon.data).workers, "a worker is there")  # for a moment perhaps with a child of its imports
    assert daemon.steps(run)["one"]["status"] == "pending"
    (daemon.project / "go").touch()
    assert daemon.wait(run)["status"] == "succeeded"
    assert value(facts(daemon, "one"), "loaded_by") in seen


def test_secrets_are_in_nothing_that_is_written(make):
    daemon = make(STEPS + "\nprint('loaded')\n")
    succeed(daemon)
    written = [path for path in daemon.project.rglob("*") if path.is_file() and path.name != "steps.py"]
    assert (daemon.data / "workers" / "steps.log") in written
    assert not [path for path in written if b"sesame-open" in path.read_bytes()]


@pytest.mark.parametrize("place", ["import", "project"])
def test_warm_false_turns_it_off(make, place):
    daemon = make(project=PROJECT.replace("working_dir: .,", "working_dir: ., warm: false,") if place == "import" else PROJECT + "warm: false\n")
    assert warm(succeed(daemon)) == {"one": [False], "two": [False]}
    assert not Household(daemon.data).workers


def test_changed_code_is_what_runs_next(make):
    daemon = make()
    succeed(daemon)
    assert value(facts(daemon, "one"), "version") == 1
    (daemon.project / "steps.py").write_text(STEPS.replace("VERSION = 1", "VERSION = 2"))
    assert warm(succeed(daemon, "one")) == {"one": [True]}
    assert value(facts(daemon, "one"), "version") == 2


def test_a_module_that_starts_threads_runs_cold_and_the_log_says_why(make):
    daemon = make(STEPS + "\nimport threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n")
    assert warm(succeed(daemon)) == {"one": [False], "two": [False]}
    log = (daemon.data / "supervisor.log").read_text()
    assert "started threads" in log and "steps are started without it" in log


LOADS_SLOWLY = "\nimport sys, threading\nwhile 'serve' in sys.argv and not (HERE / 'go').exists():\n    threading.Event().wait(0.02)\n"


def test_a_step_whose_worker_is_still_loading_says_so_and_blames_nobody(make):
    daemon = make(STEPS + LOADS_SLOWLY)
    run = daemon.run("one")
    (why,) = wait_until(lambda: daemon.steps(run)["one"]["blocked_by"], "it says what it waits for")
    assert why["what"] == "worker" and "preloaded process" in why["detail"], why
    (waiting,) = daemon.items("/queue")
    assert [each["what"] for each in waiting["blocked_by"]] == ["worker"]
    (daemon.project / "go").touch()
    assert daemon.wait(run)["status"] == "succeeded"
    assert warm(daemon.steps(run)) == {"one": [True]}


HANGS = "\nimport sys\nif 'serve' in sys.argv:\n    import signal\n    (HERE / 'hangs').touch()\n    signal.pause()\n"


def test_a_worker_that_hangs_holds_up_no_cancel_and_killed_no_step(make):
    daemon = make(STEPS + HANGS)
    run = daemon.run("one")
    wait_until((daemon.project / "hangs").exists, "the worker hanging")
    assert daemon.request("POST", f"/runs/{run}/cancel", {}).status == 202
    assert daemon.wait(run)["status"] == "canceled"
    run = daemon.run("one")
    daemon.wait_step(run, "one", "starting", "running")
    for worker in Household(daemon.data).workers:
        kill9(worker)
    assert daemon.wait(run)["status"] == "succeeded"
    assert warm(daemon.steps(run)) == {"one": [False]}


def test_a_worker_that_is_killed_costs_no_step(make):
    daemon = make()
    for _ in range(3):
        succeed(daemon)
        for worker in Household(daemon.data).workers:
            os.kill(worker, signal.SIGKILL)
    succeed(daemon)
    wait_until(lambda: warm(succeed(daemon)) == {"one": [True], "two": [True]}, "steps forked again")


def test_a_step_outlives_the_daemon_and_is_known_as_warm(make):
    daemon = make(STEPS.replace("def one(context):", "def one(context):\n    import threading\n    (HERE / 'begun').touch()\n    while not (HERE / 'go').exists():\n        threading.Event().wait(0.01)"))
    run = daemon.run("one")
    wait_until((daemon.project / "begun").exists, "the step begun")
    wait_until(lambda: daemon.steps(run)["one"]["warm"], "the daemon knows it")
    daemon.kill9()
    daemon.start()
    (daemon.project / "go").touch()
    assert daemon.wait(run)["status"] == "succeeded"
    assert warm(daemon.steps(run)) == {"one": [True]}
