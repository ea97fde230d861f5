"""Objects that assets return, kept as files: ARTIFACTS/<key with ':' for '/'>/<run>/<name>, with `latest.json` beside the runs.

A run, and so each retry within it, overwrites only its own; readers see a whole file or the former one.
"""

import hashlib
import json
import os
import pathlib
import shutil
import sys
import tempfile
import urllib.parse


class ArtifactError(Exception):
    """The artifact store has no such object, or cannot read it."""


class ArtifactStore:
    def __init__(self, root):
        self._root = pathlib.Path(root)

    def store(self, key, run_id, value, partition=None):
        """Writes `value` and returns its description: name, path, type, size in bytes, sha256, library (or None)."""
        folder = self._folder(key, partition)
        kind = _format_of(value)
        name = "value" + (value.suffix if kind.name == "file" else kind.suffix)
        path = folder / _quoted(run_id) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_atomically(path, lambda temporary: kind.write(value, temporary))
        found = {
            "name": name, "path": str(path), "type": _type_name(value), "format": kind.name,
            "size": path.stat().st_size, "sha256": _sha256(path), "library": _library_of(value),
        }
        text = json.dumps({**found, "file": str(path.relative_to(self._root)), "run_id": run_id}, indent=2)
        for target in (path.parent / "artifact.json", folder / "latest.json"):
            _write_atomically(target, lambda temporary: temporary.write_text(text, encoding="utf-8"))
        return found

    def load(self, key, run_id=None, partition=None):
        """The object of `run_id` when that run made one, else the latest."""
        folder = self._folder(key, partition)
        candidates = [folder / _quoted(run_id) / "artifact.json"] if run_id else []
        for file in [*candidates, folder / "latest.json"]:
            if file.exists():
                found = json.loads(file.read_text(encoding="utf-8"))
                return self._read(key, found)
        raise ArtifactError(f"'{key}' has no artifact yet: materialize it first, with a function that returns a value")

    def _read(self, key, found):
        path = self._root / found["file"]
        if not path.exists():
            raise ArtifactError(f"the artifact of '{key}' is gone: {path}")
        if _sha256(path) != found["sha256"]:
            raise ArtifactError(f"the artifact of '{key}' is damaged: {path} does not have the recorded SHA-256")
        return _FORMATS[found["format"]].read(path)

    def _folder(self, key, partition):
        folder = self._root / key.replace("/", ":")
        return folder / ("partition=" + _quoted(partition)) if partition else folder


def _quoted(text):
    return urllib.parse.quote(str(text), safe="")


def _write_atomically(path, write):
    """Calls write(temporary path), then puts that file in place of `path`, on disk before it is seen."""
    handle, name = tempfile.mkstemp(prefix="." + path.name, suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = pathlib.Path(name)
    try:
        write(temporary)
        _sync(temporary)
        os.replace(temporary, path)
        _sync(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _type_name(value):
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _library_of(value):
    """'scikit-learn 1.7.2': the distribution that defines the value's type, None when there is none (plain data, the project's own classes)."""
    top = type(value).__module__.partition(".")[0]
    if top in sys.stdlib_module_names or top in ("__main__", "builtins"):
        return None
    import importlib.metadata

    names = importlib.metadata.packages_distributions().get(top)
    return f"{names[0]} {importlib.metadata.version(names[0])}" if names else None


class _Format:
    def __init__(self, name, suffix, write, read):
        self.name, self.suffix, self.write, self.read = name, suffix, write, read


def _has(module):
    import importlib.util

    return module in sys.modules or importlib.util.find_spec(module) is not None


def _format_of(value):
    if isinstance(value, pathlib.PurePath):
        return _FORMATS["file"]
    if isinstance(value, bytes):
        return _FORMATS["bytes"]
    if _is_plain(value):
        return _FORMATS["json"]
    if type(value).__module__.partition(".")[0] == "pandas" and type(value).__name__ == "DataFrame":
        return _FORMATS["parquet" if _has("pyarrow") or _has("fastparquet") else "csv"]
    return _FORMATS["joblib" if _has("joblib") else "pickle"]


def _is_plain(value):
    if value is None or isinstance(value, (str, int, float, bool)):
        return True
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return type(value) is dict and all(isinstance(name, str) and _is_plain(item) for name, item in value.items())


def _write_pickle(value, path):
    import pickle

    with open(path, "wb") as file:
        pickle.dump(value, file)


def _read_pickle(path):
    import pickle

    with open(path, "rb") as file:
        return pickle.load(file)


def _write_joblib(value, path):
    import joblib

    joblib.dump(value, path)


def _read_joblib(path):
    import joblib

    return joblib.load(path)


def _read_parquet(path):
    import pandas

    return pandas.read_parquet(path)


def _read_csv(path):
    import pandas

    return pandas.read_csv(path)


_FORMATS = {
    found.name: found
    for found in [
        _Format("file", "", lambda value, path: shutil.copyfile(value, path), lambda path: path),
        _Format("bytes", ".bin", lambda value, path: path.write_bytes(value), lambda path: path.read_bytes()),
        _Format("json", ".json", lambda value, path: path.write_text(json.dumps(value), encoding="utf-8"),
                lambda path: json.loads(path.read_text(encoding="utf-8"))),
        _Format("parquet", ".parquet", lambda value, path: value.to_parquet(path), _read_parquet),
        _Format("csv", ".csv", lambda value, path: value.to_csv(path, index=False), _read_csv),
        _Format("joblib", ".joblib", _write_joblib, _read_joblib),
        _Format("pickle", ".pickle", _write_pickle, _read_pickle),
    ]
}
