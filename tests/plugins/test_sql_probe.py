"""What a sensor's query is answered with."""

import json
import pathlib
import sqlite3
import subprocess
import sys

MAIN = pathlib.Path(__file__).resolve().parents[2] / "plugins" / "sql_probe" / "main.py"


def probe(resource, query, verb="probe"):
    done = subprocess.run([sys.executable, str(MAIN), verb], input=json.dumps({"resource": resource, "query": query}), capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else done


def test_the_first_row_is_the_value_and_rows_are_counted(tmp_path):
    path = tmp_path / "strange ?name.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t(id INTEGER, name TEXT)")
        database.executemany("INSERT INTO t VALUES(?, ?)", [(1, "é"), (2, None)])
    resource = {"kind": "sqlite", "path": str(path)}
    assert probe(resource, "SELECT max(id) FROM t") == {"value": "2", "rows": 1}
    assert probe(resource, "SELECT id, name FROM t ORDER BY id") == {"value": json.dumps([1, "é"]), "rows": 2}
    assert probe(resource, "SELECT name FROM t WHERE id = 1")["value"] == "é"
    assert probe(resource, "SELECT id FROM t WHERE id > 5") == {"value": "null", "rows": 0}


def test_it_reads_only_and_says_what_is_wrong(tmp_path):
    path = tmp_path / "x.db"
    sqlite3.connect(path).execute("CREATE TABLE t(id INTEGER)")
    resource = {"kind": "sqlite", "path": str(path)}
    assert "readonly" in probe(resource, "INSERT INTO t VALUES(1)")["error"]
    assert "no such table" in probe(resource, "SELECT 1 FROM nowhere")["error"]
    assert "unable to open" in probe({"kind": "sqlite", "path": str(tmp_path / "none.db")}, "SELECT 1")["error"]
    assert "'path'" in probe({"kind": "sqlite"}, "SELECT 1")["error"]
    assert "oracle" in probe({"kind": "oracle"}, "SELECT 1")["error"]
    assert probe(resource, "SELECT 1", "run").returncode == 2
