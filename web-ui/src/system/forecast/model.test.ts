import { describe, expect, it } from "vitest";
import type { Forecast, ForecastRun, ForecastStep } from "./types";
import { forecastModel, originText, readSuppositions, summarize, withSupposition, writeSuppositions } from "./model";

const at = (minutes: number) => new Date(Date.UTC(2026, 0, 1, 0, minutes)).toISOString();
const step = (key: string, from: number | null, to: number | null, more: Partial<ForecastStep> = {}): ForecastStep => ({
  key, partition: null, status: "succeeded", ready_at: from === null ? null : at(from), started_at: from === null ? null : at(from), ended_at: to === null ? null : at(to),
  slow_ended_at: to === null ? null : at(to + 1), waited_ms: 0, waited_for: [], critical: false, ...more,
});
const run = (steps: ForecastStep[], more: Partial<ForecastRun> = {}): ForecastRun => ({
  run_id: null, trigger: { kind: "schedule", name: "nightly", instant: at(0) }, select: "*", job: null, status: "succeeded", reason: null, detail: null, created_at: at(0),
  started_at: at(0), ended_at: at(10), slow_ended_at: at(12), steps_total: steps.length, checks_only: false, critical_path: [], steps, ...more,
});
const forecast = (runs: ForecastRun[], more: Partial<Forecast> = {}): Forecast => ({
  at: at(0), until: at(60), stopped_at: null, truncated: false, definitions_version: "1", runs, runs_total: runs.length, steps_total: 0, steps_listed: 0, violations: [], violations_total: 0,
  missed_ticks: [], pools: [], what_if: { pools: {}, speed: {} }, durations: { history: 0, group: 0, project: 0, nothing: 0 }, assumptions: [], as_of: 1, ...more,
});

describe("forecastModel", () => {
  it("has a row for each asset with a bar for each time it is made, the first made first", () => {
    const model = forecastModel(forecast([run([step("b", 5, 8), step("a", 1, 5)]), run([step("a", 20, 25)])]));
    expect(model.rows.map((row) => [row.key, row.bars.length])).toEqual([["a", 2], ["b", 1]]);
    expect(model.rows[0]!.bars[1]!.from).toBe(Date.parse(at(20)));
  });
  it("leaves out what never begins and what had ended before", () => {
    const model = forecastModel(forecast([run([step("never", null, null), step("past", -5, -1), step("runs", -5, 3)])]));
    expect(model.rows.map((row) => row.key)).toEqual(["runs"]);
  });
  it("says from when a step waits", () => {
    const model = forecastModel(forecast([run([step("a", 5, 6, { ready_at: at(2), waited_ms: 180_000 })])]));
    expect(model.rows[0]!.bars[0]!.waitFrom).toBe(Date.parse(at(2)));
  });
});

describe("suppositions", () => {
  it("are read from the address and written to it", () => {
    expect(readSuppositions("gpu=+2,cpu=4,broken,=1,x=")).toEqual([["gpu", "+2"], ["cpu", "4"]]);
    expect(writeSuppositions(withSupposition(readSuppositions("gpu=+2"), "gpu", "3"))).toBe("gpu=3");
    expect(writeSuppositions(withSupposition(readSuppositions("gpu=+2"), "gpu", ""))).toBeUndefined();
  });
});

describe("what people read", () => {
  it("names what a run comes of", () => {
    expect(originText(run([]))).toBe("schedule nightly");
    expect(originText(run([], { run_id: "7" }))).toBe("run #7");
    expect(originText(run([], { trigger: { kind: "automation", name: "report", instant: null } }))).toBe("automation of report");
  });
  it("sums up what two forecasts differ in", () => {
    const pool = { name: "gpu", slots: 1, slots_in_force: 1, used: 0.5, slices: [], waited_ms: 5000, steps_waited: 1 };
    expect(summarize(forecast([run([]), run([], { ended_at: null })], { pools: [pool] }))).toEqual({ lastEnd: Date.parse(at(10)), waitedMs: 5000, violations: 0, missed: 0, unfinished: 1 });
  });
  it("counts what will be too old also where not all of it is listed, and not what is so already", () => {
    const old = (key: string, already: boolean) => ({ key, kind: "freshness" as const, at: at(0), data_at: null, mended_at: null, only_if_slow: false, already });
    const many = forecast([], { violations: [old("a", true), old("b", false)], violations_total: 700 });
    expect(summarize(many).violations).toBe(699);
  });
});
