"""Asks a database one question for a sensor: `main.py probe` reads {"resource", "query"} on stdin and prints {"value", "rows"} or {"error"}.

`value` is the first row as JSON (its one column alone), null without rows; `rows` counts up to MOST rows. SQLite is part of Python; DuckDB and PostgreSQL
need duckdb and psycopg in the Python that is used.
"""

import json
import os
import re
import sys

MOST = 10_000


def resolved(text):
    """With ${NAME} of the environment, so that a password need not stand in a resource."""
    return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", lambda found: os.environ.get(found[1], ""), text)


def connect(resource):
    kind = resource.get("kind", "")
    if kind == "sqlite":
        import sqlite3

        return sqlite3.connect("file:" + sqlite_path(resource["path"]) + "?mode=ro", uri=True, timeout=10)
    if kind == "duckdb":
        import duckdb

        return duckdb.connect(resource["path"], read_only=True)
    if kind in ("postgres", "postgresql"):
        import psycopg

        return psycopg.connect(resolved(resource.get("url") or resource["dsn"]))
    raise ValueError(f"a resource of kind {kind!r} cannot be asked; there are sqlite (path), duckdb (path) and postgres (url)")


def sqlite_path(path):
    from urllib.parse import quote

    return quote(path)


def shown(row):
    value = row[0] if len(row) == 1 else list(row)
    return value if isinstance(value, str) else json.dumps(value, default=str)


def ask(question):
    connection = connect(question["resource"])
    try:
        cursor = connection.cursor()
        cursor.execute(question["query"])
        rows = cursor.fetchmany(MOST)
        return {"value": shown(rows[0]) if rows else "null", "rows": len(rows)}
    finally:
        connection.close()


def main(arguments):
    if arguments != ["probe"]:
        print("sql_probe asks for sensors only: usage: main.py probe", file=sys.stderr)
        return 2
    question = json.load(sys.stdin)
    try:
        answer = ask(question)
    except KeyError as missing:
        answer = {"value": "", "rows": 0, "error": f"the resource says no {missing}"}
    except ImportError as missing:
        answer = {"value": "", "rows": 0, "error": f"{missing}: install it into the Python that `python:` of the sensor names"}
    except Exception as error:  # whatever a driver raises is the answer
        answer = {"value": "", "rows": 0, "error": f"the database said: {error}"}
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
