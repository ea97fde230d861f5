"""Plays the daemon's side of docs/plugins.md: asks a plugin to describe, and starts attempts in the Dagster Pipes format."""

import base64
import contextlib
import json
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import time
import zlib

import supervised

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"


def encode(params):
    return base64.b64encode(zlib.compress(json.dumps(params).encode())).decode()


def make_absolute(config, schema, folder):
    """As the daemon does with values that the schema marks "format": "path"."""
    paths = {name for name, found in schema.get("properties", {}).items() if found.get("format") == "path"}
    return {name: os.path.abspath(os.path.join(folder, value)) if name in paths else value for name, value in config.items()}


class Import:
    """One import of a project: `config` as in assetd.yaml."""

    def __init__(self, project_dir, config, data_dir, resources=None, env=None, environment=None, python=sys.executable):
        self.project_dir = pathlib.Path(project_dir)
        self.plugin_dir = PLUGINS / config["plugin"]
        schema = json.loads((self.plugin_dir / "config.schema.json").read_text())
        self.config = make_absolute(config, schema, self.project_dir)
        self.data_dir = pathlib.Path(data_dir)
        self.state_dir = self.data_dir / "imports" / config.get("name", config["plugin"])
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self.resources = resources or {}
        self.python = python
        self.env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | (env or {})
        self.described = None
        self.supervisor = None  # when there is one it starts the attempts, from a worker

    def call(self, verb):
        request = {
            "protocol": 1, "project_dir": str(self.project_dir), "import": self.config, "environment": None, "state_dir": str(self.state_dir),
            "resources": self.resources,
        }
        command = [self.python, str(self.plugin_dir / "main.py"), verb]
        return subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, cwd=self.project_dir, env=self.env, timeout=400)

    def describe(self):
        done = self.call("describe")
        assert done.returncode == 0, done.stdout + done.stderr
        self.described = json.loads(done.stdout)
        return self.described

    def failure(self):
        done = self.call("describe")
        assert done.returncode != 0, done.stdout
        return json.loads(done.stdout)

    def errors(self):
        return self.failure()["errors"]

    @property
    def assets(self):
        return {asset["key"]: asset for asset in self.described["assets"]}

    def attempt(self, keys, steps_mode="all", options=None, run_id="41", env=None):
        """An attempt that carries the assets `keys` and their checks."""
        number = secrets.token_hex(16)
        folder = self.data_dir / "attempts" / number
        folder.mkdir(parents=True)
        return Attempt(self, list(keys), steps_mode, options or {}, run_id, number, folder, env or {})

    def run(self, keys, **settings):
        return self.attempt(keys, **settings).start().wait()


class Attempt:
    def __init__(self, owner, keys, steps_mode, options, run_id, number, folder, env):
        self.owner, self.keys, self.folder = owner, keys, folder
        self.messages_file = folder / "messages"
        context = {
            "asset_keys": keys, "code_version_by_asset_key": None, "provenance_by_asset_key": None, "partition_key": None, "partition_key_range": None,
            "partition_time_window": None, "run_id": run_id, "job_name": None, "retry_number": 0,
            "extras": {"assetd": self._ours(steps_mode, options, run_id, number)},
        }
        context_file = folder / "context.json"
        context_file.write_text(json.dumps(context))
        self.more_env = env
        self.must_be_warm = True  # when the owner has a supervisor; None: it need not be known
        self.env = {
            **owner.env, **env, "DAGSTER_PIPES_CONTEXT": encode({"path": str(context_file)}), "DAGSTER_PIPES_MESSAGES": encode({"path": str(self.messages_file)}),
            "ASSETD_RUN_ID": run_id, "ASSETD_STEP": keys[0], "ASSETD_ATTEMPT_ID": number, "ASSETD_ATTEMPT": "1", "ASSETD_ASSET_KEY": keys[0],
        }

    def _ours(self, steps_mode, options, run_id, number):
        owner = self.owner
        steps = [{"key": key, "partition": None, "data": owner.assets[key]["data"], "deps": owner.assets[key]["deps"]} for key in self.keys]
        artifacts = owner.data_dir / "artifacts"
        artifacts.mkdir(exist_ok=True)
        return {
            "protocol": 1, "project_dir": str(owner.project_dir), "state_dir": str(owner.state_dir), "artifacts_dir": str(artifacts),
            "attempt_dir": str(self.folder / "dir"), "attempt_id": number, "attempt": 1, "run_id": run_id, "plugin": owner.config["plugin"],
            "import": owner.config, "run": {}, "steps": steps, "checks": [check for check in owner.described["checks"] if self._carries(check)],
            "steps_mode": steps_mode, "options": options, "resources": owner.resources,
        }

    def _carries(self, check):
        """The home is ours, or it is external and one of its direct children is."""
        home = self.owner.assets.get(check["home"])
        if check["home"] in self.keys:
            return True
        return bool(home and home["external"]) and any(check["home"] in self.owner.assets[key]["deps"] for key in self.keys)

    def start(self, preexec_fn=None):
        command = [self.owner.python, str(self.owner.plugin_dir / "main.py"), "run"]
        self.stdout, self.stderr = self.folder / "stdout", self.folder / "stderr"
        if self.owner.supervisor:
            self.stdout.touch()
            self.stderr.touch()
            self.process = supervised.start(self.owner.supervisor, self)
            assert self.must_be_warm in (None, self.process.warm), self.owner.supervisor.logs
            return self
        with open(self.stdout, "wb") as out, open(self.stderr, "wb") as err:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=self.owner.project_dir, env=self.env, start_new_session=True,
                preexec_fn=preexec_fn)
        return self

    def wait(self, seconds=400):
        try:
            self.exit_code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.signal_tree(signal.SIGKILL)
            raise
        return self

    def wait_for(self, condition, seconds=300):
        """Until condition(self) holds; fails when the process ends before."""
        end = time.monotonic() + seconds
        while not condition(self):
            assert self.process.poll() is None or condition(self), self.output
            assert time.monotonic() < end, self.output
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.01)
        return self

    def signal_tree(self, number):
        os.killpg(self.process.pid, number)

    @property
    def output(self):
        return self.stdout.read_text() + self.stderr.read_text()

    @property
    def messages(self):
        """(method, params) of all complete lines."""
        if not self.messages_file.exists():
            return []
        lines = self.messages_file.read_text().split("\n")[:-1]
        return [(found["method"], found["params"]) for found in map(json.loads, lines)]

    def of(self, method):
        return [params for found, params in self.messages if found == method]

    @property
    def started(self):
        return [params["asset_key"] for params in self.of("assetd.step_started")]

    @property
    def ended(self):
        return {params["asset_key"]: params["status"] for params in self.of("assetd.step_ended")}

    @property
    def reasons(self):
        return {params["asset_key"]: params.get("reason") for params in self.of("assetd.step_ended")}

    @property
    def materializations(self):
        return {params["asset_key"]: params["metadata"] for params in self.of("report_asset_materialization")}

    @property
    def checks(self):
        return {params["check_name"]: params["status"] for params in self.of("report_asset_check")}

    @property
    def failure(self):
        return (self.of("assetd.attempt_failed") or [None])[-1]
