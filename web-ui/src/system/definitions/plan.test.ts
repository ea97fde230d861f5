import { expect, it } from "vitest";
import { consequences, type PlannedEffects } from "./plan";

const none = { keys: [], total: 0 };
const plan: PlannedEffects = {
  stale: none,
  schedules_started: [], schedules_stopped: [], sensors_started: [], sensors_stopped: [], automation_started: none, automation_stopped: none, backfills: [], partitions: [],
};

it("says nothing where nothing follows", () => {
  expect(consequences(plan)).toEqual([]);
});

it("says what starts and stops by itself", () => {
  const found = consequences({ ...plan, schedules_stopped: ["nightly"], sensors_started: ["landing"], automation_started: { keys: ["a", "b"], total: 2 }, automation_stopped: { keys: ["c"], total: 1 } });
  expect(found).toEqual(["Schedule nightly no longer ticks.", "Sensor landing starts to look.", "2 assets are made by a condition from now on: a, b.", "1 asset is made by no condition any more: c."]);
});

it("says which backfills go on under other names, and which end", () => {
  const backfills: PlannedEffects["backfills"] = [{ id: "7", renamed: { a: "b" }, ends: null }, { id: "8", renamed: {}, ends: "c is divided otherwise now" }];
  expect(consequences({ ...plan, backfills })).toEqual(["Backfill 7 goes on with b (was a).", "Backfill 8 ends: c is divided otherwise now."]);
});

it("names the first ten of many, and why", () => {
  const keys = Array.from({ length: 12 }, (_, i) => `k${i}`);
  const [line] = consequences({ ...plan, stale: { keys, total: 1200, causes: { k0: "added" } } });
  expect(line).toBe("1,200 assets are to be computed anew: k0 (new), k1, k2, k3, k4, k5, k6, k7, k8, k9 and 1,190 more.");
});
