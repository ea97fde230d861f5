import { describe, expect, it } from "vitest";
import { formatAgo, formatCountdown, formatDuration, formatInZone, formatTime, localTimes, niceTimeStep } from "./format";

describe("formatDuration", () => {
  it.each([
    [0, "0 ms"], [840, "840 ms"], [4_200, "4.2 s"], [59_949, "59.9 s"], [59_990, "1 m 00 s"], [65_000, "1 m 05 s"],
    [3_599_600, "1 h 00 m"], [7_800_000, "2 h 10 m"], [273_600_000, "3 d 4 h"], [null, "–"], [-1, "–"],
  ])("%s ms is %s", (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe("formatAgo", () => {
  it.each([[0, "just now"], [42_000, "42 s ago"], [300_000, "5 min ago"], [-240_000, "in 4 min"], [90_000_000, "25 h ago"], [180_000_000, "2 d ago"]])(
    "%s ms back is %s", (back, text) => expect(formatAgo(1_000_000_000_000 - back, 1_000_000_000_000)).toBe(text));
});

it("counts down in minutes and seconds, then in hours", () => {
  expect(formatCountdown(41_500)).toBe("00:42");
  expect(formatCountdown(0)).toBe("now");
  expect(formatCountdown(11_400_000)).toBe("3 h 10 m");
});

it("shows an instant in the schedule's zone and survives an unknown one", () => {
  const at = Date.UTC(2026, 6, 1, 1, 0);
  expect(formatInZone(at, "Europe/London")).toContain("02:00");
  expect(formatInZone(at, "Mars/Olympus")).toContain("01:00");
});

it("chooses round axis steps", () => {
  expect(niceTimeStep(10_000, 8)).toBe(2_000);
  expect(niceTimeStep(3_600_000, 6)).toBe(600_000);
});

it("puts local times in the place of the daemon's instants", () => {
  const at = "2026-11-22T22:36:47.111Z";
  expect(localTimes(`made later, at ${at} and again`)).toBe(`made later, at ${formatTime(Date.parse(at))} and again`);
  expect(localTimes("no instant 2026-11-22 here")).toBe("no instant 2026-11-22 here");
});
