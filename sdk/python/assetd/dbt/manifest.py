"""From dbt's manifest.json to assets and checks, by the key rules of assetd's contract. Pure: reads nothing but its arguments."""

import os

from assetd.keys import is_key, sanitize_key, sanitize_part

_ASSET_TYPES = ("model", "seed", "snapshot")


class ManifestError(Exception):
    """The manifest cannot be used. `errors` are in the shape of `describe`: message, hint, source."""

    def __init__(self, errors):
        super().__init__("; ".join(error["message"] for error in errors))
        self.errors = errors


class Described:
    """assets, checks and exposures as `describe` answers them, and warnings."""

    def __init__(self, assets, checks, exposures, warnings):
        self.assets, self.checks, self.exposures, self.warnings = assets, checks, exposures, warnings


def describe_manifest(manifest, source_dir="", selected=None, batch="build"):
    """`manifest` is the parsed JSON; `source_dir` the dbt project's folder as positions shall name it; `selected` the unique ids that
    belong to this import (None: all). Raises ManifestError.
    """
    try:
        return _Reader(manifest, source_dir, selected, batch).read()
    except (KeyError, TypeError, AttributeError) as error:
        detail = f"manifest.json is not what dbt 1.5 or newer writes: {type(error).__name__} {error}"
        raise ManifestError([{"message": detail, "hint": "delete it and let dbt parse the project again"}]) from error


class _Reader:
    def __init__(self, manifest, source_dir, selected, batch):
        self._nodes = manifest["nodes"]
        self._sources = manifest["sources"]
        self._unit_tests = manifest.get("unit_tests") or {}
        self._exposures = manifest.get("exposures") or {}
        self._groups = {group["name"]: group for group in (manifest.get("groups") or {}).values()}
        self._adapter = manifest["metadata"].get("adapter_type") or ""
        self._project = manifest["metadata"].get("project_name") or ""
        self._source_dir = source_dir
        self._selected = None if selected is None else set(selected)
        self._batch = batch
        self._keys = {}
        self._parents = {}
        self._warnings = []

    def read(self):
        made = [node for node in self._nodes.values() if self._is_made(node)]
        checks = [node for node in [*self._nodes.values(), *self._unit_tests.values()] if self._is_check(node)]
        outside = self._outside(made, checks)
        for node in [*made, *outside]:
            self._keys[node["unique_id"]] = self._key(node)
        self._refuse_clashes([*made, *outside])
        assets = [self._asset(node) for node in made] + [self._external(node) for node in outside]
        described = [check for check in map(self._check, checks) if check]
        described += [check for node in made for check in self._anomalies(node)]
        _number_duplicates(described)
        exposures = [exposure for exposure in map(self._exposure, self._exposures.values()) if exposure["depends_on"]]
        return Described(sorted(assets, key=lambda asset: asset["key"]), described, exposures, self._warnings)

    # What belongs to the import.

    def _in_selection(self, node):
        return self._selected is None or node["unique_id"] in self._selected

    def _is_made(self, node):
        ephemeral = (node.get("config") or {}).get("materialized") == "ephemeral"
        return node["resource_type"] in _ASSET_TYPES and not ephemeral and self._in_selection(node)

    def _is_check(self, node):
        return node["resource_type"] in ("test", "unit_test") and self._in_selection(node)

    def _outside(self, made, checks):
        """Parents that this import does not make: sources, and nodes that its selection leaves out. Without a selection, all sources."""
        made_ids = {node["unique_id"] for node in made}
        wanted = set(self._sources) if self._selected is None else set()
        for node in [*made, *checks]:
            wanted.update(parent for parent in self._asset_parents(node["unique_id"]) if parent not in made_ids)
        return [self._node(unique_id) for unique_id in sorted(wanted)]

    # The graph, with ephemeral models passed through.

    def _node(self, unique_id):
        return self._nodes.get(unique_id) or self._sources.get(unique_id) or self._unit_tests.get(unique_id) or self._exposures.get(unique_id)

    def _asset_parents(self, unique_id):
        if unique_id not in self._parents:
            found = {}
            for parent in (self._node(unique_id).get("depends_on") or {}).get("nodes") or []:
                node = self._node(parent)
                if node is None or node["resource_type"] in ("test", "unit_test"):
                    continue
                if node["resource_type"] in _ASSET_TYPES and node["config"].get("materialized") == "ephemeral":
                    found.update(dict.fromkeys(self._asset_parents(parent)))
                elif node["resource_type"] in (*_ASSET_TYPES, "source"):
                    found[parent] = None
            self._parents[unique_id] = list(found)
        return self._parents[unique_id]

    def _ancestors(self, unique_id):
        seen, stack = set(), [unique_id]
        while stack:
            for parent in self._asset_parents(stack.pop()):
                if parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
        return seen

    # Keys.

    def _key(self, node):
        chosen = _meta_key(node)
        if chosen is None:
            return sanitize_key(_original_name(node)) if node["resource_type"] != "source" else _source_key(node)
        if not is_key(chosen):
            raise ManifestError([{"message": f"meta of {node['unique_id']} asks for the asset key '{chosen}', which is none", "source": self._position(node),
                                  "hint": "parts of letters, digits, '_', '.' and '-', joined by '/'"}])
        return chosen

    def _refuse_clashes(self, nodes):
        first, errors = {}, []
        for node in nodes:
            other = first.setdefault(self._keys[node["unique_id"]], node)
            if other is not node and not other["resource_type"] == node["resource_type"] == "source":
                message = f"{other['unique_id']} and {node['unique_id']} would both be the asset '{self._keys[node['unique_id']]}'"
                hint = "set meta: {assetd: {asset_key: …}} or another alias on one of them; between imports, a key_prefix keeps them apart"
                errors.append({"message": message, "hint": hint, "source": self._position(node)})
        if errors:
            raise ManifestError(errors)

    # Assets.

    def _asset(self, node):
        config = node["config"]
        return {
            "key": self._keys[node["unique_id"]], "description": node.get("description") or "",
            "deps": [self._keys[parent] for parent in self._asset_parents(node["unique_id"])],
            "group": self._group(node), "kinds": ["dbt", self._adapter] if self._adapter else ["dbt"],
            "owners": self._owners(node), "tags": self._tags(node), "code_version": (node.get("checksum") or {}).get("checksum") or "",
            "external": False, "metadata": self._metadata(node, config.get("materialized") or node["resource_type"]), "source": self._position(node),
            "batch": self._batch, "data": {"unique_id": node["unique_id"], "fqn": ".".join(node["fqn"])},
            **({"automation": str(_ours(node)["automation"])} if _ours(node).get("automation") else {}),
            **({"partitions": _ours(node)["partitions"]} if _ours(node).get("partitions") else {}),
            **({"skip_if_unchanged": bool(_ours(node)["skip_if_unchanged"])} if "skip_if_unchanged" in _ours(node) else {}),
        }

    def _external(self, node):
        return {
            "key": self._keys[node["unique_id"]], "description": node.get("description") or node.get("source_description") or "", "deps": [],
            "group": self._group(node), "kinds": ["source"] if node["resource_type"] == "source" else [], "owners": self._owners(node), "tags": self._tags(node), "external": True,
            "metadata": self._metadata(node, node["resource_type"]), "source": self._position(node), "data": {"unique_id": node["unique_id"]},
        }

    def _group(self, node):
        """meta, dbt's group, else the folder below models/ (for sources their name)."""
        chosen = _ours(node).get("group") or (node.get("config") or {}).get("group") or node.get("group")
        if chosen:
            return chosen
        if node["resource_type"] == "source":
            return node["source_name"]
        folders = os.path.dirname(node.get("path") or "").split("/")
        return folders[0] or {"seed": "seeds", "snapshot": "snapshots"}.get(node["resource_type"], "")

    def _owners(self, node):
        meta = _meta(node)
        owners = _ours(node).get("owners") or meta.get("owners") or meta.get("owner")
        if owners is None:
            owner = (self._groups.get((node.get("config") or {}).get("group")) or {}).get("owner") or {}
            owners = owner.get("email") or owner.get("name") or []
        return [str(owner) for owner in (owners if isinstance(owners, list) else [owners])]

    def _tags(self, node):
        ours = _ours(node).get("tags") or {}
        tags = {tag: "" for tag in (node.get("tags") or [])}
        return {**tags, **(ours if isinstance(ours, dict) else dict.fromkeys(ours, ""))}

    def _metadata(self, node, materialized):
        found = {"materialized": materialized, "unique_id": node["unique_id"]}
        if node.get("relation_name"):
            found["relation"] = node["relation_name"].replace('"', "")
        if node.get("package_name") not in (None, self._project):
            found["package"] = node["package_name"]
        if _meta_key(node) is None and self._keys[node["unique_id"]] != _original_name(node):
            found["original_name"] = _original_name(node)
        columns = [_column(column) for column in (node.get("columns") or {}).values()]
        if columns:
            found["columns"] = {"type": "table_schema", "raw_value": {"columns": columns}}
        return found

    def _position(self, node):
        folder = self._source_dir
        if node.get("package_name") not in (None, self._project):
            folder = os.path.join(folder, "dbt_packages", node["package_name"])
        return {"file": os.path.normpath(os.path.join(folder, node.get("original_file_path") or "")), "line": 1, "column": 1}

    # Checks.

    def _check(self, node):
        unit = node["resource_type"] == "unit_test"
        parents = self._asset_parents(node["unique_id"])
        if unit:  # its ref'd inputs are mocked: only the model matters
            parents = [parent for parent in parents if self._node(parent).get("name") == node.get("model")] or parents
        home = self._home(node, parents)
        if home is None:
            message = f"the test {node['name']} depends on no asset and is left out"
            self._warnings.append({"message": message, "source": self._position(node)})
            return None
        config = node.get("config") or {}
        severity = "warn" if str(config.get("severity") or "error").lower() == "warn" else "error"
        return {
            "name": sanitize_part(node["name"]), "home": self._keys[home], "depends_on": [self._keys[parent] for parent in parents],
            "severity": severity, "blocking": severity == "error" and bool(_ours(node).get("blocking", True)),
            "description": node.get("description") or _summary(node), "source": self._position(node),
            "data": {"unique_id": node["unique_id"], "fqn": ".".join(node["fqn"]), "unit": unit},
        }

    def _anomalies(self, node):
        """meta: {assetd: {checks: [{name, anomaly: {metric, …}, severity, blocking}]}}: the daemon judges them."""
        found = []
        for check in _ours(node).get("checks") or []:
            if not isinstance(check, dict) or not check.get("name") or not isinstance(check.get("anomaly"), dict):
                message = f"meta of {node['unique_id']}: checks of assetd are written {{name: …, anomaly: {{metric: row_count}}}}; this one is left out: {check}"
                self._warnings.append({"message": message, "source": self._position(node)})
                continue
            found.append({
                "name": sanitize_part(str(check["name"])), "home": self._keys[node["unique_id"]], "anomaly": check["anomaly"], "severity": check.get("severity") or "error",
                "blocking": bool(check.get("blocking", False)), "description": check.get("description") or "", "source": self._position(node),
                "data": {"unique_id": node["unique_id"]},
            })
        return found

    # Exposures.

    def _exposure(self, node):
        """Of its parents those that this import knows: what is left out by a selection has no key here."""
        owner = node.get("owner") or {}
        name, email = owner.get("name") or "", owner.get("email") or ""
        emails = ", ".join(email) if isinstance(email, list) else email
        return {
            "name": node.get("label") or node["name"], "type": node.get("type") or "", "owner": f"{name} <{emails}>" if name and emails else name or emails,
            "url": node.get("url") or "", "description": node.get("description") or "", "source": self._position(node),
            "depends_on": [self._keys[parent] for parent in self._asset_parents(node["unique_id"]) if parent in self._keys],
        }

    def _home(self, node, parents):
        """The attached node, else the source, else the parent that lies furthest downstream."""
        attached = node.get("attached_node")
        if attached in parents:
            return attached
        if len(parents) < 2:
            return parents[0] if parents else None
        sources = [parent for parent in parents if parent in self._sources]
        if sources:
            return sources[0]
        return max(parents, key=lambda parent: (len(self._ancestors(parent)), parents.index(parent)))


def _meta(node):
    return {**(node.get("source_meta") or {}), **(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _ours(node):
    ours = _meta(node).get("assetd")
    return ours if isinstance(ours, dict) else {}


def _meta_key(node):
    dagster = _meta(node).get("dagster")
    chosen = _ours(node).get("asset_key") or (dagster.get("asset_key") if isinstance(dagster, dict) else None)
    return "/".join(map(str, chosen)) if isinstance(chosen, list) else chosen


def _original_name(node):
    if node["resource_type"] == "source":
        return f"{node['source_name']}/{node['name']}"
    return node.get("alias") or node["name"]


def _source_key(node):
    return f"{sanitize_part(node['source_name'])}/{sanitize_part(node['name'])}"


def _column(column):
    return {"name": column["name"], "type": column.get("data_type") or "", "description": column.get("description") or ""}


def _summary(node):
    metadata = node.get("test_metadata")
    if not metadata:
        return ""
    column = node.get("column_name")
    return f"{metadata['name']} on column {column}" if column else metadata["name"]


def _number_duplicates(checks):
    """Names are unique per home; of equal ones (two packages) all but the first get their unique id's end."""
    seen = set()
    for check in checks:
        if (check["home"], check["name"]) in seen:
            check["name"] += "_" + sanitize_part(check["data"]["unique_id"].rsplit(".", 1)[-1])
        seen.add((check["home"], check["name"]))
