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

import measures  # noqa: E402

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by scripts/bench --write -->", "<!-- end of figures -->"


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    return {"at": datetime.date.today().isoformat(), "commit": commit, "cores": os.cpu_count(), "cpu": model, "load": round(os.getloadavg()[0], 2)}


def table(title, rows, columns):
    """A Markdown table; `columns` are (heading, key, format)."""
    out = [f"**{title}**", "", "| " + " | ".join(heading for heading, _, _ in columns) + " |", "|" + "--:|" * len(columns)]
    out += ["| " + " | ".join(format(row[key], form) for _, key, form in columns) + " |" for row in rows]
    return "\n".join(out) + "\n"


def verdicts(results):
    """Each target beside what was found, of the largest size."""
    def line(what, found, form, target, met):
        return f"- {what}: **{format(found, form)}**, target {target}: {'met' if met else 'not met'}."
    out = []
    for row in results.get("throughput", []):
        out.append(line(f"steps/s beside ninja, {row['assets']:,d} assets", row["ratio"], ".2f", "≥ 0.5", row["ratio"] >= 0.5))
    for row in results.get("latency", []):
        out.append(line(f"POST → process started, p99, {row['assets']:,d} assets, ms", row["started_p99_ms"], ".0f", "≤ 50", row["started_p99_ms"] <= 50))
    for row in results.get("start", [])[-1:]:
        out.append(line(f"start → ready, {row['assets']:,d} assets, s", row["ready_s"], ".2f", "≤ 1", row["ready_s"] <= 1))
        out.append(line(f"idle memory, {row['assets']:,d} assets, MB PSS", row["idle_pss_mb"], ".0f", "≤ 60", row["idle_pss_mb"] <= 60))
    return "\n".join(out) + "\n"


def report(results):
    found = results["machine"]
    parts = [f"Taken {found['at']} at commit {found['commit']} on {found['cores']} cores ({found['cpu']}), load (processes that wanted a core) before: {found['load']}"
             f"{' — more than the cores: absolute figures are those of a busy machine' if found['load'] > found['cores'] else ''}.\n", verdicts(results)]
    if "throughput" in results:
        parts.append(table("Steps per second, /bin/true, the same graph", results["throughput"], [
            ("assets", "assets", ",d"), ("parallelism", "parallelism", "d"), ("assetd", "assetd_steps_per_s", ",.0f"),
            ("ninja", "ninja_steps_per_s", ",.0f"), ("ratio", "ratio", ".2f"), ("assetd, CPU ms a step", "assetd_cpu_ms", ".2f"), ("ninja, CPU ms a step", "ninja_cpu_ms", ".2f"),
            ("rounds", "rounds", "d")]))
    if "latency" in results:
        parts.append(table("From POST /runs, in milliseconds", results["latency"], [
            ("assets loaded", "assets", ",d"), ("triggers", "triggers", "d"), ("acknowledged p50", "acknowledged_p50_ms", ".1f"),
            ("p99", "acknowledged_p99_ms", ".1f"), ("process started p50", "started_p50_ms", ".1f"), ("p99", "started_p99_ms", ".1f")]))
    if "start" in results:
        parts.append(table("Start and idle memory of all processes", results["start"], [
            ("assets", "assets", ",d"), ("first start, s", "first_ready_s", ".2f"), ("start → /readyz, s", "ready_s", ".2f"), ("PSS, MB", "idle_pss_mb", ".0f")]))
    return "\n".join(parts)


def write_page(text):
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("figures", nargs="*", choices=["throughput", "latency", "start", []], help="which to take; all by default")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10000], help="numbers of assets")
    parser.add_argument("--rounds", type=int, nargs="+", default=[3], help="of throughput: one number, or one for each size")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/performance.md")
    parser.add_argument("--json", type=pathlib.Path, default=ROOT / "build" / "bench.json")
    arguments = parser.parse_args()
    wanted = arguments.figures or ["throughput", "latency", "start"]

    rounds = dict(zip(arguments.sizes, arguments.rounds * (len(arguments.sizes) if len(arguments.rounds) == 1 else 1), strict=True))
    results = {"machine": machine()}
    takes = {"throughput": (lambda size: measures.throughput(size, rounds[size]), arguments.sizes), "latency": (measures.latency, [max(arguments.sizes)]), "start": (measures.start, arguments.sizes)}
    for name in wanted:
        take, sizes = takes[name]
        results[name] = []
        for size in sizes:
            print(f"… {name}, {size:,} assets", file=sys.stderr, flush=True)
            results[name].append(take(size))
    text = report(results)
    print(text)
    arguments.json.parent.mkdir(exist_ok=True)
    arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    if arguments.write:
        write_page(text)


if __name__ == "__main__":
    main()
