import { expect, test } from "vitest";
import { choices, comparedWith, outcome, signs } from "./versions";

const list = (...versions: string[]) => versions.map((version) => ({ version }));

test("a version is compared with the next older of the list, which need not be the number before", () => {
  expect(comparedWith(list("9", "7", "4"), "9", undefined, false)).toEqual({ kind: "version", version: "7" });
  expect(comparedWith(list("9", "7", "4"), "7", undefined, true)).toEqual({ kind: "version", version: "4" });
});

test("what somebody chose comes before that, also where the list does not reach it", () => {
  expect(comparedWith(list("3", "2", "1"), "3", "1", false)).toEqual({ kind: "version", version: "1" });
  expect(comparedWith([], "3", "1", false)).toEqual({ kind: "version", version: "1" });
  expect(comparedWith(list("3", "2"), "1", "3", false)).toEqual({ kind: "version", version: "3" });
});

test("nobody compares a version with itself", () => {
  expect(comparedWith(list("3", "2"), "3", "3", false)).toEqual({ kind: "version", version: "2" });
});

test("the first version has nothing before it, and an old one whose elder is gone is another matter", () => {
  expect(comparedWith(list("2", "1"), "1", undefined, false)).toEqual({ kind: "first" });
  expect(comparedWith(list("9", "7"), "7", undefined, false)).toEqual({ kind: "forgotten" });
  expect(comparedWith(list("9", "7"), "3", undefined, false)).toEqual({ kind: "unknown" });
  expect(comparedWith(list("9", "7"), "1", undefined, false)).toEqual({ kind: "unknown" });
});

test("older pages are asked for only while they may have the answer", () => {
  expect(comparedWith(list("90", "89"), "89", undefined, true)).toEqual({ kind: "ask" });
  expect(comparedWith(list("90", "89"), "12", undefined, true)).toEqual({ kind: "ask" });
  expect(comparedWith(list("90", "88"), "89", undefined, true)).toEqual({ kind: "unknown" });
  expect(comparedWith(list("90", "88"), "100", undefined, true)).toEqual({ kind: "unknown" });
  expect(comparedWith(list("90", "88"), "no number", undefined, true)).toEqual({ kind: "unknown" });
});

test("a version can be compared with all others and with what was chosen", () => {
  expect(choices(list("3", "2", "1"), "2", "1")).toEqual(list("3", "1"));
  expect(choices(list("90", "89"), "90", "12")).toEqual(list("89", "12"));
  expect(choices(list("3"), "3", undefined)).toEqual([]);
});

test("what changed, in signs and in words", () => {
  expect(signs({ added: 1, changed: 2, removed: 0 })).toBe("+1 ~2 −0");
  expect(signs({ added: 1200, changed: 0, removed: 3 })).toBe("+1,200 ~0 −3");
  expect(outcome({ added: 1, changed: 2, removed: 0 })).toBe("1 added, 2 changed");
  expect(outcome({ added: 0, changed: 0, removed: 4, renamed: 1 })).toBe("4 removed, 1 renamed");
  expect(outcome({ added: 0, changed: 0, removed: 0 })).toBe("nothing changed");
  expect(signs({ added: 0, changed: 0, removed: 0, others: 1 })).toBe("1 other");
  expect(signs({ added: 0, changed: 2, removed: 0, others: 3 })).toBe("+0 ~2 −0, 3 others");
  expect(outcome({ added: 0, changed: 0, removed: 0, others: 3 })).toBe("3 others than assets");
});
