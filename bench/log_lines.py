"""Lines that many steps write: how long after a program wrote one a follower of the log has it."""

import http.client
import time

from measures import percentile, project

LOOK_EVERY_S = 0.15  # as the dashboard's log view
PROGRAM = """import sys, time
begun = time.time()
for line in range({lines}):
    time.sleep(max(0, begun + line / {rate} - time.time()))
    print(time.time_ns(), flush=True)
"""


def follow(connection, run, key, state):
    """Appends the lag of each new whole line, in ms."""
    connection.request("GET", f"/api/v1/runs/{run}/logs?step={key}&stream=stdout&offset={state['offset']}")
    answer = connection.getresponse()
    text = answer.read().decode()
    now = time.time_ns()
    state["offset"] = answer.headers["X-Next-Offset"]
    state["complete"] = answer.headers["X-Log-Complete"] == "true"
    lines = (state["rest"] + text).split("\n")
    state["rest"] = lines.pop()
    state["lags"] += [(now - int(line)) / 1e6 for line in lines]


def log_lines(steps=50, rate=200, seconds=10):
    """`steps` programs, each `rate` lines a second, all followed by one reader."""
    keys = [f"s{i}" for i in range(steps)]
    yaml = f"name: bench\npools: {{default: {{slots: {steps}}}}}\nassets:\n"
    yaml += "".join(f"  - {{key: {key}, run: {{plugin: exec, command: [python3, -S, -E, write.py]}}}}\n" for key in keys)
    states = {key: {"offset": "0", "rest": "", "lags": [], "complete": False} for key in keys}
    with project(yaml) as daemon:
        (daemon.project / "write.py").write_text(PROGRAM.format(lines=rate * seconds, rate=rate))
        daemon.start()
        run = daemon.run("*")
        connection = http.client.HTTPConnection(daemon.url.removeprefix("http://"))
        while not all(state["complete"] for state in states.values()):
            began = time.monotonic()
            for key, state in states.items():
                if not state["complete"]:
                    follow(connection, run, key, state)
            time.sleep(max(0, LOOK_EVERY_S - (time.monotonic() - began)))
    lags = [lag for state in states.values() for lag in state["lags"]]
    return {"steps": steps, "lines": len(lags), "lines_per_s": steps * rate, "lost": steps * rate * seconds - len(lags), "p50_ms": percentile(lags, 0.5), "p99_ms": percentile(lags, 0.99)}
