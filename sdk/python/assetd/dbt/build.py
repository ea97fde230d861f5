"""One attempt of dbt: selects exactly what was planned, runs dbt, and tells what became of each node as it ends."""

import json
import os
import pathlib
import signal
import tempfile

from assetd.dbt.events import LogReader, Plan, lock_detail, shorten
from assetd.dbt.invocation import Invocation, NodeDetails, masker, seed_target
from assetd.dbt.selection import select

_GOOD = {"success", "pass", "warn", "skipped"}


def plan_of(context):
    """The plan of an attempt, from its steps and checks (see docs/plugins.md)."""
    assets = {step.data["unique_id"]: step.key for step in context.steps if (step.data or {}).get("unique_id")}
    checks = {check["data"]["unique_id"]: check for check in context.checks if (check.get("data") or {}).get("unique_id")}
    return Plan(assets, checks if context.steps_mode != "assets" else {}, context.steps_mode)


class Build:
    """`messages()` runs dbt and yields (method, params) for the daemon; then `exit_code` is dbt's (negative: the signal that ended it)."""

    def __init__(self, project, plan, manifest, former_target_dir, attempt_dir=None, more_vars=None, full_refresh=False, row_counts=True, command=("build",), start=None,
                 sample_rows=0):
        """`start`: what runs dbt instead of a process of its own, see Project.start."""
        self._project, self._plan, self._manifest = project, plan, manifest
        self._former_target_dir, self._attempt_dir = former_target_dir, attempt_dir
        self._more_vars, self._full_refresh = more_vars, full_refresh
        self._count_rows, self._sample_rows = row_counts, sample_rows
        self._command = list(command)
        self._start = start or project.start
        self._invocation = None
        self.interrupted = False
        self.exit_code = None

    def interrupt(self):
        self.interrupted = True
        if self._invocation:
            self._invocation.interrupt()

    def messages(self):
        folder = pathlib.Path(self._attempt_dir or tempfile.mkdtemp(prefix="assetd-dbt-"))
        target, logs = folder / "target", folder / "log"
        seed_target(target, self._former_target_dir)
        logs.mkdir(parents=True, exist_ok=True)
        counts = folder / "row_counts.jsonl" if self._count_rows and self._plan.steps_mode != "checks" else None
        sample = (folder / "sample_rows.jsonl", self._sample_rows) if self._sample_rows and self._plan.checks else None
        mask = masker()
        reader = LogReader(self._plan, NodeDetails(self._manifest, target, counts, mask, sample and sample[0]), mask)
        self._invocation = Invocation(self._start(self._arguments(reader, target, logs), counts, sample), logs)
        if self.interrupted:
            self._invocation.interrupt()
        try:
            for line in self._invocation.lines():
                reader.interrupted = self.interrupted
                yield from reader.feed(line)
        finally:
            self._invocation.kill()
        self.exit_code = self._invocation.exit_code
        yield from self._results(reader, target)
        yield from self._conclusion(reader)

    def _arguments(self, reader, target, logs):
        found = [*self._command, *self._project.arguments(target, logs, self._more_vars)]
        found += ["--full-refresh"] if self._full_refresh else []
        return found + select(self._manifest, sorted(reader.planned))

    def _results(self, reader, target):
        """What the log did not say: run_results.json, but only if this very invocation wrote it."""
        try:
            results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if results["metadata"].get("invocation_id") != reader.invocation_id:
            return
        for result in results["results"]:
            if result["unique_id"] in reader.planned - set(reader.ended):
                reader.interrupted = self.interrupted
                yield from reader.end(result["unique_id"], {}, {**result, "num_failures": result.get("failures")})

    def _conclusion(self, reader):
        """Nodes that were planned and never began are the daemon's to judge: it knows what else failed."""
        if self.interrupted:
            yield from self._canceled(reader)
        elif self.exit_code == 1 and set(reader.ended.values()) <= _GOOD:
            detail = "no node failed, but a hook of the project did: " + (shorten("\n".join(reader.errors[-3:]), 4_000) or "see the log")
            yield "assetd.attempt_failed", {"reason": "hook_failed", "detail": detail}
        elif self.exit_code > 1:
            yield "assetd.attempt_failed", self._failure(reader)

    def _canceled(self, reader):
        for unique_id in sorted(reader.begun - set(reader.ended)):
            if unique_id in self._plan.assets:
                yield "assetd.step_ended", {"asset_key": self._plan.assets[unique_id], "status": "canceled", "reason": "canceled", "detail": "interrupted"}

    def _failure(self, reader):
        if reader.lock_message:
            return {"reason": "resource_locked", "detail": lock_detail(reader.lock_message)}
        said = "\n".join(dict.fromkeys(reader.errors[-5:])) or self._invocation.output_tail
        return {"reason": "plugin_error", "detail": f"dbt exited with {self.exit_code} before it was done: {shorten(said, 4_000)}"}


def exit_as(code):
    """Ends this process as dbt ended: with its exit code, or by the signal that ended it."""
    if code is not None and code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        os.kill(os.getpid(), -code)
    raise SystemExit(code or 0)
