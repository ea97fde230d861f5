"""Describing a dbt project whose parsed manifest is very large, beside reading that file with the same JSON library alone."""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
PYTHON = ROOT / "examples" / "shop" / ".venv" / "bin" / "python"
PLUGIN = ROOT / "plugins" / "dbt" / "main.py"
DOCUMENTED = 6_000  # characters that a node of a real project has besides what a small one has: columns, code, descriptions

LOAD_ALONE = "import json, sys; json.loads(open(sys.argv[1], encoding='utf-8').read())"


def request(state_dir):
    project = ROOT / "examples" / "shop"
    config = {"name": "shop", "plugin": "dbt", "project_dir": str(project / "dbt"), "profiles_dir": str(project / "dbt"), "target": "prod"}
    return json.dumps({"protocol": 1, "project_dir": str(project), "import": config, "environment": None, "state_dir": str(state_dir), "resources": {}})


def describe(state_dir):
    began = time.perf_counter()
    done = subprocess.run([PYTHON, str(PLUGIN), "describe"], input=request(state_dir), stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT / "examples" / "shop")
    return time.perf_counter() - began, json.loads(done.stdout)


def copy_of(node, number):
    """The node once more under names of its own, in a graph of its own."""
    text = json.dumps(node)
    for kind in ("model", "seed", "test", "source", "snapshot"):
        text = text.replace(f'"{kind}.shop.', f'"{kind}.shop.c{number}_')
    copy = json.loads(text)
    copy["name"] = f"c{number}_{copy['name']}"
    if copy.get("alias"):
        copy["alias"] = f"c{number}_{copy['alias']}"
    if "raw_code" in copy:
        copy["raw_code"] += "\n-- " + "x" * DOCUMENTED
    return copy


def inflate(path, size):
    """Repeats the nodes of a manifest until its file is `size` bytes."""
    manifest = json.loads(path.read_text())
    parts = {name: dict(manifest[name]) for name in ("nodes", "sources")}
    grown, number = len(path.read_text()), 0
    while grown < size:
        for name, nodes in parts.items():
            for node in nodes.values():
                copy = copy_of(node, number)
                manifest[name][copy["unique_id"]] = copy
                grown += len(json.dumps(copy)) + len(copy["unique_id"]) + 6
        number += 1
    path.write_text(json.dumps(manifest))


def manifest(megabytes=100, rounds=3):
    with tempfile.TemporaryDirectory(prefix="assetd-bench-") as folder:
        describe(folder)  # dbt parses once; from then on what it made is what is read
        path = pathlib.Path(folder) / "target" / "manifest.json"
        inflate(path, megabytes * 1_000_000)
        took = [describe(folder) for _ in range(rounds)]
        alone = []
        for _ in range(rounds):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", LOAD_ALONE, str(path)], check=True)
            alone.append(time.perf_counter() - began)
        described = took[0][1]
        return {"megabytes": path.stat().st_size / 1e6, "assets": len(described["assets"]), "checks": len(described["checks"]),
                "describe_s": statistics.median(seconds for seconds, _ in took), "json_alone_s": statistics.median(alone)}


if __name__ == "__main__":
    print(json.dumps(manifest(*map(int, sys.argv[1:])), indent=1))
