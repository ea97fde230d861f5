"""Takes the figures, prints them as tables, writes them as JSON. Started by scripts/bench."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "end_to_end"))  # the harness that starts daemons

import api_load  # noqa: E402
import automation  # noqa: E402
import backfill  # noqa: E402
import dbt_manifest  # noqa: E402
import log_lines  # noqa: E402
import measures  # noqa: E402
import retention  # noqa: E402
import forecast  # noqa: E402
import schedules  # noqa: E402
import shop  # noqa: E402
from report import report  # noqa: E402

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by scripts/bench --write -->", "<!-- end of figures -->"

# A figure is a list of rows; each entry makes some.
FIGURES = {
    "throughput": [lambda: [measures.throughput(1_000, 5)], lambda: [measures.throughput(10_000, 3)], lambda: [measures.throughput(10_000, 3, jobs=8)],
                   lambda: [measures.throughput(100_000, 1)]],
    "latency": [lambda: [measures.latency(10_000, readers=64)]],
    "start": [lambda: [measures.start(1_000)], lambda: [measures.start(10_000)], lambda: [measures.start(100_000)]],
    "manifest": [lambda: [dbt_manifest.manifest(100)]],
    "api": [lambda: api_load.api(10_000)],
    "forecast": [lambda: [forecast.forecast(10_000), forecast.forecast(10_000, one_schedule=False), forecast.forecast(10_000, automation=True)]],
    "schedules": [lambda: [schedules.schedules(100_000)]],
    "automation": [lambda: [automation.automation(assets) for assets in (10_000, 100_000)]],
    "backfill": [lambda: [backfill.backfill()]],
    "retention": [lambda: [retention.retention()]],
    "logs": [lambda: [log_lines.log_lines()]],
    "shop": [shop.shop],
}


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    return {"at": datetime.date.today().isoformat(), "commit": commit, "cores": os.cpu_count(), "cpu": model, "load": round(os.getloadavg()[0], 2)}


def write_page(text):
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def take(name):
    rows = []
    for number, some in enumerate(FIGURES[name], 1):
        print(f"… {name} ({number} of {len(FIGURES[name])})", file=sys.stderr, flush=True)
        rows += some()
    return rows


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"which to take, of {', '.join(FIGURES)}; all by default")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/performance.md; figures not taken now are those of the JSON file")
    parser.add_argument("--json", type=pathlib.Path, default=ROOT / "build" / "bench.json")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.figures if name not in FIGURES]:
        parser.error(f"no figure {', '.join(unknown)}; there are {', '.join(FIGURES)}")

    former = json.loads(arguments.json.read_text()) if arguments.figures and arguments.json.exists() else {}
    results = {**{name: rows for name, rows in former.items() if name in FIGURES}, "machine": machine()}
    for name in arguments.figures or FIGURES:
        results[name] = take(name)
        arguments.json.parent.mkdir(exist_ok=True)
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")  # a figure that fails loses none of the others
    text = report(results)
    print(text)
    if arguments.write:
        write_page(text)


if __name__ == "__main__":
    main()
