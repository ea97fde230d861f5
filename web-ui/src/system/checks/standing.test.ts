import { expect, test } from "vitest";
import { newestOfEach, standing } from "./standing";

const told = (partition: string | null, status: string, id = `${partition}:${status}`) => ({ partition, status, id });

test("of an asset that is not divided the newest result says how a check stands", () => {
  expect(standing([told(null, "passed"), told(null, "failed")])?.status).toBe("passed");
  expect(standing([])).toBeUndefined();
});

test("a failure in one partition stands until the check passes there", () => {
  const failed = told("us", "failed");
  expect(standing([told("eu", "passed"), failed])).toBe(failed);
  expect(standing([told("us", "passed"), told("eu", "passed"), failed])?.status).toBe("passed");
  expect(standing([told("eu", "passed"), told("asia", "error"), failed])?.partition).toBe("asia");
});

test("a result that names no partition is about all, until one names its own", () => {
  const all = told(null, "failed");
  expect(standing([all, told("us", "passed")])).toBe(all);
  expect(standing([told("eu", "passed"), all, told("us", "failed")])?.status).toBe("passed");
  expect(newestOfEach([told("eu", "passed"), told("us", "passed", "new"), told("us", "failed")]).map((each) => each.id)).toEqual(["eu:passed", "new"]);
});
