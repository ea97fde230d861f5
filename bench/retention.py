"""The store's file over more than a simulated year with the default retention, and how long a step of pruning holds its writer (bench/retention_bench.cc)."""

import json
import subprocess
import tempfile

from daemon import BIN


def retention(days=480):
    with tempfile.TemporaryDirectory(prefix="assetd-bench-") as folder:
        done = subprocess.run([BIN / "retention_bench", str(days), folder], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    sizes = {int(day): size for day, size in found.pop("megabytes").items()}
    after_a_year = min(day for day in sizes if day > 365)
    return {**found, "year_mb": sizes[360], "after_mb": sizes[after_a_year], "end_mb": sizes[days], "growth": sizes[days] / sizes[after_a_year]}
