"""The API under many readers while a run goes on, beside a bare Beast server that answers as many bytes."""

import contextlib
import re
import subprocess

from daemon import BIN
from graphs import assetd_yaml
from measures import project

UNITS = {"us": 1e-3, "ms": 1, "s": 1e3}


def wrk(url, seconds, connections=64):
    """Rate, latencies in ms and errors, as wrk finds them (its percentiles count what a stall kept from being sent)."""
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url], capture_output=True, text=True, check=True).stdout
    found = {"per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])}
    for share in (50, 99):
        value, unit = re.search(rf"{share}%\s+([\d.]+)(us|ms|s)", out).groups()
        found[f"p{share}_ms"] = float(value) * UNITS[unit]
    failed = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    found["errors"] = (sum(map(int, failed.groups())) if failed else 0) + (int(refused[1]) if refused else 0)
    return found


@contextlib.contextmanager
def echo_server(size):
    with subprocess.Popen([str(BIN / "echo_bench"), str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
        finally:
            process.stdin.close()


def api(count, seconds=10):
    """One row for each route. The run lasts all the while: its steps are the graph's, again and again."""
    rows = []
    with project(assetd_yaml(count, 2)) as daemon:
        daemon.start(seconds=120)
        for path in ("/assets?limit=100", "/lineage/status"):
            answer = daemon.request("GET", path)  # the graph is laid out once for each version; the lineage's figures have that
            run = daemon.run("*")
            ours = wrk(f"{daemon.url}/api/v1{path}", seconds)
            assert daemon.get(f"/runs/{run}")["status"] == "running" or count < 10_000, "the run was over before the load"
            daemon.post(f"/runs/{run}/cancel")
            daemon.wait(run)
            with echo_server(len(answer.body)) as url:
                bare = wrk(url, 3)
            rows.append({"route": path, "bytes": len(answer.body), **ours, "bare_per_s": bare["per_s"], "bare_p99_ms": bare["p99_ms"]})
    return rows
