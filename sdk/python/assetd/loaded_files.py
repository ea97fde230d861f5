"""Whether what an interpreter has loaded is still what is on disk."""

import os
import stat
import sys
import time

_COARSE_NS = 20_000_000  # the kernel's clock for files may lag behind by so much
_NO_FILES = ("/proc/", "/sys/", "/dev/")
_IMPORTABLE = (".py", ".so", ".pyc", ".pth")
_IMPORTER = "<frozen importlib._bootstrap_external>"  # lists every folder in which it looks for modules: see _importable

_recording = None  # the one that is on


class Recording:
    """Which files are read and which folders are listed while it is on: what a module looks at when it is imported decides what it is, too."""

    _hooked = False

    def __init__(self):
        self.began_ns = time.time_ns() - _COARSE_NS
        self.files, self.listed = set(), set()

    def __enter__(self):
        global _recording
        if not Recording._hooked:
            sys.addaudithook(_on_event)  # there is no way to take it out again
            Recording._hooked = True
        _recording = self
        return self

    def __exit__(self, *_):
        global _recording
        _recording = None


def _on_event(event, arguments):
    if _recording is None:
        return
    if event == "open":
        _note_opened(*arguments)
    elif event in ("os.listdir", "os.scandir") and sys._getframe(1).f_code.co_filename != _IMPORTER:
        folder = arguments[0]
        if not isinstance(folder, int):
            _recording.listed.add(os.path.abspath(os.fsdecode(folder or ".")))


def _note_opened(path, mode, flags):
    reads = "r" in mode if isinstance(mode, str) else not flags & (os.O_WRONLY | os.O_RDWR)
    if reads and isinstance(path, (str, bytes)):
        name = os.path.abspath(os.fsdecode(path))
        if not name.endswith(".pyc"):  # made from the source, which is looked at
            _recording.files.add(name)


class LoadedFiles:
    """The interpreter, files of all loaded modules, what `recording` saw being read and listed, what could hide a module, and the installed packages:
    called, it says whether any has changed. What changed while it was being loaded counts as changed: nobody knows what was read of it."""

    def __init__(self, recording):
        self._files, self._names, self._listed = {}, {}, {}
        self._interpreter = os.path.realpath(sys.executable)  # which is often a link, of an environment or to a version
        self.add(recording)

    def add(self, recording):
        """What has been loaded since; what is known already stays known as it was."""
        modules = list(sys.modules.values())
        files = {getattr(module, "__file__", None) for module in modules} | {self._interpreter}
        files |= {path for path in recording.files if not path.startswith(_NO_FILES) and os.path.isfile(path)}
        folders = {entry for entry in sys.path if entry.rstrip("/").endswith("-packages")}  # an installation adds to them
        for path in {*files, *folders} - {None} - set(self._files):
            self._files[path] = _identity(path, recording.began_ns)
        for path in _local_folders(modules) - folders - set(self._names):
            self._names[path] = _importable(path)
        for path in recording.listed - set(self._listed):
            if not (path + "/").startswith(_NO_FILES):
                self._listed[path] = _all_names(path)

    def __call__(self):
        return (os.path.realpath(sys.executable) != self._interpreter
                or any(_identity(path) != identity for path, identity in self._files.items())
                or any(_importable(path) != names for path, names in self._names.items())
                or any(_all_names(path) != names for path, names in self._listed.items()))


def _identity(path, before_ns=None):
    """None: there is no such file; False, which equals no identity: it changed at `before_ns` or later."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    if before_ns is not None and not stat.S_ISDIR(found.st_mode) and found.st_ctime_ns >= before_ns:
        return False
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


def _local_folders(modules):
    """Where modules are looked for before, or beside, those that were found: the user's own folders."""
    paths = {os.path.abspath(entry) for entry in sys.path}
    for module in modules:
        paths |= {os.path.abspath(entry) for entry in getattr(module, "__path__", None) or () if isinstance(entry, str)}
    ours = (os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix) + "/lib")
    return {path for path in paths if os.path.isdir(path) and not os.path.realpath(path).startswith(ours)}


def _importable(folder):
    """Names in a folder that an import could find; data files come and go."""
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries if entry.name.endswith(_IMPORTABLE) or _is_package(entry))
    except OSError:
        return None


def _all_names(folder):
    try:
        return frozenset(os.listdir(folder))
    except OSError:
        return None


def _is_package(entry):
    return entry.name.isidentifier() and entry.is_dir() and os.path.exists(os.path.join(entry.path, "__init__.py"))
