import { expect, test } from "vitest";
import { toWaive, waivedText, waiverIn } from "./waivers";

const result = (status: string, partition: string | null, run_id: string | null, severity = "error") => ({ check: "unique", status, partition, run_id, severity });
const forAll = { check: "unique", partition: null };
const forX = { check: "unique", partition: "x" };

test("a waiver of one partition is none of another, and its own goes before the one for all", () => {
  expect(waiverIn([forX], "unique", "x")).toBe(forX);
  expect(waiverIn([forX], "unique", "y")).toBeUndefined();
  expect(waiverIn([forAll, forX], "unique", "x")).toBe(forX);
  expect(waiverIn([forAll, forX], "unique", "y")).toBe(forAll);
  expect(waiverIn([forAll], "rows", "x")).toBeUndefined();
});

test("a failure that names no partition needs a waiver for all", () => {
  expect(waiverIn([forX], "unique", null)).toBeUndefined();
  expect(waiverIn([forX, forAll], "unique", null)).toBe(forAll);
});

test("what is offered is a failure that nobody has let pass: that of the next partition once one is waived", () => {
  const results = [result("failed", "x", "9"), result("error", "y", "8"), result("failed", "z", "7", "warn"), result("passed", "w", "6"), result("failed", "w", "5")];
  expect(toWaive(results, [])).toBe(results[0]);
  expect(toWaive(results, [forX])).toBe(results[1]);
  expect(toWaive(results, [forX, { check: "unique", partition: "y" }])).toBeUndefined();
  expect(toWaive(results, [forAll])).toBeUndefined();
});

test("of what no run reported nothing can be waived", () => {
  expect(toWaive([result("failed", null, null)], [])).toBeUndefined();
});

test("it says where", () => {
  expect(waivedText(forAll)).toBe("unique");
  expect(waivedText(forX)).toBe("unique in x");
});
