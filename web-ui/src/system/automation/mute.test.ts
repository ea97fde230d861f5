import { describe, expect, it } from "vitest";
import { firstMade, leavesOut } from "./mute";

const noon = "2026-11-27T12:00:00Z";
const ticks = ["2026-11-27T11:00:00Z", noon, "2026-11-27T13:00:00Z"];

describe("leavesOut", () => {
  it.each([
    ["no mute", null, 0, false], ["one without an end", { until: null }, 8e15, true], ["before its end", { until: noon }, Date.parse(noon) - 1, true],
    ["at its end", { until: noon }, Date.parse(noon), false],
  ])("%s", (_, mute, at, expected) => expect(leavesOut(mute, at)).toBe(expected));
});

describe("firstMade", () => {
  it.each([
    ["not muted: the first", null, ticks[0]], ["muted for good: none", { until: null }, undefined], ["muted until noon: the tick at noon", { until: noon }, noon],
    ["muted beyond what is shown: none", { until: "2026-11-28T00:00:00Z" }, undefined],
  ])("%s", (_, mute, expected) => expect(firstMade(mute, ticks)).toBe(expected));
});
