import type { NeedsYou } from "@/api/types";

export const plural = (n: number, one: string) => `${n.toLocaleString("en")} ${one}${n === 1 ? "" : "s"}`;

/** "3 assets, none failed, 1 check failed": a check that held nothing up fails no asset, and yet not all is well. */
export function summary(counts: { assets: number; running_runs: number; failed_assets: number }, needs: NeedsYou[] = []) {
  const checks = needs.filter((item) => item.kind === "check_failed").length;
  const parts = [plural(counts.assets, "asset"), counts.failed_assets === 0 ? "none failed" : `${counts.failed_assets.toLocaleString("en")} failed`];
  if (checks > 0) parts.push(`${plural(checks, "check")} failed`);
  if (counts.running_runs > 0) parts.push(`${plural(counts.running_runs, "run")} running`);
  return parts.join(", ");
}
