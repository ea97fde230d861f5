"""One dbt process: started with its own target and log folders, its JSON log tailed while it runs, its output passed on."""

import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import threading
import time

from assetd.dbt.events import shorten

LAUNCH = pathlib.Path(__file__).with_name("launch.py")
POLL_SECONDS = 0.05
LOG_ARGUMENTS = [
    "--log-format", "text", "--log-level", "info", "--log-level-file", "debug", "--log-format-file", "json", "--log-file-max-bytes", "0", "--no-use-colors",
]


class Project:
    """Where a dbt project is and how dbt is called on it."""

    def __init__(self, project_dir, profiles_dir=None, profile=None, target=None, vars=None, threads=None, python=None):
        self.project_dir = str(project_dir)
        self.profiles_dir = str(profiles_dir) if profiles_dir else None
        self.profile, self.target, self.vars, self.threads = profile, target, dict(vars or {}), threads
        self.python = python or sys.executable

    def arguments(self, target_path, log_path, more_vars=None, threads=True):
        """Options that every command takes; `target_path` is None for one that writes no artifacts, such as deps."""
        found = ["--project-dir", self.project_dir, "--log-path", str(log_path), *LOG_ARGUMENTS]
        found += ["--target-path", str(target_path)] if target_path else []
        found += ["--no-send-anonymous-usage-stats", "--no-version-check"]
        for option, value in (("--profiles-dir", self.profiles_dir), ("--profile", self.profile), ("--target", self.target)):
            found += [option, str(value)] if value else []
        if threads and self.threads:
            found += ["--threads", str(self.threads)]
        merged = {**self.vars, **(more_vars or {})}
        return found + (["--vars", json.dumps(merged, sort_keys=True)] if merged else [])

    def command(self, arguments, row_counts=None, sample_rows=None):
        ours = ["--row-counts", str(row_counts)] if row_counts else []
        ours += ["--sample-rows", *map(str, sample_rows)] if sample_rows else []
        return [self.python, str(LAUNCH), *ours, "--", *arguments]

    def start(self, arguments, row_counts=None, sample_rows=None):
        """dbt in a process of its own. `sample_rows`: (file, how many)."""
        return subprocess.Popen(
            self.command(arguments, row_counts, sample_rows), cwd=self.project_dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def seed_target(target_dir, former_target_dir):
    """Copies what spares dbt a full parse; dbt writes it in place, so it is never shared."""
    target_dir.mkdir(parents=True, exist_ok=True)
    former = former_target_dir and pathlib.Path(former_target_dir) / "partial_parse.msgpack"
    if former and former.exists():
        shutil.copyfile(former, target_dir / former.name)


class Invocation:
    """A running dbt: `process` as from Project.start, which logs to the folder `log_path`. `lines()` yields the lines of its JSON log until it has
    ended; then `exit_code` is set (negative: the signal)."""

    def __init__(self, process, log_path):
        self.exit_code = None
        self.interrupted = False
        self._log = pathlib.Path(log_path) / "dbt.log"
        self._tail = []
        self._process = process
        self._pidfd = _pidfd(process.pid)
        pairs = [(self._process.stdout, sys.stdout), (self._process.stderr, sys.stderr)]
        self._copiers = [threading.Thread(target=self._copy, args=pair, daemon=True) for pair in pairs]
        for copier in self._copiers:
            copier.start()

    def _copy(self, source, sink):
        for line in source:
            text = line.decode(errors="replace")
            self._tail = [*self._tail[-39:], text.rstrip()]
            sink.write(text)
            sink.flush()

    def interrupt(self):
        """Passes an interrupt on; dbt cancels its queries and ends."""
        self.interrupted = True
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def kill(self):
        if self._process.poll() is None:
            self._process.kill()

    def lines(self):
        position, rest = 0, b""
        while True:
            ended = self._process.poll() is not None  # asked before reading: what was written until then is read
            chunk = self._read(position)
            position += len(chunk)
            *whole, rest = (rest + chunk).split(b"\n")
            yield from (line.decode(errors="replace") for line in whole)
            if ended and not chunk:
                break
            if not chunk:
                self._wait_a_moment()
        if self._pidfd is not None:
            os.close(self._pidfd)
        for copier in self._copiers:
            copier.join(timeout=5)
        self.exit_code = self._process.returncode

    def _wait_a_moment(self):
        """Until it has ended at the longest."""
        if self._pidfd is None:
            return time.sleep(POLL_SECONDS)
        return select.select([self._pidfd], [], [], POLL_SECONDS)

    def _read(self, position):
        try:
            with open(self._log, "rb") as file:
                file.seek(position)
                return file.read(1 << 20)
        except FileNotFoundError:
            return b""

    @property
    def output_tail(self):
        return "\n".join(line for line in self._tail if line.strip())


def _pidfd(pid):
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # no Linux, or gone: then there is nothing to wait for
        return None


class NodeDetails:
    """Further metadata of nodes as they end: compiled SQL, row counts and rows that fail, found in the invocation's own folders."""

    def __init__(self, manifest, target_dir, row_counts=None, mask=lambda text: text, sample_rows=None):
        self._manifest = manifest
        self._target_dir = target_dir
        self._row_counts = row_counts
        self._mask = mask
        self._rows, self._position = {}, 0
        self._sample_rows = sample_rows

    def __call__(self, unique_id, node_info):
        found = {}
        sql = self._compiled(unique_id)
        if sql:
            found["compiled_sql"] = {"type": "md", "raw_value": f"```sql\n{self._mask(shorten(sql.strip()))}\n```"}
        self._read_counts()
        if unique_id in self._rows:
            found["row_count"] = self._rows[unique_id]
        sample = self._sample(unique_id)
        if sample:
            found["sample_rows"] = {"type": "json", "raw_value": sample}
        relation = (node_info.get("node_relation") or {}).get("relation_name")
        if relation:
            found["relation"] = relation.replace('"', "")
        return found

    def _compiled(self, unique_id):
        node = self._manifest["nodes"].get(unique_id)
        if node is None or node["resource_type"] == "seed":
            return None
        path = os.path.join(self._target_dir, "compiled", node["package_name"], node["original_file_path"])
        if node.get("test_metadata"):
            path = os.path.join(path, node["path"])
        try:
            with open(path, encoding="utf-8") as file:
                return file.read()
        except OSError:
            return None

    def _sample(self, unique_id):
        if not self._sample_rows or not os.path.exists(self._sample_rows):
            return None
        with open(self._sample_rows, encoding="utf-8") as file:
            taken = [json.loads(line) for line in file if line.endswith("\n")]
        for each in taken:
            if each["unique_id"] == unique_id:
                return {"columns": each["columns"], "rows": [[self._mask(cell) if isinstance(cell, str) else cell for cell in row] for row in each["rows"]]}
        return None

    def _read_counts(self):
        if not self._row_counts or not os.path.exists(self._row_counts):
            return
        with open(self._row_counts, "rb") as file:
            file.seek(self._position)
            whole = file.read().rpartition(b"\n")[0]
        self._position += len(whole) + 1 if whole else 0
        for line in whole.splitlines():
            count = json.loads(line)
            self._rows[count["unique_id"]] = count["row_count"]


def masker(environ=os.environ):
    """Hides the values of dbt's secret variables, which end up in compiled SQL and messages."""
    secrets = sorted((value for name, value in environ.items() if name.startswith("DBT_ENV_SECRET") and value), key=len, reverse=True)

    def mask(text):
        for secret in secrets:
            text = text.replace(secret, "*****")
        return text

    return mask
