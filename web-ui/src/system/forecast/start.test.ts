import { expect, test } from "vitest";
import { nextStart } from "./start";
import type { Forecast, ForecastRun } from "./types";

const run = (name: string, steps: [string, string | null][]) => ({
  run_id: null, trigger: { kind: "schedule", name, instant: null }, steps: steps.map(([key, started_at]) => ({ key, started_at })),
}) as unknown as ForecastRun;
const forecast = (runs: ForecastRun[]) => ({ at: "2026-11-27T04:00:00.000Z", runs }) as Forecast;

test("the next start is the earliest that has not begun, whatever the order of the runs", () => {
  const found = nextStart(forecast([
    run("late", [["raw", "2026-11-27T09:00:00.000Z"]]), run("begun", [["raw", "2026-11-27T03:59:00.000Z"]]), run("soon", [["other", "2026-11-27T04:01:00.000Z"], ["raw", "2026-11-27T06:00:00.000Z"]]),
  ]), "raw");
  expect(found?.run.trigger.name).toBe("soon");
  expect(found?.at).toBe("2026-11-27T06:00:00.000Z");
});

test("a run of checks alone makes nothing", () => {
  const checks = { ...run("watch", [["raw", "2026-11-27T05:00:00.000Z"]]), checks_only: true };
  expect(nextStart(forecast([checks]), "raw")).toBeNull();
});

test("what never begins within the forecast has no next start", () => {
  expect(nextStart(forecast([run("stuck", [["raw", null]])]), "raw")).toBeNull();
});
