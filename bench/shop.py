"""The shop's dbt nodes and its model: by assetd, and by the same tools as a person types them, in turns."""

import contextlib
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

from daemon import Daemon, processes_with
from measures import run_seconds
from projects import copy_example

SELECT = "import:shop or customer_churn_model"
INPUT = "raw_stripe_events"
# dbt asks the network for its newest version and tells it of each call; neither is part of the work.
QUIET = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_VERSION_CHECK": "false"}
FIT = """
import duckdb, joblib
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

with duckdb.connect("data/warehouse.duckdb", read_only=True) as db:
    customers = db.execute("select tenure, total_spend, churned from gold.gold_customers order by customer_id").df()
features = customers[["tenure", "total_spend"]].astype(float)
train, test, train_churned, test_churned = train_test_split(features, customers["churned"], test_size=0.25, random_state=7)
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(train, train_churned)
print(accuracy_score(test_churned, model.predict(test)), roc_auc_score(test_churned, model.predict_proba(test)[:, 1]))
joblib.dump(model, "data/model.joblib")
"""


def by_hand(folder):
    """(seconds, processor seconds) of dbt's own command and a script that fits the model."""
    began, before = time.perf_counter(), os.times()
    for command, cwd in ((["../.venv/bin/dbt", "build", "--profiles-dir", ".", "--target", "prod"], folder / "dbt"), ([".venv/bin/python", "fit.py"], folder)):
        subprocess.run(command, cwd=cwd, env={**os.environ, **QUIET}, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return time.perf_counter() - began, after.children_user + after.children_system - before.children_user - before.children_system


def by_assetd(daemon):
    """The same of a run: processor time is that of its attempts, and what daemon, supervisor and workers use meanwhile."""
    before = own_processor_seconds(daemon)
    took = run_seconds(daemon, SELECT)
    used = own_processor_seconds(daemon) - before
    run = daemon.get("/runs?limit=1")["items"][0]["id"]
    attempts = {attempt["id"]: attempt["usage"] for step in daemon.items(f"/runs/{run}/steps") for attempt in step["attempts"]}
    return took, used + sum(usage["user_ms"] + usage["system_ms"] for usage in attempts.values()) / 1e3


def own_processor_seconds(daemon):
    """Of those that live, without what they started: a step's process is in the usage of its attempt."""
    total = 0
    for pid in {daemon.process.pid, *processes_with(str(daemon.data))}:
        with contextlib.suppress(OSError):
            total += sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return total / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def shop_daemon(folder):
    """Started, with nothing of an earlier one."""
    shutil.rmtree(folder / ".assetd", ignore_errors=True)
    daemon = Daemon(folder).start(seconds=600)
    try:
        yield daemon
    finally:
        daemon.clean_up()


def row(how, hand, assetd):
    found = {"how": how, "rounds": len(hand)}
    for name, taken in (("by_hand", hand), ("assetd", assetd)):
        found[f"{name}_s"], found[f"{name}_cpu_s"] = (statistics.median(values) for values in zip(*taken))
    return {**found, "ratio": found["assetd_s"] / found["by_hand_s"], "cpu_ratio": found["assetd_cpu_s"] / found["by_hand_cpu_s"]}


def shop(rounds=5, first_rounds=3):
    """dbt by hand has parsed the project before, as it has for assetd when definitions were loaded: both begin with its partial parse."""
    with tempfile.TemporaryDirectory(prefix="assetd-bench-") as temporary:
        folder = copy_example("shop", temporary)
        (folder / "fit.py").write_text(FIT)
        with shop_daemon(folder) as daemon:
            run_seconds(daemon, INPUT)
        by_hand(folder)
        hand, first = [], []
        for _ in range(first_rounds):
            hand.append(by_hand(folder))
            with shop_daemon(folder) as daemon:
                first.append(by_assetd(daemon))
        rows = [row("first, no worker loaded", hand, first)]
        with shop_daemon(folder) as daemon:
            for _ in range(2):  # the first notes what the model imports; its worker imports that before the second ends
                by_assetd(daemon)
            hand, warm = [], []
            for _ in range(rounds):
                hand.append(by_hand(folder))
                warm.append(by_assetd(daemon))
            return [row("warm", hand, warm), *rows]

