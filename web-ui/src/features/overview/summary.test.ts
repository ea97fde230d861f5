import { expect, test } from "vitest";
import type { NeedsYou } from "@/api/types";
import { summary } from "./summary";

const need = (kind: NeedsYou["kind"]): NeedsYou => ({ kind, run_id: "1", key: "z", check: null, reason: null, detail: null, at: "2026-01-01T00:00:00Z", skipped: 0 });

test("a check that failed is told although no asset did", () => {
  const counts = { assets: 1200, running_runs: 0, failed_assets: 0 };
  expect(summary(counts)).toBe("1,200 assets, none failed");
  expect(summary(counts, [need("check_failed"), need("freshness_violated")])).toBe("1,200 assets, none failed, 1 check failed");
  expect(summary({ assets: 1, running_runs: 2, failed_assets: 1 }, [need("check_failed"), need("check_failed")])).toBe("1 asset, 1 failed, 2 checks failed, 2 runs running");
});
