"""What scripts/bench has found, as Markdown: each target beside its figure, then the tables."""

from typing import NamedTuple


class Column(NamedTuple):
    heading: str
    key: str
    form: str = ",.0f"


class Table(NamedTuple):
    title: str
    columns: list


class Target(NamedTuple):
    """`where`: of which rows of the table; `limit`: what the figure of `key` must not fall short of, or not exceed."""
    what: str
    key: str
    form: str
    at_least: float | None = None
    at_most: float | None = None
    where: dict = {}


LATENCY = [Column("acknowledged p50", "acknowledged_p50_ms", ".1f"), Column("p99", "acknowledged_p99_ms", ".1f"),
           Column("process started p50", "started_p50_ms", ".1f"), Column("p99", "started_p99_ms", ".1f")]

TABLES = {
    "throughput": Table("Steps per second, /bin/true, the same graph", [
        Column("assets", "assets", ",d"), Column("parallelism", "parallelism", "d"), Column("assetd", "assetd_steps_per_s"), Column("ninja", "ninja_steps_per_s"),
        Column("make", "make_steps_per_s"), Column("spawn + commit alone", "floor_steps_per_s"), Column("a shim for each", "shim_floor_steps_per_s"), Column("reused shims", "reused_floor_steps_per_s"),
        Column("to ninja", "to_ninja", ".2f"), Column("to make", "to_make", ".2f"), Column("CPU ms a step", "assetd_cpu_ms", ".2f"),
        Column("ninja's", "ninja_cpu_ms", ".2f"), Column("make's", "make_cpu_ms", ".2f"), Column("rounds", "rounds", "d")]),
    "latency": Table("From POST /runs, in milliseconds", [Column("assets loaded", "assets", ",d"), Column("busy readers", "readers", "d"), Column("triggers", "triggers", "d"), *LATENCY]),
    "start": Table("Start and idle memory of all processes", [
        Column("assets", "assets", ",d"), Column("first start, s", "first_ready_s", ".2f"), Column("start → /readyz, s", "ready_s", ".2f"), Column("PSS, MB", "idle_pss_mb")]),
    "manifest": Table("Describing a dbt project from its parsed manifest", [
        Column("MB", "megabytes"), Column("assets", "assets", ",d"), Column("checks", "checks", ",d"), Column("describe, s", "describe_s", ".2f"), Column("JSON library alone, s", "json_alone_s", ".2f")]),
    "api": Table("The API under wrk, 64 connections, during a run; bare: a Beast server that answers as many bytes", [
        Column("route", "route", ""), Column("bytes", "bytes", ",d"), Column("requests/s", "per_s"), Column("p50, ms", "p50_ms", ".1f"), Column("p99, ms", "p99_ms", ".1f"),
        Column("errors", "errors", "d"), Column("bare, requests/s", "bare_per_s"), Column("bare p99, ms", "bare_p99_ms", ".1f")]),
    "schedules": Table("Ticks committed after their instant", [
        Column("schedules", "schedules", ",d"), Column("all at one instant, s", "together_s", ".1f"), Column("spread: p50, ms", "spread_p50_ms"), Column("p99, ms", "spread_p99_ms"), Column("ticks in that minute", "spread", ",d")]),
    "forecast": Table("A forecast of 24 hours, at both paces, `GET /forecast` with 2,000 steps listed", [
        Column("assets", "assets", ",d"), Column("schedules", "schedules", ",d"), Column("automation", "automation", ""), Column("steps in it", "steps", ",d"), Column("answer, s", "seconds", ".1f"),
        Column("processor, s", "processor_seconds", ".1f"), Column("MB", "megabytes", ".2f")]),
    "automation": Table("An evaluation of conditions, every asset eager with three above it", [
        Column("assets", "assets", ",d"), Column("one was touched, ms", "touched_ms", ".3f"), Column("one was materialized, ms", "event_ms", ".3f"), Column("all of them, ms", "tick_ms", ".1f")]),
    "backfill": Table("A backfill of hours, a run each, eight at once", [
        Column("partitions", "partitions", ",d"), Column("queued, ms", "queued_ms", ".1f"), Column("runs/s", "runs_per_s", ".0f"), Column("started after the cancel", "started_after_cancel", "d")]),
    "retention": Table("The store with the default retention", [
        Column("steps a day", "steps_a_day", ",d"), Column("MB after 360 days", "year_mb"), Column("390", "after_mb"), Column("days", "days", "d"), Column("MB", "end_mb"),
        Column("longest hold of the writer by pruning, ms", "longest_ms", ".1f"),
        Column("processor time of the dearest step, ms", "longest_cpu_ms", ".1f"), Column("steps over 50 ms", "over_50_ms", "d"), Column("steps of pruning", "prune_steps", ",d")]),
    "logs": Table("Log lines at a follower", [
        Column("steps", "steps", "d"), Column("lines/s", "lines_per_s", ",d"), Column("p50, ms", "p50_ms"), Column("p99, ms", "p99_ms"), Column("lost", "lost", "d")]),
    "shop": Table("The shop's dbt nodes and its model, and the same tools by hand", [
        Column("", "how", ""), Column("assetd, s", "assetd_s", ".2f"), Column("by hand, s", "by_hand_s", ".2f"), Column("ratio", "ratio", ".2f"),
        Column("assetd, CPU s", "assetd_cpu_s", ".2f"), Column("by hand, CPU s", "by_hand_cpu_s", ".2f"), Column("ratio", "cpu_ratio", ".2f"), Column("rounds", "rounds", "d")]),
}

TARGETS = {
    "throughput": [
        Target("steps/s beside ninja -j2, {assets:,d} assets", "to_ninja", ".2f", at_least=1.0, where={"parallelism": 2}),
        Target("steps/s beside make -j2, {assets:,d} assets", "to_make", ".2f", at_least=0.5, where={"parallelism": 2}),
        Target("steps/s beside make -j8, {assets:,d} assets", "to_make", ".2f", at_least=0.65, where={"parallelism": 8})],
    "latency": [
        Target("POST → acknowledged, p99, {assets:,d} assets, {readers} readers, ms", "acknowledged_p99_ms", ".1f", at_most=10),
        Target("POST → process started, p99, ms", "started_p99_ms", ".1f", at_most=50)],
    "start": [
        Target("idle memory, {assets:,d} assets, MB PSS", "idle_pss_mb", ".0f", at_most=20, where={"assets": 1_000}),
        Target("idle memory, {assets:,d} assets, MB PSS", "idle_pss_mb", ".0f", at_most=40, where={"assets": 10_000}),
        Target("idle memory, {assets:,d} assets, MB PSS", "idle_pss_mb", ".0f", at_most=250, where={"assets": 100_000}),
        Target("start → ready, {assets:,d} assets, s", "ready_s", ".2f", at_most=0.3, where={"assets": 10_000}),
        Target("start → ready, {assets:,d} assets, s", "ready_s", ".2f", at_most=2.5, where={"assets": 100_000})],
    "manifest": [Target("describe a manifest of {megabytes:.0f} MB, s", "describe_s", ".2f", at_most=2)],
    "api": [Target("GET {route} under load, p99, ms", "p99_ms", ".1f", at_most=20), Target("errors", "errors", "d", at_most=0)],
    "schedules": [
        Target("{schedules:,d} schedules at one instant, committed within, s", "together_s", ".1f", at_most=10),
        Target("the same, spread: tick lag p99, ms", "spread_p99_ms", ".0f", at_most=100)],
    "automation": [
        Target("automation after one event, {assets:,d} assets, ms", "event_ms", ".3f", at_most=5, where={"assets": 10_000}),
        Target("automation, all of {assets:,d} assets, ms", "tick_ms", ".1f", at_most=50, where={"assets": 10_000}),
        Target("automation, all of {assets:,d} assets, ms (ten times as many)", "tick_ms", ".1f", at_most=500, where={"assets": 100_000})],
    "backfill": [
        Target("{partitions:,d} partitions queued, ms", "queued_ms", ".1f", at_most=5_000),
        Target("started after a cancel was acknowledged", "started_after_cancel", "d", at_most=0)],
    "retention": [Target("a simulated time of {days} days with {steps_a_day:,d} steps each: the store's last size to that after 390 days", "growth", ".3f", at_most=1.02),
                  Target("the longest step of pruning, ms", "longest_ms", ".1f", at_most=50)],
    "logs": [Target("{lines_per_s:,d} log lines/s from {steps} steps: lag p99, ms", "p99_ms", ".0f", at_most=250), Target("lines lost", "lost", "d", at_most=0)],
    "shop": [
        Target("the shop's nodes and model beside the same tools by hand, {how}", "ratio", ".2f", at_most=0.5, where={"how": "warm"}),
        Target("the same, {how}", "ratio", ".2f", at_most=1.1, where={"how": "first, no worker loaded"})],
}


def verdict(target, row):
    found = row[target.key]
    met = found >= target.at_least if target.at_least is not None else found <= target.at_most
    bound = f"≥ {target.at_least:g}" if target.at_least is not None else f"≤ {target.at_most:g}"
    return f"- {target.what.format(**row)}: **{found:{target.form}}**, target {bound}: {'met' if met else 'not met'}."


def verdicts(results):
    lines = [verdict(target, row) for name, targets in TARGETS.items() for row in results.get(name, []) for target in targets if target.where.items() <= row.items()]
    return "\n".join([*lines, *flatness(results)]) + "\n"


def flatness(results):
    """By processor time of all processes: the rate is as noisy as the machine."""
    rows = sorted((row for row in results.get("throughput", []) if row["parallelism"] == 2), key=lambda row: row["assets"])
    if len(rows) < 2:
        return []
    times = [row["assetd_cpu_ms"] for row in rows]
    found = max(times) / min(times)
    sizes = ", ".join(f"{row['assets']:,d}" for row in rows)
    return [f"- cost of a step (processor time) at {sizes} assets, the dearest to the cheapest: **{found:.2f}**, target within 15 %: {'met' if found <= 1.15 else 'not met'}."]


def table(name, rows):
    title, columns = TABLES[name]
    out = [f"**{title}**", "", "| " + " | ".join(column.heading for column in columns) + " |", "|" + "--:|" * len(columns)]
    out += ["| " + " | ".join(format(row[column.key], column.form) if column.key in row else "–" for column in columns) + " |" for row in rows]
    return "\n".join(out) + "\n"


def report(results):
    found = results["machine"]
    busy = " — more than the cores: absolute figures are those of a busy machine" if found["load"] > found["cores"] else ""
    taken = f"Taken {found['at']} at commit {found['commit']} on {found['cores']} cores ({found['cpu']}), load (processes that wanted a core) before: {found['load']}{busy}.\n"
    return "\n".join([taken, verdicts(results), *(table(name, results[name]) for name in TABLES if name in results)])
