"""Steps forked from one worker of the python plugin, by the real supervisor: nothing of one reaches another, and what is forked is what is on disk."""

import json
import os
import shutil
import signal
import sys

import pytest

from driver import Import

PROBE = """
import json, os, pathlib, random, resource, signal, sys, threading
from assetd import asset

LOADED_BY = os.getpid()
COUNTER = [0]
HERE = pathlib.Path(__file__).parent


def told(context, **facts):
    context.add_output_metadata({"facts": json.dumps(facts)})


@asset
def dirties(context):
    import threading, time
    COUNTER[0] += 1
    os.environ["LEFT"] = "behind"
    os.environ.pop("GIVEN", None)
    os.chdir("/")
    os.umask(0o777)
    sys.path.insert(0, "/left/behind")
    sys.modules["left_behind"] = sys
    builtins = __import__("builtins")
    builtins.left_behind = True
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))
    os.dup2(os.open("/dev/null", os.O_RDONLY), 40)
    threading.Thread(target=time.sleep, args=(0.01,), daemon=True).start()
    random.seed(1)
    sys.setrecursionlimit(3000)


@asset
def looks(context):
    told(context, loaded_by=LOADED_BY, pid=os.getpid(), counter=COUNTER[0], left=os.environ.get("LEFT"), given=os.environ.get("GIVEN"), cwd=os.getcwd(),
         umask=os.umask(0o022), path="/left/behind" in sys.path, modules="left_behind" in sys.modules, builtin=hasattr(__import__("builtins"), "left_behind"),
         term=str(signal.getsignal(signal.SIGTERM)), interrupt=str(signal.getsignal(signal.SIGINT)), blocked=len(signal.pthread_sigmask(signal.SIG_BLOCK, set())),
         files=sorted(os.listdir("/proc/self/fd"), key=int)[:3], open_40=os.path.exists("/proc/self/fd/40"), threads=threading.active_count(),
         limit=resource.getrlimit(resource.RLIMIT_NOFILE)[0], recursion=sys.getrecursionlimit(), attempt=os.environ["ASSETD_ATTEMPT_ID"])


@asset
def draws(context):
    import numpy
    told(context, random=random.random(), numpy=numpy.random.random())
"""


class Project:
    """A module of its own, imported by a worker. `run` gives what the asset has told."""

    def __init__(self, folder, state, supervisor):
        self.folder, self.supervisor = folder, supervisor
        folder.mkdir()
        self.state = state

    def write(self, text, name="probe"):
        (self.folder / f"{name}.py").write_text(text)

    def describe(self, python=sys.executable, **config):
        self.owner = Import(self.folder, {"plugin": "python", "name": "probe", "module": "probe", "working_dir": ".", **config}, self.state, env={"GIVEN": "1"}, python=python)
        self.owner.describe()
        self.owner.supervisor = self.supervisor
        return self

    def attempt(self, key, warm=True, **more):
        attempt = self.owner.attempt([key], **more)
        attempt.must_be_warm = warm
        return attempt.start().wait()

    def run(self, key, **more):
        attempt = self.attempt(key, **more)
        assert attempt.exit_code == 0, attempt.output
        return json.loads(attempt.materializations[key]["facts"])

    def cold(self, key):
        self.owner.supervisor = None
        try:
            return self.run(key)
        finally:
            self.owner.supervisor = self.supervisor


@pytest.fixture
def project(tmp_path, supervisor):
    return Project(tmp_path / "project", tmp_path / "state", supervisor)


@pytest.fixture
def probe(project):
    project.write(PROBE)
    return project.describe()


def test_nothing_of_a_step_reaches_another(probe):
    before = probe.run("looks")
    assert probe.attempt("dirties").exit_code == 0
    after = probe.run("looks")
    assert before["loaded_by"] == after["loaded_by"] != before["pid"] != after["pid"]
    assert before["attempt"] != after["attempt"]
    own = {"pid", "attempt"}
    assert {name: value for name, value in after.items() if name not in own} == {name: value for name, value in before.items() if name not in own}


def test_a_forked_step_is_what_a_process_of_its_own_is(probe):
    """But for where it comes from: who it is and the terminal's limits, which the test's own processes inherit."""
    other = {"pid", "attempt", "loaded_by", "limit"}
    warm, cold = probe.run("looks"), probe.cold("looks")
    assert {name: value for name, value in warm.items() if name not in other} == {name: value for name, value in cold.items() if name not in other}


def test_steps_draw_different_numbers(probe):
    drawn = [probe.run("draws") for _ in range(3)]
    assert len({found["random"] for found in drawn}) == 3
    assert len({found["numpy"] for found in drawn}) == 3


def test_what_a_module_has_seeded_and_set_is_so_in_every_step(project):
    project.write(PROBE + "\nimport numpy\nrandom.seed(7)\nnumpy.random.seed(7)\nos.environ['SET'] = 'by the module'\nos.environ.pop('GIVEN', None)\n"
                  "signal.signal(signal.SIGTERM, lambda *_: None)\n\n@asset\ndef sees(context):\n"
                  "    told(context, set=os.environ.get('SET'), given=os.environ.get('GIVEN'), handler=callable(signal.getsignal(signal.SIGTERM)))\n")
    project.describe()
    drawn = project.cold("draws")
    assert [project.run("draws") for _ in range(2)] == [drawn, drawn]
    assert project.run("sees") == {"set": "by the module", "given": None, "handler": True}


def loaded_by(project):
    return project.run("looks")["loaded_by"]


def helped(project):
    project.write("VALUE = 1\n", "helper")
    project.write(PROBE + "\nsys.path.append(str(HERE / 'site-packages'))\nimport helper\nTEXT = (HERE / 'data.txt').read_text()\nQUERIES = [os.listdir(HERE / 'queries'), list((HERE / 'queries').glob('*.sql'))]\n\n@asset\ndef value(context):\n    told(context, value=helper.VALUE, text=TEXT)\n")
    (project.folder / "data.txt").write_text("first")
    (project.folder / "queries").mkdir()
    (project.folder / "site-packages").mkdir()
    (project.folder / "python").symlink_to(sys.executable)
    return project.describe(python=str(project.folder / "python"))


CHANGES = {
    "the module": lambda folder: os.utime(folder / "probe.py"),
    "a module that it imports": lambda folder: (folder / "helper.py").write_text("VALUE = 2\n"),
    "of the same size, put in place with the former time": lambda folder: replace(folder / "helper.py", "VALUE = 2\n"),
    "data read when it was imported": lambda folder: (folder / "data.txt").write_text("second"),
    "a new module beside it": lambda folder: (folder / "numpy.py").write_text(""),
    "a new package beside it": lambda folder: add_package(folder),
    "a folder that it lists when it is imported": lambda folder: (folder / "queries" / "new.sql").write_text(""),
    "the interpreter that a link names": lambda folder: another_interpreter(folder),
    "an installed package": lambda folder: install(folder),
}


def replace(path, text):
    found = path.stat()
    other = path.with_suffix(".new")
    other.write_text(text)
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.replace(path)


def another_interpreter(folder):
    """Of an environment that has the same packages."""
    (folder / "other" / "bin").mkdir(parents=True)
    shutil.copy(os.path.realpath(sys.executable), folder / "other" / "bin" / "python")
    shutil.copy(os.path.join(sys.prefix, "pyvenv.cfg"), folder / "other")
    (folder / "other" / "lib").symlink_to(os.path.join(sys.prefix, "lib"))
    (folder / "python").unlink()
    (folder / "python").symlink_to(folder / "other" / "bin" / "python")


def install(folder):
    (folder / "site-packages" / "new-1.0.dist-info").mkdir(parents=True)


def add_package(folder):
    (folder / "pandas").mkdir()
    (folder / "pandas" / "__init__.py").write_text("")


@pytest.mark.parametrize("what", CHANGES)
def test_a_worker_is_replaced_when_what_it_has_loaded_changes(project, what):
    helped(project)
    first = loaded_by(project)
    assert loaded_by(project) == first
    CHANGES[what](project.folder)
    assert loaded_by(project) != first
    text = (project.folder / "helper.py").read_text()
    assert project.run("value") == {"value": int(text.split()[-1]), "text": (project.folder / "data.txt").read_text()}


def test_data_files_come_and_go_without_a_new_worker(probe):
    first = loaded_by(probe)
    (probe.folder / "table.csv").write_text("1\n")
    (probe.folder / "folder").mkdir()
    assert loaded_by(probe) == first


def test_what_functions_import_is_imported_ahead_the_next_time(project):
    project.write(PROBE + "\n@asset\ndef fits(context):\n    known = 'sklearn.linear_model' in sys.modules\n    import sklearn.linear_model\n    told(context, known=known)\n")
    project.describe()
    assert project.run("fits") == {"known": False}
    assert "sklearn.linear_model\n" in (project.owner.state_dir / "imports.txt").read_text()
    supervisor_of_another_day(project)
    assert project.run("fits") == {"known": True}


def supervisor_of_another_day(project):
    """The same import with another variable is another worker, which is loaded now."""
    project.owner.env = {**project.owner.env, "DAY": "another"}


UNFORKABLE = {
    "starts a thread": "threading.Thread(target=threading.Event().wait, daemon=True).start()\n",
    "keeps a file open": "KEPT = open(__file__)\n",
    "starts a process": "import subprocess\nKEPT = subprocess.Popen(['/bin/sleep', '0.5'])\n",
    "needs the attempt": "KEY = os.environ['ASSETD_ASSET_KEY'] if 'describe' not in sys.argv else None\n",
    "exits without it": "'ASSETD_RUN_ID' in os.environ or 'describe' in sys.argv or sys.exit(3)\n",
}


@pytest.mark.parametrize("what", UNFORKABLE)
def test_a_module_that_cannot_be_shared_runs_cold(project, what):
    project.write(PROBE + UNFORKABLE[what])
    project.describe()
    attempt = project.attempt("looks", warm=False)
    assert (attempt.exit_code, attempt.process.warm) == (0, False), attempt.output
    assert json.loads(attempt.materializations["looks"]["facts"])["loaded_by"] == attempt.process.pid


def test_an_import_that_fails_fails_the_step_as_ever(project):
    project.write(PROBE)
    project.describe()
    project.write("raise ValueError('broken')\n")
    attempt = project.attempt("looks", warm=False)
    assert (attempt.exit_code, attempt.process.warm) == (1, False)
    assert "ValueError: broken" in attempt.output


def test_a_noted_package_that_cannot_be_forked_is_left_to_the_steps(project):
    package = project.folder / "more-packages" / "starter"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n")
    project.write(PROBE + "\nsys.path.append(str(HERE / 'more-packages'))\n\n@asset\ndef uses(context):\n    import starter\n    told(context, threads=threading.active_count())\n")
    project.describe()
    assert project.run("uses") == {"threads": 2}
    notes = project.owner.state_dir / "imports.txt"
    assert notes.read_text() == "starter\n"
    supervisor_of_another_day(project)
    assert project.attempt("uses", warm=False).exit_code == 0, "the worker finds out when it imports what was noted"
    assert notes.read_text() == "starter\n-starter\n"
    project.owner.env = {**project.owner.env, "DAY": "a third"}
    assert project.run("uses") == {"threads": 2}


def test_a_killed_worker_costs_no_step(probe):
    first = loaded_by(probe)
    os.kill(first, signal.SIGKILL)
    attempt = probe.attempt("looks", warm=None)  # cold where the supervisor has not seen it yet
    assert attempt.exit_code == 0, attempt.output
    assert loaded_by(probe) != first


def test_output_and_messages_of_a_step_are_those_of_a_cold_one(project):
    project.write("import sys, warnings\nfrom assetd import asset, asset_check\n\n@asset\ndef speaks(context):\n    print('out')\n    print('err', file=sys.stderr)\n"
                  "    context.log.warning('logged')\n    return {'rows': 3}\n\n@asset_check(asset=speaks)\ndef good(speaks):\n    return speaks['rows'] == 3\n\n"
                  "@asset\ndef fails(context):\n    raise ValueError('no')\n")
    project.describe()

    def all_of(attempt):
        messages = [(method, {name: value for name, value in params.items() if name != "metadata"}) for method, params in attempt.messages if method != "assetd.artifact"]
        return attempt.exit_code, attempt.stdout.read_text(), [line[9:] if "logged" in line else line for line in attempt.stderr.read_text().splitlines()], messages

    for key in ("speaks", "fails"):
        warm = project.attempt(key)
        project.owner.supervisor = None
        cold = project.owner.run([key])
        project.owner.supervisor = project.supervisor
        assert all_of(warm) == all_of(cold)


def test_a_step_is_interrupted_as_a_cold_one(project):
    project.write("import pathlib, threading\nfrom assetd import asset\n\n@asset\ndef waits(context):\n    pathlib.Path('ready').touch()\n    threading.Event().wait(600)\n")
    project.describe()
    attempt = project.owner.attempt(["waits"]).start().wait_for(lambda _: (project.folder / "ready").exists())
    attempt.signal_tree(signal.SIGINT)
    assert attempt.wait().exit_code == -signal.SIGINT
    assert attempt.messages[-1][0] == "closed"
