import { describe, expect, it } from "vitest";
import { levelName, levelOf } from "./level";

const of = (line: string) => levelName(levelOf(line, -1)) ?? "none";

describe("levelOf", () => {
  it.each([
    ["2026-11-22 22:36:13,101 WARNING urllib3: retrying", "warning"],
    ["[ERROR] cannot open data.csv", "error"],
    ["22:36:14  9 of 33 FAIL 5 between_amount_usd ................ [FAIL 5 in 0.03s]", "error"],
    ["INFO:root:loaded 12 rows", "info"],
    ["DEBUG | app:run:12 - tick", "debug"],
  ])("reads the word that a logger writes: %s", (line, level) => expect(of(line)).toBe(level));
  it.each([
    ['{"info": {"level": "error", "msg": "boom"}}', "error"],
    ['{"ts": 1, "severity": "WARNING", "message": "slow"}', "warning"],
    ['{"level":30,"msg":"pino says warning at 40"}', "warning"],
    ["time=2026-11-22T22:36:13Z level=debug msg=tick", "debug"],
  ])("reads a field: %s", (line, level) => expect(of(line)).toBe(level));
  it.each([
    ["main.c:3:1: warning: unused variable", "warning"],
    ["error: no such file", "error"],
    ["Traceback (most recent call last):", "error"],
    ["duckdb.duckdb.ConstraintException: key is not unique", "error"],
  ])("reads a label or a raised exception: %s", (line, level) => expect(of(line)).toBe(level));
  it.each(["loaded 12 rows without error", "the information is complete", "no level here", ""])("says nothing of: %s", (line) => expect(of(line)).toBe("none"));
  it("lets an indented line go on with the line above", () => {
    expect(levelOf("  File \"train.py\", line 3, in <module>", 3)).toBe(3);
    expect(levelOf("  indented under nothing", -1)).toBe(-1);
    expect(levelOf("plain again", 3)).toBe(-1);
  });
});
