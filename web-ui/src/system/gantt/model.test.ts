import { describe, expect, it } from "vitest";
import { criticalPath, ganttModel, readView, writeView, zoomView, type GanttStep } from "./model";

const at = (seconds: number) => new Date(seconds * 1000).toISOString();
const step = (key: string, deps: string[], from: number | null, to: number | null, status = "succeeded"): GanttStep => ({
  key, partition: null, status, deps, started_at: from === null ? null : at(from), ended_at: to === null ? null : at(to),
  attempts: from === null ? [] : [{ number: 1, status, intended_at: at(from), started_at: at(from), ended_at: to === null ? null : at(to), batch: [key] }],
  checks: [],
});
/** A step that shared the process from 1 to 20 with others. */
const member = (key: string, deps: string[], from: number | null, to: number | null, status = "succeeded"): GanttStep => ({
  ...step(key, deps, from, to, status),
  attempts: [{ number: 1, status: "succeeded", intended_at: at(0.9), started_at: at(1), ended_at: at(20), batch: ["a", "b", "c"] }],
});
const shapes = (steps: GanttStep[], index: number) =>
  ganttModel(steps, 1000, 20_000, 20_000).rows[index]!.bars.map((bar) => [bar.kind, bar.from / 1000, bar.to === null ? null : bar.to / 1000, bar.status]);

describe("ganttModel", () => {
  it("hatches the time between the last parent's end and the start", () => {
    const model = ganttModel([step("a", [], 1, 3), step("b", ["a"], 5, 6)], 1000, 6000, 9000);
    expect(model.rows[1]!.bars.map((bar) => [bar.kind, bar.from, bar.to])).toEqual([["wait", 3000, 5000], ["attempt", 5000, 6000]]);
    expect(model.live).toBe(false);
  });
  it("draws attempts apart, with the delay between them", () => {
    const retried = step("a", [], 1, 9);
    retried.attempts = [
      { number: 1, status: "failed", intended_at: at(1), started_at: at(1), ended_at: at(2), batch: ["a"] },
      { number: 2, status: "succeeded", intended_at: at(7), started_at: at(7), ended_at: at(9), batch: ["a"] },
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

describe("a member of a batch", () => {
  it("has the bar of its own work, not that of the process", () => {
    const steps = [member("a", [], 2, 5), member("b", ["a"], 6, 9)];
    expect(shapes(steps, 0)).toEqual([["wait", 1, 2, "ready"], ["attempt", 2, 5, "succeeded"]]);
    expect(shapes(steps, 1)).toEqual([["wait", 5, 6, "ready"], ["attempt", 6, 9, "succeeded"]]);
  });
  it("has its own outcome, whatever became of the process", () => {
    expect(shapes([member("a", [], 2, 5, "failed")], 0)[1]).toEqual(["attempt", 2, 5, "failed"]);
  });
  it("has no bar when its turn never came", () => {
    expect(shapes([member("a", [], 2, 5, "failed"), member("b", ["a"], null, 5, "skipped")], 1)).toEqual([]);
  });
  it("waits, hatched, while the process works on others", () => {
    const waiting = member("b", ["a"], null, null, "starting");
    waiting.attempts[0]!.ended_at = null;
    expect(shapes([member("a", [], 2, 5), waiting], 1)).toEqual([["wait", 5, null, "starting"]]);
  });
  it("grows from its own start while it runs", () => {
    const running = member("b", ["a"], 6, null, "running");
    running.attempts[0]!.ended_at = null;
    expect(shapes([member("a", [], 2, 5), running], 1)).toEqual([["wait", 5, 6, "ready"], ["attempt", 6, null, "running"]]);
  });
  it("shows an earlier process as shared, since its part in it is not kept", () => {
    const retried = member("b", ["a"], 32, 35);
    retried.attempts[0]!.status = "failed";
    retried.attempts.push({ number: 2, status: "succeeded", intended_at: at(30), started_at: at(31), ended_at: at(40), batch: ["b", "c"] });
    expect(shapes([member("a", [], 2, 5), retried], 1)).toEqual([
      ["shared", 5, 20, "failed"], ["wait", 20, 32, "ready"], ["attempt", 32, 35, "succeeded"],
    ]);
  });
});

describe("a step whose checks run by themselves", () => {
  it("shows the time between the end of its work and its own end", () => {
    const checked = { ...step("a", [], 1, 4), ended_at: at(6), checks: [{ at: at(6) }] };
    expect(shapes([checked], 0)).toEqual([["attempt", 1, 4, "succeeded"], ["checks", 4, 6, "succeeded"]]);
  });
  it("shows nothing extra for the moment between an exit and its commit", () => {
    const plain = { ...step("a", [], 1, 4), ended_at: at(4.02), checks: [{ at: at(3) }] };
    expect(shapes([plain], 0)).toHaveLength(1);
  });
  it("grows while they are awaited", () => {
    const waiting = { ...step("a", [], 1, 4, "running"), ended_at: null };
    expect(shapes([waiting], 0).at(-1)).toEqual(["checks", 4, null, "running"]);
  });
});

describe("an asset with several partitions", () => {
  const of = (partition: string, one: GanttStep): GanttStep => ({ ...one, partition });
  const days = [of("mon", step("day", [], 1, 3)), of("tue", step("day", [], 1, 8)), of("wed", step("day", [], 1, null, "running"))];
  it("waits for the same partition of the one above it", () => {
    const steps = [...days, of("mon", step("order", ["day"], 5, 6)), of("wed", step("order", ["day"], null, null, "pending"))];
    expect(shapes(steps, 3)).toEqual([["wait", 3, 5, "ready"], ["attempt", 5, 6, "succeeded"]]);
    expect(shapes(steps, 4)).toEqual([]);
    expect(new Set(ganttModel(steps, 1000, null, 9000).rows.map((row) => row.label)).size).toBe(5);
  });
  it("of another division waits for no partition that ended after it began", () => {
    const steps = [...days, of("week 1", step("week", ["day"], 5, 7))];
    expect(shapes(steps, 3)[0]).toEqual(["wait", 3, 5, "ready"]);
  });
  it("has the critical path go through its own partition", () => {
    const steps = [of("mon", step("day", [], 0, 3)), of("tue", step("day", [], 0, 1)), of("tue", step("order", ["day"], 5, 9))];
    expect([...criticalPath(steps)].sort()).toEqual([1, 2]);
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

it("keeps what is zoomed to in the address", () => {
  expect(readView(writeView({ from: 5_250, to: 7_000 }, 5_000), 5_000)).toEqual({ from: 5_250, to: 7_000 });
  expect([readView(undefined, 0), readView("9-3", 0), readView("a-b", 0)]).toEqual([undefined, undefined, undefined]);
});
