"""`serve`: a process that has imported the module, and what its functions import when they run, is forked for each step.

Which packages the functions import is only known when they have run: a step notes their names for its worker, which imports them when it has
nothing else to do, and for workers that come later.
"""

import importlib
import os
import sys

import modules
from assetd import serve as server
from assetd.loaded_files import LoadedFiles, Recording

MOST_NAMES = 2_000
_NEVER = "-"  # begins a name that must not be imported before a fork

_noted = None  # in a worker and its steps: the _Noted of the import
_at_fork = None  # in a step: the modules it began with


def main():
    """Returns in each step."""
    global _at_fork
    worker = _Worker()
    server.serve(worker.prepare, worker.load_more)
    _at_fork = set(sys.modules)


class _Worker:
    def prepare(self, load):
        global _noted
        block = load.get("run") or {}
        config = block if block.get("function") else load["import"]
        with Recording() as recording:
            modules.import_module(config, load["project_dir"])
            _noted = _Noted(load["state_dir"]) if load.get("state_dir") else None
            if _noted:
                _noted.import_new()
        self._loaded = LoadedFiles(recording)
        self._forget_if_unforkable()
        return lambda: self._loaded()

    def load_more(self):
        if not _noted or not _noted.has_new():
            return False
        with Recording() as recording:
            _noted.import_new()
        self._loaded.add(recording)
        self._forget_if_unforkable()
        return True

    @staticmethod
    def _forget_if_unforkable():
        if _noted and _noted.imported:
            try:
                server.check_forkable()
            except server.Unsuitable:
                _noted.forget()
                raise


class _Noted:
    """Names of modules, one a line, in a file that steps append to."""

    def __init__(self, state_dir):
        self._path = os.path.join(state_dir, "imports.txt")
        self._read = 0
        self._names = []
        self.imported = []

    def has_new(self):
        try:
            return os.stat(self._path).st_size > self._read
        except OSError:
            return False

    def import_new(self):
        """Imports what steps have noted and has not been imported yet; what fails here shows where it is used."""
        self._read_on()
        never = {name[len(_NEVER):] for name in self._names if name.startswith(_NEVER)}
        self.imported = []
        for name in dict.fromkeys(self._names):
            if name in sys.modules or name in never or name.startswith(_NEVER):
                continue
            self.imported.append(name)
            try:
                importlib.import_module(name)
            except BaseException as error:
                print(f"assetd: {name} cannot be imported before it is used: {type(error).__name__}: {error}", file=sys.stderr)

    def _read_on(self):
        try:
            with open(self._path, encoding="utf-8") as file:
                file.seek(self._read)
                text = file.read()
        except OSError:
            return
        whole = text[:text.rfind("\n") + 1]
        self._read += len(whole.encode())
        self._names += whole.split()

    def add(self, names):
        known = set(self._names)
        new = [name for name in names if name not in known]
        if new and len(self._names) < MOST_NAMES:
            self._append(new[:MOST_NAMES])

    def forget(self):
        """What was imported last has started threads or opened files: steps import it themselves."""
        self._append([_NEVER + name for name in self.imported])

    def _append(self, names):
        with open(self._path, "a", encoding="utf-8") as file:
            file.write("".join(name + "\n" for name in names))


def note_imports():
    """In a step of a worker: notes what has been imported since, of installed packages and their first level."""
    if _noted and _at_fork is not None:
        _noted.add([name for name in list(sys.modules) if name not in _at_fork and name.count(".") <= 1 and _is_installed(sys.modules[name])])


def _is_installed(module):
    return "-packages" + os.sep in (getattr(module, "__file__", None) or "")
