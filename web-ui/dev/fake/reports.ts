import type { Asset, EventItem, Reported } from "../../src/api/types.ts";
import type { FakeAsset, World } from "./world.ts";

const iso = (at: number) => new Date(at).toISOString();
const day = 86_400_000;

/** As POST /assets/{key}/materializations: the asset is made anew by no run, and what is below is stale. */
export function report(world: World, asset: FakeAsset, body: Record<string, unknown>, emit: (type: string, subject: object, changes: object) => void): Reported {
  const at = Date.now();
  const metadata = (body.metadata ?? {}) as Record<string, unknown>;
  const told = { at, by: "ana", reason: String(body.reason), metadata };
  asset.reports.unshift(told);
  asset.history.unshift({ run_id: null, status: "succeeded", at, ms: 0, metadata });
  Object.assign(asset, { status: "materialized", stale: false, at, run: null, metadata, failedCheck: null, roots: [] });
  for (const below of world.assets) if (below.deps.includes(asset.key) && below.at) below.stale = true;
  emit("materialization", { run_id: null, key: asset.key, partition: null }, { metadata, reported_by: told.by, reason: told.reason });
  emit("asset_changed", { key: asset.key }, { status: asset.status });
  return { key: asset.key, partition: null, at: iso(at), metadata, data_version: String(body.data_version ?? `r${at}`) };
}

/** What stands for the last attempt; external assets have none. */
export function lastReport({ external, reports: [last] }: FakeAsset): Asset["last_attempt"] {
  return external || !last ? null : { run_id: null, status: "succeeded", reason: "reported", detail: `reported by ${last.by}: ${last.reason}`, at: iso(last.at), root_causes: [] };
}

const dated = (asset: FakeAsset) => asset.key === "daily_revenue" && asset.at !== null;
export const freshnessOf = (asset: FakeAsset): Asset["freshness"] => (dated(asset) ? { status: "fresh", within_ms: day, deadline: iso(asset.at! + day) } : { status: "none", within_ms: null, deadline: null });

/** Newest first, as the pages ask for them: what was reported, and every second day a few hours too old. */
export function assetEvents(asset: FakeAsset, types: string[]): EventItem[] {
  const event = (type: string, at: number, changes: Record<string, unknown>) => ({ id: `${type}${at}`, type, at: iso(at), subject: { key: asset.key }, changes });
  const told = asset.reports.map(({ at, by, reason, metadata }) => event("materialization", at, { metadata, reported_by: by, reason }));
  const turns = dated(asset) ? [1, 3, 5, 7].flatMap((days) => {
    const fresh = asset.at! - days * day, violated = fresh - (days + 1) * 3_600_000;
    return [event("asset_changed", fresh, { freshness: "fresh", from: "violated" }), event("asset_changed", violated, { freshness: "violated", from: "warn", violated_at: iso(violated) })];
  }) : [];
  return [...told, ...turns].filter((one) => types.includes(one.type));
}
