"""Runs the command of a step and, once it has succeeded, says what is in the files that it made: one `assetd.artifact` each (docs/plugins.md).

The command has this process' output, environment and directory, and this process ends as the command did. Standard library only, Python 3.8 or newer.
"""

import base64
import glob
import hashlib
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import zlib

BLOCK = 1 << 20
MOST = 1000  # the daemon forms no version of more
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


class Unknown(Exception):
    """It cannot be said what is in an output."""


class Messages:
    def __init__(self, path, key):
        self._path, self._key = path, key
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def send(self, method, **params):
        line = json.dumps({"__dagster_pipes_version": "0.1", "method": method, "params": params}) + "\n"
        os.write(self._file, line.encode())

    def artifact(self, name, **found):
        self.send("assetd.artifact", asset_key=self._key, name=shown(name), **found)

    def warn(self, text):
        print("warning: " + text, file=sys.stderr, flush=True)
        self.send("log", level="WARNING", message=text)

    def reported_without_version(self):
        """Whether the command itself has reported its materialization, and of which version is its data it did not say."""
        with open(self._path, "rb") as lines:
            return any(b'"report_asset_materialization"' in line and not version_in(line) for line in lines)


def version_in(line):
    try:
        return json.loads(line)["params"].get("data_version")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def main(arguments):
    if arguments != ["run"]:
        print("exec_outputs describes no assets; write the asset under assets: with run: {command: […], outputs: […]}", file=sys.stderr)
        return 2
    environ = inherited_environment()
    context = context_of(environ)
    ours = context["extras"]["assetd"]
    messages = Messages(decode(environ["DAGSTER_PIPES_MESSAGES"])["path"], context["asset_keys"][0])
    stops = hold_stops()
    code = run_command(ours["run"]["command"], environ, messages)
    if code < 0:
        return end_by(-code)
    if code == 0 and not stops:
        release_stops()
        report(ours["run"]["outputs"], ours["project_dir"], messages)
    return code


def inherited_environment():
    """As it was given to this process: where no locale is set Python adds a variable of its own."""
    with open("/proc/self/environ", "rb") as file:
        pairs = [pair.split(b"=", 1) for pair in file.read().split(b"\0") if b"=" in pair]
    return {os.fsdecode(name): os.fsdecode(value) for name, value in pairs}


def decode(text):
    return json.loads(zlib.decompress(base64.b64decode(text)))


def context_of(environ):
    params = decode(environ["DAGSTER_PIPES_CONTEXT"])
    if "data" in params:
        return params["data"]
    with open(params["path"], encoding="utf-8") as file:
        return json.load(file)


def hold_stops():
    """Those that came. A stop is sent to each process of the step: how it ends is the command's to say."""
    stops = []
    for number in STOPS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, frame: stops.append(number))
    return stops


def release_stops():
    for number in STOPS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def run_command(command, environ, messages):
    """Its exit code; negative: the signal that ended it."""
    try:
        child = subprocess.Popen(command, env=environ, close_fds=False)
    except OSError as error:
        detail = f"cannot execute '{command[0]}': {error.strerror}"
        print(detail, file=sys.stderr)
        messages.send("assetd.attempt_failed", reason="exit_code", detail=detail)
        return 127 if isinstance(error, FileNotFoundError) else 126
    return child.wait()


def end_by(number):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # one core is enough
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


def report(outputs, project, messages):
    """Where nothing is known of one output the daemon is told so: then there is no version of the content of the rest."""
    if messages.reported_without_version():
        messages.warn("the step reported its materialization itself, before its outputs were looked at: its data version is not of their content. "
                      "Let it report a data_version, or leave the report to assetd")
    for name, path in named(outputs, project, messages):
        try:
            if path is None:
                raise Unknown(f"the output {shown(name)} is missing: the command ended well and did not make it")
            folder = os.path.isdir(path)
            size, sha256 = content_of_folder(path) if folder else content_of_file(path)
            messages.artifact(name, path=shown(path), type="folder" if folder else "file", size=size, sha256=sha256)
        except (Unknown, OSError) as why:
            text = str(why) if isinstance(why, Unknown) else f"the output {shown(name)} cannot be read: {why.strerror}"
            messages.warn(text + "; the data gets a version of this attempt")
            messages.artifact(name, path=shown(path or os.path.join(project, name)), type="unknown")


def named(outputs, project, messages):
    """Name and path of each output, once; the path is None where there is none."""
    seen = set()
    for output in outputs:
        literal = os.path.join(project, output)
        found = [literal] if os.path.lexists(literal) else sorted(glob.glob(os.path.join(glob.escape(project), output), recursive=True))
        for path in found or [None]:
            name = output if path is None else os.path.relpath(path, project)
            if len(seen) == MOST and name not in seen:
                messages.warn(f"the outputs are more than {MOST} files, which is too many for a version of their content: name the folder that they are in")
                yield output, None
                return
            if name not in seen:
                seen.add(name)
                yield name, path


def content_of_file(path):
    """Size and SHA-256, whatever the size. A link counts as what it names."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        raise Unknown(f"the output {shown(path)} is a link to nothing") from None
    with os.fdopen(handle, "rb", buffering=0) as file:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise Unknown(f"the output {shown(path)} is no file that has a content")
        digest, size = hashlib.sha256(), 0
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
            size += len(block)
        after = os.fstat(handle)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
        raise Unknown(f"the output {shown(path)} changed while it was read: something still writes to it")
    return size, digest.hexdigest()


def content_of_folder(top):
    """Of all that is below it: names, sizes and contents. Links to folders are not followed, their targets count as text."""
    digest, total = hashlib.sha256(), 0

    def failed(error):
        raise error

    for folder, inner, files in os.walk(top, onerror=failed):
        inner.sort()
        links = [name for name in inner if os.path.islink(os.path.join(folder, name))]
        for name in sorted(files + links):
            path = os.path.join(folder, name)
            if name in links:
                content = "link " + os.readlink(path)
            else:
                size, sha256 = content_of_file(path)
                content, total = f"{size} {sha256}", total + size
            relative = os.path.relpath(path, top)
            digest.update(os.fsencode(f"{len(os.fsencode(relative))}:{relative} {content}\n"))
    return total, digest.hexdigest()


def shown(text):
    """Names of files are bytes: what is no UTF-8 stays told apart."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
