"""From dbt's JSON log to assetd messages, line by line. Pure: what dbt did becomes what the daemon is told.

Rules found by running dbt 1.10: a node runs from LogStartLine (NodeStart also fires for skipped nodes and for each microbatch); it has ended
at NodeFinished, but only after its result line, for a microbatch model emits NodeFinished per batch before its final result.
"""

import datetime
import json
import re

_RESULTS = {"LogModelResult", "LogTestResult", "LogSeedResult", "LogSnapshotResult", "SkippingDetails"}
_LOCK = re.compile(r"Could not set lock on file.*", re.S)
_HOLDER = re.compile(r"PID (\d+)")
MAX_TEXT = 16_000


class Plan:
    """What one dbt invocation was asked to do. `assets` is unique id → key; `checks` unique id → the check as in the attempt's context."""

    def __init__(self, assets, checks, steps_mode="all"):
        self.assets, self.checks, self.steps_mode = assets, checks, steps_mode


class LogReader:
    """Feed it lines of the log; it answers with messages, (method, params) pairs, and remembers what has ended."""

    def __init__(self, plan, details=lambda unique_id, node_info: {}, mask=lambda text: text):
        """`details` gives further metadata of a node that has just succeeded (compiled SQL, row count). `mask` hides secrets."""
        self._plan = plan
        self._details = details
        self._mask = mask
        self._result_seen = {}
        self._node_errors = {}   # unique id → the first thing dbt said; a microbatch model's own message is only "ERROR"
        self._started_homes = set()
        self._step_keys = set(plan.assets.values())
        self._unit_tests = _unit_tests(plan)  # key → unique ids
        self.planned = _planned(plan)
        self.ended = {}          # unique id → status as dbt said it
        self.begun = set()       # unique ids
        self.interrupted = False  # set by the caller when it passed an interrupt on
        self.invocation_id = None
        self.errors = []         # what dbt said at level error, newest last
        self.lock_message = None

    def feed(self, line):
        """Messages for one complete line; lines that are not dbt's JSON give none."""
        try:
            record = json.loads(line)
            info, data = record["info"], record["data"]
            name = info["name"]
        except (ValueError, KeyError, TypeError):
            return []
        self.invocation_id = self.invocation_id or info.get("invocation_id")
        node = data.get("node_info") or {}
        unique_id = node.get("unique_id")
        self._remember_error(info, unique_id)
        if unique_id not in self.planned:
            return []
        if name == "LogStartLine":
            return self._start(unique_id, node)
        if name in _RESULTS:
            self._result_seen[unique_id] = data
        elif name == "NodeFinished" and unique_id in self._result_seen and unique_id not in self.ended:
            return self.end(unique_id, node, data.get("run_result") or {})
        return []

    def _remember_error(self, info, unique_id):
        message = info.get("msg") or ""
        if info.get("level") == "error" and message.strip():
            self.errors.append(self._mask(message.strip()))
            if unique_id and info["name"] not in _RESULTS:
                self._node_errors.setdefault(unique_id, self.errors[-1])
        if "Could not set lock on file" in message:
            self.lock_message = self._mask(_LOCK.search(message).group(0).strip())

    def _start(self, unique_id, node):
        if unique_id in self.begun:
            return []
        self.begun.add(unique_id)
        at = _utc(node.get("node_started_at"))
        if unique_id in self._plan.assets:
            return [("assetd.step_started", {"asset_key": self._plan.assets[unique_id], **at})]
        check = self._plan.checks[unique_id]
        return self._home_start(check["home"], at) + [("assetd.check_started", {"asset_key": check["home"], "check_name": check["name"], **at})]

    def _home_start(self, key, at):
        """With only checks to run, a step begins with its first check; it ends by them, without a message of its own."""
        if self._plan.steps_mode != "checks" or key not in self._step_keys or key in self._started_homes:
            return []
        self._started_homes.add(key)
        return [("assetd.step_started", {"asset_key": key, **at})]

    def end(self, unique_id, node, result):
        """Messages for a node that has ended; `result` as in NodeFinished: status, message, num_failures, adapter_response, timing_info."""
        status = str(result.get("status") or node.get("node_status") or "")
        if self.interrupted and status == "error":
            status = "canceled"
        self.ended[unique_id] = status
        if unique_id in self._plan.checks:
            return self._check_ended(unique_id, node, result, status)
        return self._asset_ended(unique_id, node, result, status)

    def _asset_ended(self, unique_id, node, result, status):
        key, at = self._plan.assets[unique_id], _utc(node.get("node_finished_at"))
        message = self._text(result.get("message"))
        if status == "success":
            metadata = {**_facts(result), **self._details(unique_id, node)}
            return [
                ("report_asset_materialization", {"asset_key": key, "metadata": metadata, "data_version": None, **at}),
                ("assetd.step_ended", {"asset_key": key, "status": "succeeded", **at}),
            ]
        return [("assetd.step_ended", {"asset_key": key, **self._unhappy(unique_id, status, message), **at})]

    def _unhappy(self, unique_id, status, message):
        if status == "canceled":
            return {"status": "canceled", "reason": "canceled", "detail": "interrupted: " + message if message else "interrupted"}
        if status == "skipped":
            return self._skipped(unique_id, message)
        if "Could not set lock on file" in message:
            return {"status": "failed", "reason": "resource_locked", "detail": lock_detail(message)}
        said = self._node_errors.get(unique_id)
        if said and len(message) < len(said) and (status == "partial success" or not message or message.isupper()):
            message = f"{message}: {shorten(said)}" if message else shorten(said)
        return {"status": "failed", "reason": "node_failed", "detail": message or f"dbt ended the node with status '{status}'"}

    def _skipped(self, unique_id, message):
        key = self._plan.assets[unique_id]
        for check_id in self._unit_tests.get(key, ()):
            if self.ended.get(check_id) in ("fail", "error"):
                check = self._plan.checks[check_id]
                return {"status": "failed", "reason": "check_failed", "detail": f"the unit test {check['name']} failed, so dbt did not build the model"}
        return {"status": "skipped", "detail": message}

    def _check_ended(self, unique_id, node, result, status):
        if status == "canceled":  # it has no outcome
            return []
        check, at = self._plan.checks[unique_id], _utc(node.get("node_finished_at"))
        ours = {"pass": "passed", "success": "passed", "fail": "failed", "warn": "warned", "skipped": "skipped"}.get(status, "error")
        metadata = {"execution_seconds": round(float(result.get("execution_time") or 0), 3), "failures": result.get("num_failures") or 0}
        if ours in ("failed", "warned"):
            metadata.update(self._details(unique_id, node))
        params = {
            "asset_key": check["home"], "check_name": check["name"], "passed": ours == "passed", "status": ours,
            "severity": "WARN" if ours == "warned" or check.get("severity") == "warn" else "ERROR", "metadata": metadata,
            "detail": self._text(result.get("message")), **at,
        }
        return [("report_asset_check", params)]

    def _text(self, message):
        return self._mask(shorten((message or "").strip()))


def _planned(plan):
    """Unique ids that the invocation should end."""
    return {"assets": set(plan.assets), "checks": set(plan.checks)}.get(plan.steps_mode, set(plan.assets) | set(plan.checks))


def _unit_tests(plan):
    found = {}
    for unique_id, check in plan.checks.items():
        if (check.get("data") or {}).get("unit"):
            found.setdefault(check["home"], []).append(unique_id)
    return found


def lock_detail(message):
    holder = _HOLDER.search(message)
    who = f"held by the process {holder.group(1)}" if holder else "held by another process"
    return f"the DuckDB file is {who}; give both steps `uses:` of one resource, so that they wait for each other. {shorten(message, 600)}"


def shorten(text, limit=MAX_TEXT):
    return text if len(text) <= limit else text[:limit] + f"\n… ({len(text) - limit} more characters)"


def _utc(time):
    """dbt's times are UTC without saying so."""
    return {"at": time if time.endswith("Z") else time + "Z"} if time else {}


def _facts(result):
    """Timing and adapter response of a node, as metadata."""
    found = {}
    if result.get("execution_time") is not None:
        found["execution_seconds"] = round(float(result["execution_time"]), 3)
    for timing in result.get("timing_info") or result.get("timing") or []:
        seconds = _seconds_between(timing.get("started_at"), timing.get("completed_at"))
        if seconds is not None:
            found[f"{timing['name']}_seconds"] = seconds
    adapter = result.get("adapter_response") or {}
    if adapter.get("rows_affected") is not None:
        found["rows_affected"] = int(adapter["rows_affected"])
    if adapter:
        found["adapter_response"] = {"type": "json", "raw_value": adapter}
    return found


def _seconds_between(started, completed):
    if not started or not completed:
        return None
    begin, end = (datetime.datetime.fromisoformat(time.rstrip("Z")) for time in (started, completed))
    return round((end - begin).total_seconds(), 3)
