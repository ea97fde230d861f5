"""A step that does with its file of messages what no program should: the daemon and everybody else's steps go on."""

import pathlib
import sys

import pytest
from projects import project, shell
from waiting import wait_until

HEAD = """import base64, json, os, sys, zlib
path = json.loads(zlib.decompress(base64.b64decode(os.environ['DAGSTER_PIPES_MESSAGES'])))['path']
def message(method, **params):
    return json.dumps({'__dagster_pipes_version': '0.1', 'method': method, 'params': params}) + '\\n'
"""

PIPE = "os.mkfifo(path)"
DEVICE = "os.symlink('/dev/zero', path)"
SPARSE = "open(path, 'w').truncate(200 << 30)"
FOLDER = "os.mkdir(path)"
FLOOD = """with open(path, 'w') as file:
    for _ in range(300_000):
        file.write(message('log', level='INFO', message='all is well, as it was the last time and will be the next time'))
    file.write(message('report_asset_materialization', metadata={'rows': 7}))"""


@pytest.fixture
def start_with(make_daemon):
    """A daemon with a step of that program, beside one that does nothing."""
    def start(name, program):
        daemon = make_daemon(project(shell(name, f"exec {sys.executable} {name}.py"), shell("other", "true")))
        (daemon.project / f"{name}.py").write_text(HEAD + program + "\n")
        return daemon.start()
    return start


@pytest.mark.parametrize("program", [PIPE, DEVICE, SPARSE, FOLDER], ids=["pipe", "device", "sparse", "folder"])
def test_what_is_no_file_of_messages_holds_nobody_up(start_with, program):
    daemon = start_with("bad", program)
    run = daemon.run("bad")
    assert daemon.wait(daemon.run("other"), seconds=60)["status"] == "succeeded"
    assert daemon.wait(run, seconds=60)["status"] == "succeeded"
    daemon.kill9()
    daemon.start()
    assert daemon.wait(daemon.run("other"), seconds=60)["status"] == "succeeded"
    wait_until(lambda: not list((daemon.data / "messages").iterdir()), "what the step made of its file is removed")


def test_a_flood_of_messages_is_bounded_and_what_counts_in_it_counts(start_with):
    daemon = start_with("chatty", FLOOD)
    run = daemon.run("chatty")
    assert daemon.wait(daemon.run("other"), seconds=60)["status"] == "succeeded"
    assert daemon.wait(run)["status"] == "succeeded"
    assert daemon.items("/assets/chatty/materializations")[0]["metadata"] == {"rows": 7}
    assert peak_megabytes(daemon.process.pid) < 300


def peak_megabytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def test_a_check_that_fails_with_a_number_that_json_does_not_have_fails(start_with):
    program = "open(path, 'w').write(message('report_asset_check', check_name='loss', passed=False, severity='ERROR', metadata={'loss': float('nan')}))"
    daemon = start_with("model", program)
    assert daemon.wait(daemon.run("model"))["status"] == "failed"
    assert [check["metadata"] for check in daemon.items("/assets/model/checks")] == [{"loss": "NaN"}]


def test_a_step_that_stops_its_shim_does_not_escape_its_timeout(start):
    sly = shell("sly", "kill -STOP $PPID; sleep 1000").replace("plugin: exec,", "plugin: exec, timeout: 2s, grace: 1s,")
    daemon = start(project(sly))
    run = daemon.run("sly")
    assert daemon.wait(run, seconds=60)["status"] == "failed"
    found = daemon.steps(run)["sly"]
    assert (found["reason"], found["detail"]) == ("timeout", "stopped because it ran longer than its timeout of 2s")
