"""Live processes as /proc tells them, looked at once: who they are and which attempt they belong to."""

import contextlib
import os
import pathlib
import signal


NO_ATTEMPT = "0" * 32  # of a preloaded process


def _value(environment, name):
    found = [entry for entry in environment if entry.startswith(name.encode() + b"=")]
    return found[0].partition(b"=")[2].decode() if found else None


class Process:
    def __init__(self, pid, name, command, environment):
        self.pid, self.name, self.command = pid, name, command
        self.attempt = _value(environment, "ASSETD_ATTEMPT_ID")
        self.worker_log = _value(environment, "ASSETD_WORKER_LOG") or ""  # of a preloaded process, its forks and their shims

    def __repr__(self):
        return f"{self.pid} {self.name} {self.command[:80]!r}" + (f" of {self.attempt}" if self.attempt else "")


def all_processes():
    """Everybody but the dead and ourselves. A process whose program begins or ends at this moment may be missing."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            stat = (entry / "stat").read_text()
            name, state = stat.partition("(")[2].rpartition(")")[0], stat.rpartition(")")[2].split()[0]
            if state in "ZX":
                continue
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found.append(Process(int(entry.name), name, command, (entry / "environ").read_bytes().split(b"\0")))
    return found


def of_attempts(attempts, table=None):
    return [process for process in table or all_processes() if process.attempt in attempts]


class Household:
    """The supervisors and shims of one data folder. A shim is a fork of its supervisor, so it shows the same command."""

    def __init__(self, data, table=None):
        mine = [process for process in table or all_processes() if f" {data}/supervisor.sock " in process.command or process.worker_log.startswith(f"{data}/")]
        self.shims = [process.pid for process in mine if process.name == "assetd-shim"]
        self.workers = [process.pid for process in mine if process.attempt == NO_ATTEMPT]
        self.supervisors = [process.pid for process in mine if process.name == "assetd-supervis"]


def kill9(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
