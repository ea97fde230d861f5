import { expect, test } from "vitest";
import type { Cause, Step, StepCheck } from "@/api/types";
import { checksWithLog, shownCheck } from "./stepOf";

const check = (name: string, own_process: boolean): StepCheck => ({ name, status: "failed", severity: "error", blocking: false, detail: null, at: "", metadata: {}, own_process });
const step = { key: "z", partition: null, checks: [check("soft", true), check("told", false), check("soft", true)] } satisfies Pick<Step, "key" | "partition" | "checks">;
const cause = (more: Partial<Cause>): Cause => ({ key: "z", partition: null, status: "materialized", reason: "check_failed", check: "soft", detail: null, attempt: 0, skipped: 0, own_process: true, ...more });

test("only checks with a process of their own have a log", () => {
  expect(checksWithLog(step)).toEqual(["soft"]);
  expect(shownCheck(step, { step: "z", check: "told" }, [])).toBeUndefined();
});

test("a run opens on what the failing check printed", () => {
  expect(shownCheck(step, {}, [cause({})])).toBe("soft");
  expect(shownCheck(step, {}, [cause({ own_process: false })])).toBeUndefined();
  expect(shownCheck(step, {}, [cause({ key: "other" })])).toBeUndefined();
});

test("the address decides: a step without a check is its own output", () => {
  expect(shownCheck(step, { step: "z" }, [cause({})])).toBeUndefined();
  expect(shownCheck(step, { step: "z", check: "soft" }, [])).toBe("soft");
});
