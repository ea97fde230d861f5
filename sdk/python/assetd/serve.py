"""The worker's side of `serve` (docs/plugins.md): a process that has loaded what steps need, and is forked for each of them.

    def main(verb):
        if verb == "serve":
            serve(prepare)    # returns only in a fork that has become a step: go on as for `run`
        run()
"""

import array
import gc
import json
import os
import random
import signal
import socket
import struct
import sys
import threading
import time

CONTROL = "ASSETD_SERVE_FD"
LARGEST_ORDER = 1 << 20
_SHIM_FILES = 3  # descriptors from here on, in the order of the fork's files, then the socket to the step
_FORK_SAFE_THREADS = {"jemalloc_bg_thd"}  # jemalloc stops it before a fork and starts it anew
_IGNORED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}


class Unsuitable(Exception):
    """What was loaded cannot be shared by steps; they run cold."""


def serve(prepare):
    """Serves until the supervisor is gone, and returns in each step. `prepare(load)` loads; it gives a function that says whether what is loaded
    is out of date."""
    control = socket.socket(fileno=int(os.environ.pop(CONTROL)))
    control.set_inheritable(False)
    os.environ.pop("ASSETD_ATTEMPT_ID", None)
    before = _environment_given()
    order, _ = _receive(control)
    try:
        is_stale = prepare(order["load"])
        check_forkable({control.fileno()})
    except Exception as error:  # whatever it is, steps can do without us
        _tell(control, op="refuse", why=f"{type(error).__name__}: {error}"[:2_000])
        os._exit(0)
    changed = {name: value for name, value in os.environ.items() if before.get(name) != value}
    gc.collect()
    gc.freeze()  # the collector touches no page that forks share
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # what we fork is waited for by others
    _tell(control, op="ready")
    while True:
        order, files = _receive(control)
        if is_stale():
            _tell(control, op="stale")
            os._exit(0)
        waiting = _fork(order, files)
        if waiting is not None:
            control.close()
            return _become_step(waiting, changed)
        for file in files:
            os.close(file)


def check_forkable(own_files=frozenset()):
    """Raises Unsuitable when a fork of this process would not be a fresh start: threads that do not survive it, open files that would be shared."""
    if threading.active_count() > 1:
        raise Unsuitable("what was loaded has started threads: " + ", ".join(thread.name for thread in threading.enumerate()))
    probe = os.fork()  # libraries that are prepared for it end their threads before a fork
    if probe == 0:
        os._exit(0)
    os.waitpid(probe, 0)
    names = [name for name in map(_thread_name, os.listdir("/proc/self/task")) if name and name not in _FORK_SAFE_THREADS]
    if len(names) > 1:
        raise Unsuitable("what was loaded has threads that a fork does not end: " + ", ".join(sorted(names)))
    files = [(number, path) for number, path in _open_files() if number > 2 and number not in own_files]
    if files:
        raise Unsuitable("what was loaded has files open: " + ", ".join(path for _, path in files))
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return
    raise Unsuitable("what was loaded has started processes")


def _environment_given():
    """What this process was started with; the interpreter itself may have added to it."""
    with open("/proc/self/environ", "rb") as file:
        entries = file.read().split(b"\0")
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in (entry.partition(b"=") for entry in entries) if name}


def _thread_name(task):
    try:
        with open(f"/proc/self/task/{task}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return None


def _open_files():
    for name in os.listdir("/proc/self/fd"):
        try:
            yield int(name), os.readlink(f"/proc/self/fd/{name}")
        except OSError:  # that of the listing itself
            continue


class LoadedFiles:
    """What the interpreter has loaded, and `more` files and folders: called, it says whether any has changed since."""

    def __init__(self, more=()):
        files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
        folders = [entry for entry in sys.path if entry.rstrip("/").endswith("-packages")]  # an installation adds to them
        self._known = {path: _identity(path) for path in {*files, *folders, *more, os.path.realpath(sys.executable)} if path}

    def __call__(self):
        return any(_identity(path) != identity for path, identity in self._known.items())


def _identity(path):
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


# ---- Orders


def _receive(control):
    """(order, descriptors); ends this process when there will be no more."""
    room = array.array("i")
    try:
        data, ancillary, _, _ = control.recvmsg(LARGEST_ORDER, socket.CMSG_SPACE(8 * room.itemsize))
    except ConnectionError:
        data = b""
    if not data:
        os._exit(0)
    return json.loads(data), _files(ancillary)


def _files(ancillary):
    found = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(data[:len(data) - len(data) % found.itemsize])
    return list(found)


def _tell(control, **message):
    try:
        control.send(json.dumps(message).encode())
    except OSError:
        os._exit(0)


# ---- Forks


def _fork(order, files):
    """A fork that becomes the shim by executing the program it was given, and one of that, the step. The step gets the socket on which it waits;
    the worker None."""
    sys.stdout.flush()
    sys.stderr.flush()
    shims_end, steps_end = socket.socketpair()
    if os.fork():
        shims_end.close()
        steps_end.close()
        return None
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        step = os.fork()
        if step == 0:
            shims_end.close()
            for file in files:
                os.close(file)
            return steps_end
        jobs, status, program = files
        _place([jobs, status, shims_end.fileno()])
        os.execve(program, [*order["argv"], str(step)], {})
    except BaseException as error:  # nobody has an attempt yet: the supervisor sees that we are gone
        print(f"assetd: a fork cannot become a shim: {error}", file=sys.stderr, flush=True)
        os._exit(127)


def _place(files):
    """Makes them the descriptors _SHIM_FILES, _SHIM_FILES + 1, …"""
    import fcntl

    aside = [fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 64) for file in files]
    for number, file in enumerate(aside, _SHIM_FILES):
        os.dup2(file, number)


def _become_step(waiting, changed):
    """Waits for the go and makes this process what it would be if it had been started for the step. Ends it when there is no go."""
    order, files = _receive_go(waiting)
    for number, file in enumerate(files, 1):
        os.dup2(file, number)
    os.closerange(3, max(number for number, _ in _open_files()) + 1)
    os.environ.clear()
    os.environ.update({**dict(entry.split("=", 1) for entry in order["env"]), **changed})
    time.tzset()
    _reset_signals()
    _reseed()
    sys.argv[1:] = order["argv"][-1:]
    try:
        os.chdir(order["cwd"])
    except OSError as error:
        print(f"cannot change to the working directory '{order['cwd']}': {error.strerror}", file=sys.stderr, flush=True)
        os._exit(126)


def _receive_go(waiting):
    room = array.array("i")
    data, ancillary, _, _ = waiting.recvmsg(LARGEST_ORDER, socket.CMSG_SPACE(2 * room.itemsize))
    while data and (len(data) < 4 or len(data) < 4 + struct.unpack("<I", data[:4])[0]):
        more = waiting.recv(LARGEST_ORDER)
        data = data + more if more else b""
    if not data:
        os._exit(0)
    return json.loads(data[4:]), _files(ancillary)


def _reset_signals():
    """As Python has them when it starts."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        wanted = signal.default_int_handler if number == signal.SIGINT else signal.SIG_IGN if number in _IGNORED_BY_PYTHON else signal.SIG_DFL
        try:
            signal.signal(number, wanted)
        except (OSError, ValueError):
            continue  # reserved by the C library
    signal.pthread_sigmask(signal.SIG_SETMASK, set())


def _reseed():
    """Generators that seeded themselves when they were loaded would give every step the same numbers."""
    random.seed()
    for name in ("numpy.random", "torch"):
        if name in sys.modules:
            sys.modules[name].seed()
