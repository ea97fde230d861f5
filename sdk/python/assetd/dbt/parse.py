"""Keeps a parsed manifest of a dbt project: dbt is called only when something it reads has changed."""

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from assetd.dbt.events import shorten
from assetd.dbt.manifest import ManifestError

READ_SUFFIXES = (".sql", ".yml", ".yaml", ".csv", ".md", ".py")
SKIPPED_FOLDERS = {"target", "logs", "node_modules", "__pycache__", "venv"}
DEFAULT_FOLDERS = ("models", "seeds", "snapshots", "macros", "tests", "analyses")
_ENV_VAR = re.compile(rb"env_var\(\s*['\"]([A-Za-z_][A-Za-z0-9_]*)['\"]")
_PLACE = re.compile(r"\(([^()\s]+\.(?:sql|yml|yaml|csv|md|py))\)")
_FILE = re.compile(r"((?:[\w.-]+/)*[\w.-]+\.(?:sql|yml|yaml|csv|md|py))")
_LINE = re.compile(r"line (\d+)(?:,? column (\d+))?")


class Sources:
    """What a project is made of: its hash tells whether it has to be parsed again."""

    def __init__(self, project, environ=os.environ):
        self.project = project
        self.folder = pathlib.Path(project.project_dir)
        self._environ = environ
        self.files = sorted(self._walk())

    def _walk(self):
        for folder, names, files in os.walk(self.folder, followlinks=True):
            names[:] = [name for name in names if name not in SKIPPED_FOLDERS and not name.startswith(".")]
            for name in files:
                if name.endswith(READ_SUFFIXES) and not name.startswith("."):
                    yield os.path.join(folder, name)

    @property
    def profiles(self):
        """The profiles.yml that dbt finds, or None."""
        return next((path for path in self._profiles() if os.path.exists(path)), None)

    def _profiles(self):
        asked = [self.project.profiles_dir] if self.project.profiles_dir else [self._environ.get("DBT_PROFILES_DIR"), str(self.folder), os.path.expanduser("~/.dbt")]
        return [os.path.join(folder, "profiles.yml") for folder in asked if folder]

    def hash(self):
        digest = hashlib.sha256()
        settings = [self.project.target, self.project.profile, self.project.vars, _dbt_versions(self.project.python)]
        digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
        used = {name for name in self._environ if name.startswith("DBT_")}
        for path in [*self.files, *filter(None, [self.profiles])]:
            content = pathlib.Path(path).read_bytes()
            used.update(name.decode() for name in _ENV_VAR.findall(content))
            digest.update(f"{os.path.relpath(path, self.folder)}\0{len(content)}\0".encode() + content)
        for name in sorted(used):
            digest.update(f"{name}={self._environ.get(name)}\0".encode())
        return digest.hexdigest()

    def packages_hash(self):
        names = ("packages.yml", "dependencies.yml", "package-lock.yml")
        found = [(self.folder / name).read_bytes() for name in names if (self.folder / name).exists()]
        return hashlib.sha256(b"\0".join(found)).hexdigest() if found else None

    def watch(self):
        """Files and globs that decide what the project is."""
        top = {os.path.relpath(path, self.folder).split(os.sep)[0] for path in self.files}
        folders = {name for name in top if (self.folder / name).is_dir()} | set(DEFAULT_FOLDERS)
        found = [str(self.folder / name) for name in sorted(top - folders)] + [str(self.folder / name / "**") for name in sorted(folders)]
        return found + ([self.profiles] if self.profiles and self.profiles not in found else [])

    def places(self):
        """The same of a project that does not parse, with files that it has not yet."""
        return list(dict.fromkeys([*self.watch(), str(self.folder / "dbt_project.yml"), *self._profiles()]))


def _dbt_versions(python):
    """The dbt packages beside an interpreter, by their metadata folders: cheaper than asking it."""
    if python == sys.executable:
        roots = [entry for entry in sys.path if entry.endswith("-packages")]
    else:
        roots = glob.glob(str(pathlib.Path(python).parent.parent / "lib*" / "python*" / "site-packages"))
    return sorted(os.path.basename(path) for root in roots for path in glob.glob(os.path.join(root, "dbt_*.dist-info")))


class Parser:
    """Holds `state_dir`: target/manifest.json and target/partial_parse.msgpack of the last good parse, and what they were made from."""

    def __init__(self, project, state_dir, deps="auto", select=None, exclude=None):
        self._project, self._deps = project, deps
        self._select, self._exclude = select, exclude
        self._state_dir = pathlib.Path(state_dir)
        self.target_dir = self._state_dir / "target"

    @property
    def manifest_path(self):
        return self.target_dir / "manifest.json"

    def bring_up_to_date(self):
        """Returns the hash of the sources. Raises ManifestError with what dbt said."""
        folder = pathlib.Path(self._project.project_dir)
        if not (folder / "dbt_project.yml").exists():
            raise ManifestError([{"message": f"there is no dbt_project.yml in {folder}", "hint": "project_dir: names the folder of the dbt project"}])
        self._state_dir.mkdir(parents=True, exist_ok=True)
        with self._locked():
            state = self._read_state()
            self._install_packages(state)
            wanted = Sources(self._project).hash()
            if state.get("hash") != wanted or not self.manifest_path.exists():
                self._parse()
                state = {**state, "hash": wanted, "selected": None, "selection": None}
            selection = [self._select, self._exclude]
            if any(selection) and state.get("selection") != selection:
                state = {**state, "selection": selection, "selected": self._list()}
            self._write_state(state)
            return wanted

    def manifest(self):
        try:
            return json.loads(self.manifest_path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ManifestError([{"message": f"{self.manifest_path} is not readable: {error}", "hint": "delete the file: it is made again"}]) from error

    def selected(self):
        """Unique ids within `select` and `exclude`, None for all."""
        return self._read_state().get("selected") if self._select or self._exclude else None

    @contextlib.contextmanager
    def _locked(self):
        with open(self._state_dir / "lock", "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _read_state(self):
        try:
            return json.loads((self._state_dir / "state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def _write_state(self, state):
        temporary = self._state_dir / "state.json.new"
        temporary.write_text(json.dumps(state), encoding="utf-8")
        os.replace(temporary, self._state_dir / "state.json")

    def _install_packages(self, state):
        sources = Sources(self._project)
        if self._deps != "auto" or sources.packages_hash() is None:
            return
        if state.get("packages") != sources.packages_hash() or not (sources.folder / "dbt_packages").exists():
            with tempfile.TemporaryDirectory(dir=self._state_dir) as folder:
                self._call(["deps"], folder)
            state["packages"] = sources.packages_hash()
            self._write_state(state)  # what does not parse then is not a reason to install them again

    def _parse(self):
        with tempfile.TemporaryDirectory(dir=self._state_dir) as folder:
            target = pathlib.Path(folder) / "target"
            target.mkdir()
            if (self.target_dir / "partial_parse.msgpack").exists():
                shutil.copyfile(self.target_dir / "partial_parse.msgpack", target / "partial_parse.msgpack")
            self._call(["parse"], folder)
            self.target_dir.mkdir(exist_ok=True)
            for name in ("partial_parse.msgpack", "manifest.json"):  # the manifest last: it is what is looked for
                if (target / name).exists():
                    os.replace(target / name, self.target_dir / name)

    def _list(self):
        options = ["--output", "json", "--output-keys", "unique_id", "--quiet"]
        options += ["--select", *self._select.split()] if self._select else []
        options += ["--exclude", *self._exclude.split()] if self._exclude else []
        with tempfile.TemporaryDirectory(dir=self._state_dir) as folder:
            (pathlib.Path(folder) / "target").mkdir()
            shutil.copyfile(self.target_dir / "partial_parse.msgpack", pathlib.Path(folder) / "target" / "partial_parse.msgpack")
            output = self._call(["ls", *options], folder, quiet=True)
        return [json.loads(line)["unique_id"] for line in output.splitlines() if line.startswith("{")]

    def _call(self, command, folder, quiet=False):
        """Runs dbt and returns its output; a failure becomes a ManifestError with what it said, and where."""
        target = None if command == ["deps"] else os.path.join(folder, "target")
        arguments = self._project.arguments(target, os.path.join(folder, "log"), threads=False)
        done = subprocess.run(
            self._project.command([*command, *arguments]), cwd=self._project.project_dir, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE if quiet else subprocess.STDOUT, text=True, errors="replace")
        if done.returncode != 0:
            raise ManifestError([explain(command[0], done.stdout + (done.stderr or ""), self._project, done.returncode)])
        return done.stdout


def explain(command, output, project, code):
    """An error of `describe` from what dbt printed."""
    lines = [re.sub(r"^\d\d:\d\d:\d\d\s\s?", "", line) for line in output.splitlines()]
    start = next((index for index, line in enumerate(lines) if "Error" in line), max(0, len(lines) - 15))
    said = "\n".join(line for line in lines[start:] if line.strip()).strip()
    if "No module named 'dbt" in said or "No module named dbt" in said:
        message, hint = f"{project.python} has no dbt", "python: names the interpreter of the environment that dbt is installed in"
        return {"message": message, "hint": hint}
    error = {"message": f"dbt {command} failed ({code}): {shorten(said, 4_000)}"}
    hint = _hint(said)
    source = _source(said, Sources(project).files)
    return {**error, **({"hint": hint} if hint else {}), **({"source": source} if source else {})}


def _hint(said):
    if "Env var required but not provided" in said:
        return "set the variable under env: of the import, or name it in inherit_env:"
    if "Could not find profile named" in said or "profiles.yml" in said:
        return "profiles_dir: names the folder of profiles.yml; its entry is dbt_project.yml's profile:"
    if "does not have a target named" in said:
        return "target: names one of the outputs of the profile"
    return None


def _source(said, files):
    """Where it is: dbt names files relative to the project, or to one of its model paths."""
    named = _PLACE.search(said) or _FILE.search(said)
    path = named and next((path for path in files if path.endswith(os.sep + named.group(1))), None)
    if not path:
        return None
    line = _LINE.search(said)
    return {"file": path, "line": int(line.group(1)) if line else 1, "column": int(line.group(2) or 1) if line else 1}
