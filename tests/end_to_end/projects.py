"""Projects as text: small assetd.yaml files of shell steps, and copies of the examples."""

import json
import os
import pathlib
import shutil
import subprocess

from daemon import ROOT


def shell(key, script, deps=(), more=""):
    """An asset that runs a shell script; `more` is YAML at the level of its keys."""
    lines = [f"  - key: {key}"]
    if deps:
        lines.append(f"    deps: [{', '.join(deps)}]")
    lines.append(f"    run: {{plugin: exec, command: [/bin/sh, -c, {json.dumps(script)}]}}")
    lines += [f"    {line}" for line in more.splitlines()]
    return "\n".join(lines) + "\n"


def project(*assets, head=""):
    return f"name: test\npools: {{default: {{slots: 4}}}}\n{head}assets:\n" + "".join(assets)


# A step that waits until a file is there: tests decide when it ends.
def waits_for(name):
    return f'while [ ! -e {name} ]; do sleep 0.02; done'


SAY = """import base64, json, os, zlib
path = json.loads(zlib.decompress(base64.b64decode(os.environ["DAGSTER_PIPES_MESSAGES"])))["path"]
with open("say.json") as said, open(path, "a") as messages:
    for method, params in json.loads(os.path.expandvars(said.read())):
        messages.write(json.dumps({"__dagster_pipes_version": "0.1", "method": method, "params": params}) + chr(10))
"""


def say(daemon, *messages):
    """What steps that run `python3 say.py` say from now on: (method, params) each; variables of their environment are filled in."""
    (daemon.project / "say.py").write_text(SAY)
    (daemon.project / "say.json").write_text(json.dumps(messages))


def copy_example(name, to):
    """A working copy of an example, with the Python environment of the original. Returns its folder."""
    ignore = shutil.ignore_patterns(".venv", ".assetd", "target", "logs", "*.duckdb", "__pycache__", "dbt_packages", ".user.yml", "plant_bad_*", "drop")
    folder = pathlib.Path(to) / name
    shutil.copytree(ROOT / "examples" / name, folder, ignore=ignore, symlinks=True)
    (folder / "data").mkdir(exist_ok=True)
    if name == "shop":
        os.symlink(ROOT / "examples" / "shop" / ".venv", folder / ".venv")
    return folder


def query(daemon, sql):
    """One row from the shop's warehouse, by the example's own Python."""
    program = "import duckdb, json, sys; print(json.dumps(duckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2]).fetchone(), default=str))"
    python = daemon.project / ".venv" / "bin" / "python"
    out = subprocess.run([str(python), "-c", program, str(daemon.project / "data" / "warehouse.duckdb"), sql], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)
