"""What a step with `outputs:` says of the files that its command made, and that it ends as the command does."""

import base64
import contextlib
import hashlib
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import time
import zlib

import pytest

MAIN = pathlib.Path(__file__).resolve().parents[2] / "plugins" / "exec_outputs" / "main.py"


def encode(params):
    return base64.b64encode(zlib.compress(json.dumps(params).encode())).decode()


class Step:
    def __init__(self, project):
        self.project, self.messages_file = project, project.parent / "messages"
        self.messages_file.touch()

    def start(self, command, outputs, **more):
        ours = {"project_dir": str(self.project), "run": {"command": command, "outputs": outputs}}
        env = {"PATH": os.environ["PATH"], "DAGSTER_PIPES_CONTEXT": encode({"data": {"asset_keys": ["a"], "extras": {"assetd": ours}}}),
               "DAGSTER_PIPES_MESSAGES": encode({"path": str(self.messages_file)}), **more.pop("env", {})}
        return subprocess.Popen([sys.executable, "-I", "-S", str(MAIN), "run"], cwd=self.project, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def run(self, script, outputs, **more):
        child = self.start(["sh", "-c", script], outputs, **more)
        self.out, self.err = child.communicate(timeout=60)
        return child.returncode

    def said(self, method):
        lines = [json.loads(line) for line in self.messages_file.read_text().splitlines()]
        return [line["params"] for line in lines if line["method"] == method]

    @property
    def artifacts(self):
        return {found["name"]: found for found in self.said("assetd.artifact")}

    @property
    def warnings(self):
        return [said["message"] for said in self.said("log") if said["level"] == "WARNING"]


def is_open(pid, path):
    with contextlib.suppress(FileNotFoundError):
        return any(file.resolve() == path for file in pathlib.Path(f"/proc/{pid}/fd").iterdir())
    return False


@pytest.fixture
def step(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    return Step(project)


def test_files_are_told_by_name_size_and_content(step):
    assert step.run("mkdir parts; printf one > a.csv; printf two > parts/1.txt; printf three > parts/2.txt; echo said", ["a.csv", "parts/*.txt"]) == 0
    assert step.out == "said\n" and step.warnings == []
    assert step.artifacts["a.csv"] == {"asset_key": "a", "name": "a.csv", "path": str(step.project / "a.csv"), "type": "file", "size": 3,
                                       "sha256": hashlib.sha256(b"one").hexdigest()}
    assert sorted(step.artifacts) == ["a.csv", "parts/1.txt", "parts/2.txt"]


def test_large_files_are_read_in_blocks(step):
    large = step.project / "large"
    with large.open("wb") as file:
        file.truncate(200 << 20)
    assert step.run("true", ["large"], preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (100 << 20, 100 << 20))) == 0
    assert step.artifacts["large"]["size"] == 200 << 20, step.warnings


def test_a_path_is_no_pattern_where_there_is_a_file_of_that_name(step):
    assert step.run("printf x > 'b[1].txt'; printf y > b1.txt", ["b[1].txt"]) == 0
    assert list(step.artifacts) == ["b[1].txt"]


def test_two_patterns_name_a_file_once(step):
    step.run("printf x > a.csv", ["a.csv", "*.csv"])
    assert len(step.said("assetd.artifact")) == 1


def test_a_folder_is_one_artifact_of_all_that_is_below_it(step):
    def digest(script):
        step.messages_file.write_text("")
        assert step.run("rm -rf out; mkdir -p out/x; printf 1 > out/x/a; printf 22 > out/b;" + script, ["out"]) == 0
        found = step.artifacts["out"]
        assert found["type"] == "folder"
        return found["size"], found["sha256"]

    first = digest("")
    assert first[0] == 3 and digest("") == first
    others = [digest("mv out/b out/c"), digest("printf 23 > out/b"), digest("printf 1 > out/x/c"), digest("ln -s /usr out/link"), digest("ln -s /etc out/link")]
    assert len({first, *others}) == 6, "names, contents and links count"


def test_what_is_missing_is_warned_of_and_leaves_no_version_of_the_rest(step):
    assert step.run("printf x > a.csv; ln -s nowhere dead", ["a.csv", "b.csv", "c/*.csv", "dead"]) == 0
    assert "sha256" in step.artifacts["a.csv"]
    assert all("sha256" not in step.artifacts[name] for name in ("b.csv", "c/*.csv", "dead"))
    assert ["b.csv is missing" in step.warnings[0], "c/*.csv is missing" in step.warnings[1], "link to nothing" in step.warnings[2]] == [True] * 3, step.warnings


def test_links_count_as_what_they_name_and_what_is_no_file_as_nothing(step, tmp_path):
    (tmp_path / "elsewhere").write_text("far")
    assert step.run(f"ln -s {tmp_path}/elsewhere far; mkfifo pipe", ["far", "pipe"]) == 0
    assert step.artifacts["far"]["sha256"] == hashlib.sha256(b"far").hexdigest()
    assert "sha256" not in step.artifacts["pipe"] and "no file that has a content" in step.warnings[0]


def test_more_files_than_the_daemon_keeps_are_warned_of(step):
    assert step.run("mkdir m; cd m; seq 1 1001 | xargs touch", ["m/*"]) == 0
    assert "name the folder" in step.warnings[0]
    assert "sha256" not in step.artifacts["m/*"], "so there is no version of a part of them"


def test_a_failure_is_the_commands_and_nothing_is_looked_at(step):
    assert step.run("printf x > a.csv; exit 7", ["a.csv"]) == 7
    assert step.run("kill -KILL $$", ["a.csv"]) == -signal.SIGKILL
    assert step.run("kill -SEGV $$", ["a.csv"]) == -signal.SIGSEGV
    assert step.said("assetd.artifact") == []


def test_a_program_that_is_not_there_is_said_to_be(step):
    child = step.start(["no-such-program"], ["a"])
    assert child.wait(60) == 127 and "cannot execute 'no-such-program'" in child.stderr.read()
    failed, = step.said("assetd.attempt_failed")
    assert failed["reason"] == "exit_code" and "No such file" in failed["detail"]


def test_a_stop_reaches_the_command_and_is_waited_for(step):
    os.mkfifo(step.project / "never")
    child = step.start(["sh", "-c", "trap 'echo stopping; exit 3' TERM; echo ready; read line < never"], ["a"], start_new_session=True)
    assert child.stdout.readline() == "ready\n"
    os.killpg(child.pid, signal.SIGTERM)
    assert child.wait(60) == 3 and child.stdout.read() == "stopping\n"


def test_a_stop_ends_what_looks_at_the_files(step):
    with (step.project / "huge").open("wb") as file:
        file.truncate(1 << 40)
    child = step.start(["true"], ["huge"], start_new_session=True)
    deadline = time.monotonic() + 60
    while not is_open(child.pid, step.project / "huge") and time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(0.02)
    os.killpg(child.pid, signal.SIGTERM)
    assert child.wait(60) == -signal.SIGTERM
    assert "sha256" not in step.artifacts.get("huge", {})


def test_the_command_has_the_environment_of_the_step(step):
    assert step.run("cat /proc/self/environ | tr '\\0' '\\n' | cut -d= -f1 | sort | tr '\\n' ' ' > env.txt; grep SigIgn /proc/self/status > ignored", ["env.txt"], env={"MINE": "1"}) == 0
    names = set((step.project / "env.txt").read_text().split()) - {"PWD", "OLDPWD", "SHLVL", "_"}
    assert names == {"PATH", "MINE", "DAGSTER_PIPES_CONTEXT", "DAGSTER_PIPES_MESSAGES"}, "no LC_CTYPE of Python's"
    own = int(re.search(r"SigIgn:\s*(\w+)", pathlib.Path("/proc/self/status").read_text())[1], 16)  # where this runs in the background, INT and QUIT
    of_python = 1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1
    assert int((step.project / "ignored").read_text().split()[1], 16) == own & ~of_python


def test_a_step_that_reports_itself_is_told_what_that_means(step):
    line = '{"method": "report_asset_materialization", "params": {"asset_key": "a"%s}}'
    assert step.run(f"printf x > a; echo '{line % ''}' >> {step.messages_file}", ["a"]) == 0
    assert "not of their content" in step.warnings[0]
    step.messages_file.write_text("")
    declared = line % ', "data_version": "v1"'
    assert step.run(f"printf x > a; echo '{declared}' >> {step.messages_file}", ["a"]) == 0
    assert step.warnings == []


def test_names_that_are_no_text_stay_apart(step):
    assert step.run("mkdir odd; printf 1 > \"odd/$(printf '\\377')\"; printf 2 > \"odd/$(printf '\\376')\"", ["odd/*"]) == 0
    assert sorted(step.artifacts) == ["odd/\\xfe", "odd/\\xff"]
