"""dbt without starting and parsing: a process that holds a project's parsed manifest, and forks of it that run dbt.

The parent only parses. After a build it would have threads and the database open, and a manifest that was rendered for other variables or another
profile writes into the wrong relations: it is used for exactly what it was parsed for.
"""

import json
import multiprocessing
import os
import pathlib
import signal
import sys
import tempfile
import traceback

from assetd.dbt import launch
from assetd.dbt.invocation import seed_target
from assetd.dbt.parse import Sources
from assetd.serve import Unsuitable, end_as_program, exit_code_of


class ParsedProject:
    """Parses on being made. `described_path`: manifest.json of the last `describe`, which steps are selected from."""

    def __init__(self, project, former_target_dir):
        self._project = project
        self._hash = Sources(project).hash()  # before parsing: what changes meanwhile is noticed
        self._manifest = _parse(project, former_target_dir)
        path = pathlib.Path(former_target_dir) / "manifest.json"
        self._described = (path, _identity(path), _load(path))

    def is_stale(self):
        try:
            return Sources(self._project).hash() != self._hash
        except OSError:  # a file went while it was read
            return True

    def described(self, path):
        """manifest.json at `path`, without reading it again when it is what it was."""
        known, identity, manifest = self._described
        return manifest if manifest is not None and pathlib.Path(path) == known and _identity(known) == identity else json.loads(pathlib.Path(path).read_text(encoding="utf-8"))

    def start(self, arguments, row_counts=None, sample_rows=None):
        """As Project.start, in a fork of this process."""
        counts = str(row_counts) if row_counts else None
        return ForkedProcess(lambda: launch.run(list(map(str, arguments)), counts, self._manifest, sample_rows), self._project.project_dir)


def _identity(path):
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _load(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _parse(project, former_target_dir):
    _use_forks()
    from dbt.cli.main import dbtRunner

    with tempfile.TemporaryDirectory(prefix="assetd-dbt-") as folder:
        target = pathlib.Path(folder) / "target"
        seed_target(target, former_target_dir)
        arguments = project.arguments(target, pathlib.Path(folder) / "log")
        # The static parser is a library that keeps threads of its own from its first file on; without it the same comes of a file, more slowly.
        done = dbtRunner().invoke(["--no-write-json", "--no-static-parser", "parse", *arguments, "--log-level-file", "none"])
    if not done.success:
        raise Unsuitable(f"dbt cannot parse the project: {done.exception}")
    return done.result


def _use_forks():
    """dbt's locks, made for processes that it never starts, would start one that watches over them."""
    import dbt.mp_context

    dbt.mp_context._MP_CONTEXT = multiprocessing.get_context("fork")


class ForkedProcess:
    """A fork of this process that runs `main` and ends as a program would that does nothing else; to be handled as a subprocess.Popen with pipes. For
    a process without threads."""

    def __init__(self, main, cwd):
        self.returncode = None
        (out, outs_end), (err, errs_end) = os.pipe(), os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _be_a_program(main, cwd, outs_end, errs_end)
        os.close(outs_end)
        os.close(errs_end)
        self.stdout, self.stderr = os.fdopen(out, "rb"), os.fdopen(err, "rb")

    def poll(self):
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def _be_a_program(main, cwd, out, err):
    code = 1
    try:
        for file, number in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (err, 2)):
            os.dup2(file, number)
        os.closerange(3, 1 << 16)
        os.chdir(cwd)
        main()
        code = 0
    except SystemExit as error:
        code = exit_code_of(error)
    except KeyboardInterrupt:
        traceback.print_exc()
        code = -signal.SIGINT
    except BaseException:
        traceback.print_exc()
    end_as_program(code)
