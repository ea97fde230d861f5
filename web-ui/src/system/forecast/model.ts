/** A forecast as rows of bars: one row an asset, one bar each time it is made. Times are epoch milliseconds. */
import type { Forecast, ForecastRun, ForecastStep } from "./types";

export interface ForecastBar {
  run: ForecastRun; step: ForecastStep;
  /** From when it is ready; null where it does not wait. */
  waitFrom: number | null;
  from: number;
  /** Null: it has not ended when the forecast does. */
  to: number | null;
  /** The end if everything takes as long as nine times in ten it does not; null where it is not known. */
  slowTo: number | null;
}
export interface ForecastRow { key: string; bars: ForecastBar[] }
export interface ForecastModel { rows: ForecastRow[]; from: number; to: number }

const time = (at: string | null) => (at === null ? null : Date.parse(at));

/** Rows in the order in which the assets are first made. Steps that never begin have no bar. */
export function forecastModel(forecast: Forecast): ForecastModel {
  const from = Date.parse(forecast.at);
  const rows = new Map<string, ForecastBar[]>();
  for (const run of forecast.runs)
    for (const step of run.steps) {
      const begins = time(step.started_at);
      const to = time(step.ended_at);
      if (begins === null || (to !== null && to <= from)) continue;
      const bar = { run, step, waitFrom: step.waited_ms > 0 ? time(step.ready_at) : null, from: begins, to, slowTo: time(step.slow_ended_at) };
      const bars = rows.get(step.key);
      if (bars) bars.push(bar);
      else rows.set(step.key, [bar]);
    }
  const sorted = [...rows].map(([key, bars]) => ({ key, bars: bars.sort((a, b) => a.from - b.from) }));
  sorted.sort((a, b) => a.bars[0]!.from - b.bars[0]!.from || a.key.localeCompare(b.key));
  return { rows: sorted, from, to: Date.parse(forecast.until) };
}

/** What a run is of, in words. */
export function originText(run: ForecastRun): string {
  const { kind, name } = run.trigger;
  if (run.run_id !== null) return `run #${run.run_id}`;
  return kind === "automation" ? `automation${name ? ` of ${name}` : ""}` : [kind, name].filter(Boolean).join(" ");
}

/** What is supposed besides: text of the address, "gpu=+2,cpu=4" and "train=2", as pairs; parts that say nothing are left out. */
export function readSuppositions(text: string | undefined): [string, string][] {
  return (text ?? "").split(",").map((part) => part.trim().split("=")).filter((pair): pair is [string, string] => pair.length === 2 && pair[0] !== "" && pair[1] !== "");
}
export const writeSuppositions = (pairs: [string, string][]) => pairs.map(([name, value]) => `${name}=${value}`).join(",") || undefined;
/** With the one of this name replaced; "" takes it out. */
export function withSupposition(pairs: [string, string][], name: string, value: string): [string, string][] {
  const others = pairs.filter(([other]) => other !== name);
  return value === "" ? others : [...others, [name, value]];
}

export interface ForecastSummary { lastEnd: number | null; waitedMs: number; violations: number; missed: number; unfinished: number }
/** What two forecasts are compared by. */
export function summarize(forecast: Forecast): ForecastSummary {
  const ends = forecast.runs.map((run) => time(run.ended_at)).filter((end) => end !== null);
  return {
    lastEnd: ends.length === 0 ? null : Math.max(...ends),
    waitedMs: forecast.pools.reduce((sum, pool) => sum + pool.waited_ms, 0),
    violations: forecast.violations_total - forecast.violations.filter((violation) => violation.already).length, // of many only the first are listed
    missed: forecast.missed_ticks.length,
    unfinished: forecast.runs.filter((run) => run.ended_at === null).length,
  };
}
