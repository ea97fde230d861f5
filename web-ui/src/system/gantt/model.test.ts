import { describe, expect, it } from "vitest";
import { criticalPath, ganttModel, zoomView, type GanttStep } from "./model";

const at = (seconds: number) => new Date(seconds * 1000).toISOString();
const step = (key: string, deps: string[], from: number | null, to: number | null, status = "succeeded"): GanttStep => ({
  key, partition: null, status, deps, started_at: from === null ? null : at(from), ended_at: to === null ? null : at(to),
  attempts: from === null ? [] : [{ number: 1, status, intended_at: at(from), started_at: at(from), ended_at: to === null ? null : at(to) }],
});

describe("ganttModel", () => {
  it("hatches the time between the last parent's end and the start", () => {
    const model = ganttModel([step("a", [], 1, 3), step("b", ["a"], 5, 6)], 1000, 6000, 9000);
    expect(model.rows[1]!.bars.map((bar) => [bar.kind, bar.from, bar.to])).toEqual([["wait", 3000, 5000], ["attempt", 5000, 6000]]);
    expect(model.live).toBe(false);
  });
  it("draws attempts apart, with the delay between them", () => {
    const retried = step("a", [], 1, 9);
    retried.attempts = [
      { number: 1, status: "failed", intended_at: at(1), started_at: at(1), ended_at: at(2) },
      { number: 2, status: "succeeded", intended_at: at(7), started_at: at(7), ended_at: at(9) },
    ];
    const bars = ganttModel([retried], 1000, 9000, 9000).rows[0]!.bars;
    expect(bars.map((bar) => bar.kind)).toEqual(["attempt", "wait", "attempt"]);
    expect(bars[1]).toMatchObject({ from: 2000, to: 7000 });
  });
  it("lets a running bar and the axis grow with the clock", () => {
    const model = ganttModel([step("a", [], 1, null, "running")], 1000, null, 8000);
    expect(model.rows[0]!.bars.at(-1)!.to).toBeNull();
    expect(model.to).toBe(8000);
  });
  it("shows nothing for a step whose parent has not ended", () => {
    const waiting = step("b", ["a"], null, null, "pending");
    expect(ganttModel([step("a", [], 1, null, "running"), waiting], 1000, null, 8000).rows[1]!.bars).toEqual([]);
  });
});

it("follows the parent that ended last", () => {
  const steps = [step("fast", [], 0, 1), step("slow", [], 0, 5), step("end", ["fast", "slow"], 5, 7)];
  expect([...criticalPath(steps)].sort()).toEqual([1, 2]);
});

it("zooms around the pointer and stays inside", () => {
  expect(zoomView({ from: 0, to: 1000 }, 500, 0.5, { from: 0, to: 1000 })).toEqual({ from: 250, to: 750 });
  expect(zoomView({ from: 0, to: 500 }, 0, 4, { from: 0, to: 1000 })).toEqual({ from: 0, to: 1000 });
});
