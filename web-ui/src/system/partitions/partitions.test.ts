import { describe, expect, it } from "vitest";
import { dynamicSets, formOf, formOfKeys, formText, type Form } from "./form";
import { cellX, cellY, hit, layoutHeat, move, pitchFor } from "./heat";
import { choiceOf, countLetters, indicesOf, overlay, spanOf } from "./range";

const day = 86_400_000;
const days = (from: string, count: number) => Array.from({ length: count }, (_, i) => new Date(Date.parse(from) + i * day).toISOString().slice(0, 10));
const daily = { kind: "daily" } as const;
const two = { kind: "two", names: ["date", "region"], columns: 0 } as Form;
const crossed = ["eu", "us"].flatMap((region) => days("2026-01-01", 3).map((date) => `${date}|${region}`));

describe("the form", () => {
  it("comes from the definition", () => {
    expect(formOf({ daily: { start: "2026-01-01" }, per_process: "all" })).toEqual({ kind: "daily" });
    expect(formOf({ static: ["a"] })).toEqual({ kind: "keys" });
    expect(formOf({ multi: { region: { static: ["eu"] }, date: { daily: { start: "2026-01-01" } } } })).toEqual(two);
    expect(formOf({ cron: "0 6 * * 1-5", start: "2026-01-05", timezone: "UTC" })).toEqual({ kind: "cron" });
    expect(formOf({ multi: { a: { static: ["x"] }, b: { cron: "@daily", start: "2026-01-01" } } })).toMatchObject({ columns: 1 });
    expect(formOf({ multi: { a: { static: ["x"] }, b: { hourly: { start: "2026-01-01" } } } })).toMatchObject({ columns: 1 });
  });
  it("has words and names its dynamic sets", () => {
    expect(formText({ multi: { who: { dynamic: "customers" }, date: { weekly: {} } } })).toBe("date (weekly) × who (dynamic set customers)");
    expect(formText({ cron: "0 6 * * 1-5", start: "2026-01-05" })).toBe("cron 0 6 * * 1-5");
    expect(dynamicSets({ multi: { who: { dynamic: "customers" }, date: { weekly: {} } } })).toEqual(["customers"]);
    expect(dynamicSets({ dynamic: "letters" })).toEqual(["letters"]);
  });
  it("is guessed from keys where nothing else tells", () => {
    expect(formOfKeys(days("2026-01-01", 5))).toEqual(daily);
    expect(formOfKeys(["2026-01-04", "2026-01-11", "2026-01-18"])).toEqual({ kind: "keys" });
    expect(formOfKeys(["2026-01-04-00:00", "2026-01-04-01:00"])).toEqual({ kind: "hourly" });
    expect(formOfKeys(["a", "b"])).toEqual({ kind: "keys" });
  });
});

describe("the calendar", () => {
  it("has weeks as columns and Monday on top", () => {
    const keys = days("2026-01-01", 60);  // a Thursday
    const heat = layoutHeat(daily, keys, 1000);
    expect([heat.columns[0], heat.rows[0]]).toEqual([0, 3]);
    expect([heat.columns[4], heat.rows[4]]).toEqual([1, 0]);  // Monday, 5 January
    expect(heat.labels.filter((label) => label.align === "left").map((label) => label.text)).toEqual(["Jan 2026", "Feb", "Mar"]);
  });
  it("breaks into years where the weeks do not fit, the newest on top", () => {
    const keys = days("2024-06-01", 700);
    const heat = layoutHeat(daily, keys, 1000);
    expect(heat.rowTops).toHaveLength(21);
    expect(heat.rows[keys.indexOf("2026-01-01")]).toBeLessThan(7);
    expect(heat.rows[0]).toBeGreaterThanOrEqual(14);
  });
  it("fits a phone", () => {
    for (const count of [60, 700, 10_000]) {
      const heat = layoutHeat(daily, days("1999-01-01", count), 342);
      expect(Math.max(...heat.columns) * heat.pitch + heat.left + heat.pitch).toBeLessThanOrEqual(342 + heat.pitch);
    }
  });
  it("puts ten thousand days each in a place of its own, quickly", () => {
    const keys = days("1999-01-01", 10_000);
    const began = performance.now();
    const heat = layoutHeat(daily, keys, 1200);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(heat.at.size).toBe(10_000);
    expect(pitchFor(10_000)).toBeLessThan(pitchFor(100));
  });
});

describe("other layouts", () => {
  it("hours stand in rows of a day, the doubled hour at its end", () => {
    const keys = ["2026-10-25-00:00", "2026-10-25-01:00", "2026-10-25-01:00", "2026-10-26-00:00"];
    const heat = layoutHeat({ kind: "hourly" }, keys, 1000);
    expect([...heat.rows]).toEqual([1, 1, 1, 0]);
    expect([...heat.columns]).toEqual([0, 1, 24, 0]);
  });
  it("months stand in rows of a year", () => {
    const heat = layoutHeat({ kind: "monthly" }, ["2025-11-01", "2025-12-01", "2026-01-01"], 1000);
    expect([[...heat.rows], [...heat.columns]]).toEqual([[1, 1, 0], [10, 11, 0]]);
  });
  it("two dimensions cross, and break where they do not fit", () => {
    const heat = layoutHeat(two, crossed, 1000);
    expect([[...heat.columns], [...heat.rows]]).toEqual([[0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 1]]);
    const narrow = layoutHeat(two, ["eu", "us"].flatMap((region) => days("2026-01-01", 40).map((date) => `${date}|${region}`)), 342);
    expect(narrow.rowTops.length).toBeGreaterThan(2);
    expect(narrow.at.size).toBe(80);
    expect(narrow.rows[39]).toBeLessThan(narrow.rows[0]!);
  });
  it("windows of a cron expression stand in order", () => {
    expect([...layoutHeat({ kind: "cron" }, ["2026-01-05-06:00", "2026-01-06-06:00"], 1000).columns]).toEqual([0, 1]);
  });
  it("keys stand in order, and nothing is nothing", () => {
    expect([...layoutHeat({ kind: "keys" }, ["a", "b", "c"], 1000).columns]).toEqual([0, 1, 2]);
    expect(layoutHeat({ kind: "keys" }, [], 1000).height).toBe(0);
    expect(layoutHeat(daily, [], 1000).height).toBe(0);
  });
});

describe("pointing and moving", () => {
  const keys = days("2026-01-01", 60);
  const heat = layoutHeat(daily, keys, 1000);
  it("finds each cell at its own place and nothing beside them", () => {
    for (const index of keys.keys()) expect(hit(heat, cellX(heat, index) + 2, cellY(heat, index) + 2)).toBe(index);
    expect([hit(heat, 0, 0), hit(heat, 900, 30), hit(heat, cellX(heat, 0) + 2, 1e5)]).toEqual([-1, -1, -1]);
  });
  it("goes by keys: a day down, a week to the right, on where a row ends", () => {
    expect(move(heat, 4, "ArrowDown")).toBe(5);
    expect(move(heat, 4, "ArrowRight")).toBe(11);
    expect(move(heat, 0, "ArrowLeft")).toBe(0);
    expect(move(heat, 3, "ArrowDown")).toBe(3);
    expect([move(heat, 9, "Home"), move(heat, 9, "End")]).toEqual([0, 59]);
  });
});

describe("a selection", () => {
  const keys = days("2026-01-01", 10);
  it("is a stretch in either direction", () => {
    expect(indicesOf(daily, keys, { anchor: 5, head: 3 })).toEqual([3, 4, 5]);
    expect(indicesOf(daily, keys, null)).toEqual([]);
    expect(indicesOf(daily, keys, { anchor: 3, head: 40 })).toEqual([]);
  });
  it("is a rectangle with two dimensions", () => {
    expect(indicesOf(two, crossed, { anchor: 0, head: 4 }).map((i) => crossed[i])).toEqual(["2026-01-01|eu", "2026-01-02|eu", "2026-01-01|us", "2026-01-02|us"]);
  });
  it("is asked for as a range, one alone and a rectangle by its keys", () => {
    expect(choiceOf(daily, keys, [3, 4, 5])).toEqual({ from: "2026-01-04", to: "2026-01-06" });
    expect(choiceOf(daily, keys, [3])).toEqual(["2026-01-04"]);
    expect(choiceOf(daily, keys, [3, 5])).toEqual(["2026-01-04", "2026-01-06"]);
    expect(choiceOf(two, crossed, [0, 1])).toEqual(["2026-01-01|eu", "2026-01-02|eu"]);
  });
  it("stands in the address by its keys", () => {
    expect(spanOf(keys, "2026-01-02", "2026-01-04")).toEqual({ anchor: 1, head: 3 });
    expect(spanOf(keys, "2026-01-02", undefined)).toEqual({ anchor: 1, head: 1 });
    expect([spanOf(keys, undefined, undefined), spanOf(keys, "gone", "2026-01-02")]).toEqual([null, null]);
  });
  it("shows what is under way over how it stands", () => {
    expect(overlay("mf--m", "rqq--")).toBe("rqq-m");
    expect(overlay("mf", "")).toBe("mf");
    expect(overlay("mmmf-", "-r---", "ff-ff")).toBe("crmf-");
  });
  it("counts what it holds", () => {
    expect(countLetters("mmf--", [1, 2, 3])).toEqual({ m: 1, f: 1, "-": 1 });
    expect(countLetters("mmf")).toEqual({ m: 2, f: 1 });
  });
});
