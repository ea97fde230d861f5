"""Each function takes one figure, on a daemon of its own."""

import contextlib
import datetime
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import threading
import time

from daemon import BIN, ENDED, Daemon, processes_with
from graphs import assetd_yaml, build_ninja, makefile
from waiting import wait_until


@contextlib.contextmanager
def project(text):
    with tempfile.TemporaryDirectory(prefix="assetd-bench-") as folder:
        (pathlib.Path(folder) / "assetd.yaml").write_text(text)
        daemon = Daemon(folder)
        try:
            yield daemon
        finally:
            daemon.clean_up()


def seconds_of(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def peer_seconds(name, count, jobs):
    """ninja or make on the same graph: how long it takes, and the processor time of it and all it starts."""
    file, text = {"ninja": ("build.ninja", build_ninja), "make": ("Makefile", makefile)}[name]
    with tempfile.TemporaryDirectory(prefix=f"{name}-bench-") as folder:
        (pathlib.Path(folder) / file).write_text(text(count))
        before = os.times()
        took = seconds_of(lambda: subprocess.run([name, "-C", folder, f"-j{jobs}"], check=True, stdout=subprocess.DEVNULL))
        after = os.times()
        return took, after.children_user + after.children_system - before.children_user - before.children_system


def processor_seconds(daemon):
    """Used so far by daemon, supervisor and all that they started and that has ended."""
    total = 0
    for pid in {daemon.process.pid, *processes_with(str(daemon.data))}:
        with contextlib.suppress(OSError):
            total += sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


def run_seconds(daemon, select):
    """From sending the request to the end that the run's record states. Looked at rarely: each look is work for the daemon that is measured."""
    sent = datetime.datetime.now(datetime.timezone.utc)
    run = daemon.run(select)
    while (found := daemon.get(f"/runs/{run}"))["status"] not in ENDED:
        time.sleep(0.25)
    assert found["status"] == "succeeded", found
    return (datetime.datetime.fromisoformat(found["ended_at"]) - sent).total_seconds()


def floor_rates(count, jobs):
    """Steps per second of the least that commits before each start: alone, with a shim forked for each step, and with shims that take one step after the
    other behind a supervisor (bench/floor_bench.cc). At most 20,000 steps: their rate no longer changes."""
    with tempfile.TemporaryDirectory(prefix="assetd-bench-") as folder:
        done = subprocess.run([BIN / "floor_bench", str(min(count, 20_000)), str(jobs), folder], capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        return found["durable_per_s"], found["shimmed_per_s"], found["reused_per_s"]


def throughput(count, rounds, jobs=2, peers=("ninja", "make")):
    """Steps per second of assetd and its peers in turns, so that what else the machine does meets all; of each its median. Processor time is of all rounds."""
    floors = []
    rates, cpu = {name: [] for name in ("assetd", *peers)}, dict.fromkeys(("assetd", *peers), 0)
    with project(assetd_yaml(count, jobs)) as daemon:
        daemon.start(seconds=300)
        for _ in range(rounds):
            for name in peers:
                took, used = peer_seconds(name, count, jobs)
                rates[name].append(count / took)
                cpu[name] += used
            floors.append(floor_rates(count, jobs))
            before = processor_seconds(daemon)
            rates["assetd"].append(count / run_seconds(daemon, "*"))
            cpu["assetd"] += processor_seconds(daemon) - before
    found = {"assets": count, "parallelism": jobs, "rounds": rounds,
             **{name: statistics.median(rates) for name, rates in zip(("floor_steps_per_s", "shim_floor_steps_per_s", "reused_floor_steps_per_s"), zip(*floors, strict=True), strict=True)}}
    for name, values in rates.items():
        found[f"{name}_steps_per_s"] = statistics.median(values)
        found[f"{name}_cpu_ms"] = cpu[name] * 1e3 / count / rounds
    for name in peers:
        found[f"to_{name}"] = found["assetd_steps_per_s"] / found[f"{name}_steps_per_s"]
    return found


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


@contextlib.contextmanager
def busy_readers(daemon, readers, per_second=10):
    """`readers` connections, each asking for a page of assets or the status vector some times a second, as open dashboards do."""
    over = threading.Event()

    def read(number):
        connection = http.client.HTTPConnection(daemon.url.removeprefix("http://"))
        while not over.wait(1 / per_second):
            connection.request("GET", "/api/v1/assets?limit=50" if number % 2 else "/api/v1/lineage/status")
            connection.getresponse().read()
        connection.close()

    threads = [threading.Thread(target=read, args=(number,)) for number in range(readers)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def latency(count, triggers=200, readers=0):
    """From sending POST /runs to its answer, and to the first thing the step's program does, in milliseconds."""
    acknowledged, started = [], []
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(project(assetd_yaml(count, 2, probe="date +%s%N > started.tmp && mv started.tmp started")))
        daemon.start(seconds=120)
        stack.enter_context(busy_readers(daemon, readers))
        mark = daemon.project / "started"
        for _ in range(triggers):
            mark.unlink(missing_ok=True)
            sent, wall = time.perf_counter(), time.time_ns()
            run = daemon.run("probe")
            acknowledged.append((time.perf_counter() - sent) * 1e3)
            daemon.wait(run)
            started.append((int(mark.read_text()) - wall) / 1e6)
    return {"assets": count, "triggers": triggers, "readers": readers,
            "acknowledged_p50_ms": percentile(acknowledged, 0.5), "acknowledged_p99_ms": percentile(acknowledged, 0.99),
            "started_p50_ms": percentile(started, 0.5), "started_p99_ms": percentile(started, 0.99)}


def memory_mb(daemon):
    """PSS of the daemon and of everything that names its data folder, as the supervisor does."""
    pids = {daemon.process.pid, *processes_with(str(daemon.data))}
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


def steady_memory_mb(daemon):
    """What it settles at: when two looks a second apart differ by less than 1 %."""
    last = [0.0, time.monotonic()]

    def settled():
        if time.monotonic() - last[1] < 1:
            return None
        now, before = memory_mb(daemon), last[0]
        last[:] = [now, time.monotonic()]
        return now if abs(now - before) < 0.01 * now else None

    return wait_until(settled, "memory at rest", seconds=30)


def start(count, rounds=5):
    """The first start reads the YAML; later ones find the compiled definitions in the store. Memory is taken idle, after a later start."""
    with project(assetd_yaml(count, 2)) as daemon:
        first = seconds_of(lambda: daemon.start(seconds=120))
        later = []
        for _ in range(rounds):
            daemon.stop()
            later.append(seconds_of(daemon.start))
        return {"assets": count, "first_ready_s": first, "ready_s": statistics.median(later), "idle_pss_mb": steady_memory_mb(daemon)}
