import { expect, test } from "vitest";
import { namedRuns, waitText } from "./waiting";

const at = Date.parse("2026-11-27T13:00:00Z");
const pool = { what: "pool gpu", detail: "2 of 2 slots held by run 41, step train", since: "2026-11-27T12:48:00Z" };

test("what is waited for, since when, and what is in the way", () => {
  expect(waitText(pool, at)).toBe("pool gpu, for 12 m 00 s now: 2 of 2 slots held by run 41, step train");
});

test("a clock that runs behind the daemon's makes no negative time", () => {
  expect(waitText({ ...pool, since: "2026-11-27T13:00:02Z" }, at)).toContain("for 0 s now");
});

test("without a beginning none is said", () => {
  expect(waitText({ ...pool, since: null }, at)).toBe("pool gpu: 2 of 2 slots held by run 41, step train");
});

test("runs that a text names are told from it, with their step", () => {
  expect(namedRuns("2 of 2 slots held by run 41, step bronze/train, for 3 s; run 7 is ahead")).toEqual([
    { text: "2 of 2 slots held by " }, { text: "run 41, step bronze/train", run: "41", step: "bronze/train" }, { text: ", for 3 s; " }, { text: "run 7", run: "7", step: undefined }, { text: " is ahead" },
  ]);
  expect(namedRuns("nothing is named")).toEqual([{ text: "nothing is named" }]);
});
