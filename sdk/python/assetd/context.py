"""What a running asset knows of itself, and how it reports more than its return value."""

import logging
import sys

from assetd.artifacts import ArtifactError, ArtifactStore


class Step:
    """One step of the attempt, as extras.assetd.steps gives it."""

    def __init__(self, described):
        self.key = described["key"]
        self.partition = described.get("partition")
        self.data = described.get("data") or {}
        self.deps = described.get("deps") or []


class AttemptContext:
    """The parameter `context` of an asset's function."""

    def __init__(self, pipes_context, messages):
        extras = pipes_context.get("extras") or {}
        self.assetd = extras.get("assetd") or {}
        self.messages = messages
        self.run_id = str(self.assetd.get("run_id") or pipes_context.get("run_id") or "")
        self.attempt = int(self.assetd.get("attempt") or (pipes_context.get("retry_number") or 0) + 1)
        self.steps = [Step(described) for described in self.assetd.get("steps") or []]
        self.checks = list(self.assetd.get("checks") or [])
        self.steps_mode = self.assetd.get("steps_mode") or "all"
        self.options = self.assetd.get("options") or {}
        self.import_config = self.assetd.get("import") or {}
        self.project_dir = self.assetd.get("project_dir")
        self.state_dir = self.assetd.get("state_dir")
        self.attempt_dir = self.assetd.get("attempt_dir")
        self.artifacts = ArtifactStore(self.assetd["artifacts_dir"]) if self.assetd.get("artifacts_dir") else None
        self.log = _logger()
        self._current = self.steps[0] if self.steps else None
        self._metadata = {}

    @property
    def asset_key(self):
        """The key of the one step; for a function that makes several assets use `asset_keys`."""
        return self._current.key if self._current else None

    @property
    def asset_keys(self):
        return [step.key for step in self.steps]

    @property
    def partition_key(self):
        """The partition that is being made; None where the asset is not divided."""
        return self._current.partition if self._current else None

    def add_partitions(self, name, keys):
        """Adds keys to the set of dynamic partitions of that name; those that are there already stay."""
        self.messages.send("assetd.add_partitions", set=name, keys=[str(key) for key in keys])

    def remove_partitions(self, name, keys):
        """Removes keys from the set of dynamic partitions of that name; what was made of them stays known, and is there again when they are."""
        self.messages.send("assetd.remove_partitions", set=name, keys=[str(key) for key in keys])

    def observe(self, asset, data_version=None, metadata=None):
        """Says what was seen of an external asset: its data, made elsewhere, is of this version. The same version as before makes nothing below it stale."""
        self.messages.send("assetd.observe", asset=asset, data_version=None if data_version is None else str(data_version), metadata=metadata or {})

    def add_output_metadata(self, metadata):
        """Adds to what the materialization of the current asset will show."""
        self._metadata.update(metadata)

    def progress(self, fraction, detail=""):
        """Shown live: `fraction` of the work that is done, 0 to 1."""
        self.messages.send("assetd.progress", asset_key=self.asset_key, partition=self.partition_key, fraction=float(fraction), detail=detail)

    def load_artifact(self, key):
        """The object that the asset `key` returned: that of this run, else the latest."""
        if self.artifacts is None:
            raise ArtifactError("this attempt has no artifact store")
        return self.artifacts.load(key, self.run_id, self.partition_key)

    def begin(self, step):
        self._current = step
        self._metadata = {}

    def output_metadata(self):
        return dict(self._metadata)


def _logger():
    log = logging.getLogger("assetd")
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False
    return log
