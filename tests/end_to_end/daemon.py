"""Starts the built daemon on a project of its own and speaks its public API. Programs come from build/release/bin or $ASSETD_BIN_DIR."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("ASSETD_BIN_DIR", ROOT / "build" / "release" / "bin"))
ENDED = ("succeeded", "failed", "canceled")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.body)


class Refused(AssertionError):
    """A status of 400 or more where success was expected."""

    def __init__(self, what, answer):
        super().__init__(f"{what}: {answer.status} {answer.text[:800]}")
        self.answer = answer


def processes_with(text):
    """Pids of live processes that have `text` in their command line or environment."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z" and any(text.encode() in (entry / part).read_bytes() for part in ("cmdline", "environ")):
                found.append(int(entry.name))
    return found


class Daemon:
    """One project folder and, while it runs, the daemon on it."""

    def __init__(self, project, data=None, extra=(), env=None, listen="127.0.0.1:0"):
        self.project = pathlib.Path(project)
        self.data = pathlib.Path(data) if data else self.project / ".assetd"
        self.extra, self.env, self.listen = list(extra), env or {}, listen
        self.log_path = self.project / "daemon.log"
        self.prefix = []  # of the command: what shows the daemon another world
        self.process = None
        self.url = None

    # --- the process

    def command(self):
        return [str(BIN / "assetd"), "--project", str(self.project), "--data", str(self.data), "--listen", self.listen, *self.extra]

    def launch(self):
        """Starts without waiting."""
        self._log_begin = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.prefix, *self.command()], stdout=log, stderr=subprocess.STDOUT, env=dict(os.environ, **self.env), start_new_session=True)
        return self

    def log(self):
        return self.log_path.read_bytes()[self._log_begin:].decode(errors="replace")

    def start(self, seconds=300):
        self.launch()
        wait_until(self._is_ready, f"ready daemon in {self.project}", seconds)
        return self

    def _is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.log()[-4000:]}")
        text = self.log()
        if "listening on http://" not in text:
            return False
        self.url = "http://" + text.rpartition("listening on http://")[2].split()[0].strip('",').rstrip("/")
        with contextlib.suppress(OSError):
            return self.request("GET", "/readyz").status == 200
        return False

    def kill9(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=120):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def clean_up(self):
        """Ends the daemon and what it left running: its supervisor and their steps name the data folder."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in processes_with(str(self.data)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    # --- the API

    def request(self, method, path, body=None, headers=None, seconds=60):
        prefix = "" if path.startswith(("/healthz", "/readyz", "/metrics")) else "/api/v1"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + prefix + path, data=data, method=method, headers={"content-type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=seconds) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def get(self, path):
        answer = self.request("GET", path)
        if answer.status >= 400:
            raise Refused(f"GET {path}", answer)
        return answer.json

    def post(self, path, body=None, headers=None):
        answer = self.request("POST", path, {} if body is None else body, headers)
        if answer.status >= 400:
            raise Refused(f"POST {path}", answer)
        return answer.json if answer.body else None

    def items(self, path):
        """All pages of a long list; short ones (pools, schedules) are one page, got with `get`."""
        found, cursor = [], None
        separator = "&" if "?" in path else "?"
        while True:
            page = self.get(path + separator + "limit=500" + (f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""))
            found += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return found

    def run(self, select, **more):
        return self.post("/runs", {"select": select, **more})["id"]

    def retry(self, run, **body):
        return self.post(f"/runs/{run}/retry", body or {"from": "failure"})["id"]

    def wait(self, run, seconds=300):
        def ended():
            found = self.get(f"/runs/{run}")
            return found if found["status"] in ENDED else None

        return wait_until(ended, f"run {run} at its end", seconds)

    def steps(self, run):
        return {step["key"]: step for step in self.items(f"/runs/{run}/steps")}

    def statuses(self, run):
        return {key: step["status"] for key, step in self.steps(run).items()}

    def wait_step(self, run, key, *statuses, seconds=120):
        def reached():
            step = self.steps(run)[key]
            return step if step["status"] in statuses else None

        return wait_until(reached, f"step {key} {' or '.join(statuses)}", seconds)

    def step_log(self, run, step, stream="all", **query):
        query = urllib.parse.urlencode({"step": step, "stream": stream, **query})
        return self.request("GET", f"/runs/{run}/logs?{query}").text

    def ctl(self, *arguments, seconds=300, **popen):
        """Runs assetctl to its end."""
        env = dict(os.environ, ASSETD_URL=self.url or "http://127.0.0.1:9", NO_COLOR="1")
        return subprocess.run([str(BIN / "assetctl"), *arguments], env=env, capture_output=True, text=True, timeout=seconds, check=False, **popen)


class EventStream:
    """Server-Sent Events, read one by one: each is (id, type, data)."""

    def __init__(self, daemon, query="", last_event_id=None):
        headers = {"accept": "text/event-stream"}
        if last_event_id:
            headers["last-event-id"] = str(last_event_id)
        request = urllib.request.Request(f"{daemon.url}/api/v1/events{query}", headers=headers)
        self._response = urllib.request.urlopen(request, timeout=120)  # also the longest wait for the next line

    def __iter__(self):
        event = {}
        for raw in self._response:
            line = raw.decode().rstrip("\r\n")
            if not line:
                if "data" in event:
                    yield event.get("id"), event.get("event"), json.loads(event["data"])
                event = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(":")
                event[name] = value.removeprefix(" ")

    def close(self):
        self._response.close()
