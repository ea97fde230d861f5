"""Stands in for a Snowflake connection: a DuckDB file, attached as the catalog that the queries name."""

import os

import duckdb


class SnowflakeLikeWarehouse:
    """`path` is relative to this file's folder."""

    def __init__(self, path, catalog="ANALYTICS_PROD"):
        self._path = os.path.join(os.path.dirname(os.path.abspath(__file__)), path)
        self._catalog = catalog

    def execute_query(self, query):
        """The result as a pandas DataFrame."""
        with duckdb.connect() as db:
            db.execute(f"attach '{self._path}' as {self._catalog} (read_only)")
            return db.execute(query).df()
