"""Attempts that the real supervisor starts, forked from the plugin's worker (docs/supervisor.md). Needs assetd-supervisor, built."""

import hashlib
import json
import os
import pathlib
import select
import signal
import socket
import struct
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("ASSETD_BIN_DIR", ROOT / "build" / "release" / "bin")) / "assetd-supervisor"
PATIENCE = 300


class Supervisor:
    """Speaks the daemon's side of the channel. All its processes end with `close()`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "supervisor.log"
        path = self.folder / "s"  # a socket's name is short
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(PROGRAM), "--socket", str(path), "--claims", str(self.folder / "claims"), "--store-id", "test"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._socket = socket.socket(socket.AF_UNIX)
        self._connect(path)
        self._bytes = b""
        self._ended, self._started = {}, {}
        self.send(op="hello", protocol=[1, 1], store_id="test", generation=1)

    def _connect(self, path):
        end = time.monotonic() + 60
        while self._socket.connect_ex(str(path)):
            assert time.monotonic() < end and self.process.poll() is None, self.log.read_text()
            select.select([], [], [], 0.01)

    def send(self, **message):
        data = json.dumps(message).encode()
        self._socket.sendall(struct.pack("<I", len(data)) + data)

    def ended(self, attempt, seconds=0.0):
        """The end of an attempt, None when it is not told within `seconds`."""
        self._hear(lambda: attempt in self._ended, seconds)
        return self._ended.get(attempt)

    def started(self, attempt, seconds=PATIENCE):
        self._hear(lambda: attempt in self._started, seconds)
        return self._started[attempt]

    def _hear(self, enough, seconds):
        end = time.monotonic() + seconds
        while self._take() or (not enough() and time.monotonic() < end):
            self._socket.settimeout(max(0.001, min(0.5, end - time.monotonic())))
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError:
                continue
            assert data, self.log.read_text()
            self._bytes += data

    def _take(self):
        """Takes a whole message, if there is one."""
        if len(self._bytes) < 4 or len(self._bytes) < 4 + (size := struct.unpack("<I", self._bytes[:4])[0]):
            return False
        message = json.loads(self._bytes[4:4 + size])
        self._bytes = self._bytes[4 + size:]
        told = {"started": self._started, "ended": self._ended}.get(message["op"])
        if told is not None:
            told[message["attempt"]] = message
        return True

    @property
    def logs(self):
        worker = self.folder / "worker.log"
        return self.log.read_text() + (worker.read_text() if worker.exists() else "")

    def close(self):
        for attempt in set(self._started) - set(self._ended):
            self.send(op="stop", attempt=attempt, signals=["KILL"], grace_ms=0)
            self.ended(attempt, 30)
        self._socket.close()
        self.process.kill()
        self.process.wait()


class Step:
    """As far as tests use it, a subprocess.Popen."""

    def __init__(self, supervisor, attempt):
        self._supervisor, self._attempt = supervisor, attempt
        self.told = supervisor.started(attempt)
        self.pid, self.warm = self.told["pid"], self.told.get("warm", False)

    def poll(self):
        return self._code(self._supervisor.ended(self._attempt))

    def wait(self, seconds=PATIENCE):
        end = self._supervisor.ended(self._attempt, seconds)
        if end is None:
            raise subprocess.TimeoutExpired(self._attempt, seconds)
        return self._code(end)

    @staticmethod
    def _code(end):
        if end is None:
            return None
        return end["exit_code"] if end["outcome"] == "exited" else -end.get("signal", signal.SIGKILL)


def start(supervisor, attempt):
    """Starts an Attempt of driver.py as the daemon does where the plugin can `serve`."""
    owner, number = attempt.owner, attempt.env["ASSETD_ATTEMPT_ID"]
    program = [owner.python, str(owner.plugin_dir / "main.py")]
    load = {"protocol": 1, "project_dir": str(owner.project_dir), "import": owner.config, "run": {}, "state_dir": str(owner.state_dir)}
    env = {**owner.env, **{name: value for name, value in attempt.more_env.items()}}
    warm = {"argv": [*program, "serve"], "env": [f"{name}={value}" for name, value in env.items()], "cwd": str(owner.project_dir),
            "log": str(supervisor.folder / "worker.log"), "load": load, "load_ms": 300_000}
    warm["key"] = hashlib.sha256(json.dumps(warm).encode()).hexdigest()
    supervisor.send(
        op="spawn", attempt=number, argv=[*program, "run"], env=[f"{name}={value}" for name, value in attempt.env.items()], cwd=str(owner.project_dir),
        stdout=str(attempt.stdout), stderr=str(attempt.stderr), limits={}, warm=warm)
    return Step(supervisor, number)
