"""The worker's side of `serve` (docs/plugins.md): a process that has loaded what steps need, and is forked for each of them.

    def main(verb):
        if verb == "serve":
            serve(prepare)    # returns only in a fork that has become a step: go on as for `run`
        run()
"""

import array
import atexit
import gc
import json
import os
import random
import select
import signal
import socket
import struct
import sys
import threading
import time

CONTROL = "ASSETD_SERVE_FD"
MARK = "ASSETD_WORKER_LOG"  # for those who look at processes
_NOT_OURS = {CONTROL, MARK, "ASSETD_ATTEMPT_ID"}
LARGEST_ORDER = 1 << 20
_SHIM_FILES = 3  # descriptors from here on, in the order of the fork's files, then the socket to the step
_FORK_SAFE_THREADS = {"jemalloc_bg_thd"}  # jemalloc stops it before a fork and starts it anew
_own_files = set()
_IDLE_SECONDS = 1
_IGNORED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}


class Unsuitable(Exception):
    """What was loaded cannot be shared by steps; they run cold."""


def serve(prepare, load_more=None):
    """Serves until the supervisor is gone, and returns in each step. `prepare(load)` loads; it gives a function that says whether what is loaded
    is out of date. `load_more()` is called while there is nothing to do: it says whether it has loaded anything."""
    control = socket.socket(fileno=int(os.environ.pop(CONTROL)))
    control.set_inheritable(False)
    _own_files.add(control.fileno())
    mark = {MARK: os.environ.get(MARK, "")}
    for name in _NOT_OURS:
        os.environ.pop(name, None)
    order, _ = _receive(control)
    traces = Traces()
    try:
        is_stale = prepare(order["load"])
        check_forkable()
    except BaseException as error:  # whatever it is, a module that calls exit() too: steps can do without us
        _tell(control, op="refuse", why=f"{type(error).__name__}: {error}"[:2_000])
        os._exit(0)
    traces.found()
    _rest()
    _tell(control, op="ready")
    while True:
        if load_more and not select.select([control], [], [], _IDLE_SECONDS)[0]:
            _load_more(load_more, traces, control)
            continue
        order, files = _receive(control)
        if is_stale():
            _tell(control, op="stale")
            os._exit(0)
        waiting = _fork(order, files, mark)
        if waiting is not None:
            control.close()
            return _become_step(waiting, traces)
        for file in files:
            os.close(file)


def _rest():
    gc.collect()
    gc.freeze()  # the collector touches no page that forks share
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # what we fork is waited for by others


def _load_more(load_more, traces, control):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        if not load_more():
            return signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        check_forkable()
    except BaseException as error:  # another one is loaded for the next step
        print(f"assetd: this worker ends: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        _tell(control, op="stale")
        os._exit(0)
    traces.found()
    return _rest()


class Traces:
    """What loading did to the process besides loading: a step would have done it, too. Made before, `found()` after."""

    def __init__(self):
        self._environment = _environment_given()
        self._handlers = _handlers()
        self._seed = random.seed
        self._seeded = False  # the generator of `random`, on purpose
        self.random_state = None  # then: `random` seeds it anew in each fork
        self.changed, self.removed, self.handlers = {}, set(), {}
        random.seed = self._note_seed

    def _note_seed(self, *arguments, **named):
        self._seeded = self._seeded or bool(arguments and arguments[0] is not None or named)
        return self._seed(*arguments, **named)

    def found(self):
        now = dict(os.environ)
        self.changed = {name: value for name, value in now.items() if self._environment.get(name) != value}
        self.removed = set(self._environment) - set(now) - _NOT_OURS
        self.handlers = {number: handler for number, handler in _handlers().items() if handler is not self._handlers.get(number) and number != signal.SIGCHLD}
        random.seed = self._seed
        self.random_state = random.getstate() if self._seeded else None


def _handlers():
    return {number: signal.getsignal(number) for number in signal.valid_signals()}


def check_forkable():
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
    files = [(number, path) for number, path in _open_files() if number > 2 and number not in _own_files]
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


def _fork(order, files, mark):
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
        os.execve(program, [*order["argv"], str(step)], mark)
    except BaseException as error:  # nobody has an attempt yet: the supervisor sees that we are gone
        print(f"assetd: a fork cannot become a shim: {error}", file=sys.stderr, flush=True)
        os._exit(127)


def _place(files):
    """Makes them the descriptors _SHIM_FILES, _SHIM_FILES + 1, …"""
    import fcntl

    aside = [fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 64) for file in files]
    for number, file in enumerate(aside, _SHIM_FILES):
        os.dup2(file, number)


def _become_step(waiting, traces):
    """Waits for the go and makes this process what it would be if it had been started for the step. Ends it when there is no go."""
    order, files = _receive_go(waiting)
    for number, file in enumerate(files, 1):
        os.dup2(file, number)
    os.closerange(3, max(number for number, _ in _open_files()) + 1)
    given = {name: value for name, _, value in (entry.partition("=") for entry in order["env"]) if name not in traces.removed}
    os.environ.clear()
    os.environ.update({**given, **traces.changed})
    time.tzset()
    _reset_signals(traces.handlers)
    _reseed(traces.random_state)
    sys.argv[1:] = order["argv"][-1:]
    atexit.register(gc.unfreeze)  # the interpreter takes apart at its end what it had loaded
    try:
        os.chdir(order["cwd"])
    except OSError as error:
        print(f"cannot change to the working directory '{order['cwd']}': {error.strerror}", file=sys.stderr, flush=True)
        os._exit(126)


def end_as_program(code):
    """Ends this process as the interpreter does, but for taking itself apart: other threads, what is registered for the end, what is not yet
    written. `code` below 0: by that signal."""
    try:
        threading._shutdown()
        atexit.unregister(gc.unfreeze)
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        if code < 0:
            signal.signal(-code, signal.SIG_DFL)
            os.kill(os.getpid(), -code)
        os._exit(code & 0xFF)


def exit_code_of(error):
    """What the interpreter would exit with for a SystemExit."""
    return error.code if isinstance(error.code, int) else 0 if error.code is None else 1


def _receive_go(waiting):
    room = array.array("i")
    data, ancillary, _, _ = waiting.recvmsg(LARGEST_ORDER, socket.CMSG_SPACE(2 * room.itemsize))
    while data and (len(data) < 4 or len(data) < 4 + struct.unpack("<I", data[:4])[0]):
        more = waiting.recv(LARGEST_ORDER)
        data = data + more if more else b""
    if not data:
        os._exit(0)
    return json.loads(data[4:]), _files(ancillary)


def _reset_signals(handlers):
    """As Python has them when it starts, but for `handlers`, which loading has set."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_IGN if number in _IGNORED_BY_PYTHON else signal.SIG_DFL
        try:
            signal.signal(number, handlers.get(number, usual))
        except (OSError, TypeError, ValueError):
            continue  # reserved by the C library
    signal.pthread_sigmask(signal.SIG_SETMASK, set())


def _reseed(random_state):
    """Generators that seeded themselves when they were loaded would give every step the same numbers. Those that loading has seeded on
    purpose do so in every process."""
    random.setstate(random_state) if random_state else random.seed()
    numpy = sys.modules.get("numpy.random")
    if numpy and numpy.mtrand._rand._bit_generator.seed_seq is not None:  # none is left by numpy.random.seed(…)
        numpy.seed()
