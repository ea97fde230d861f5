import type { Forecast, ForecastStep, Impact } from "../../src/api/types.ts";
import type { FakeAsset, World } from "./world.ts";

const iso = (at: number) => new Date(at).toISOString();

/** What is made from an asset, however far below. */
function below(world: World, asset: FakeAsset): FakeAsset[] {
  const found = new Set([asset.key]);
  for (const one of world.assets) if (one.deps.some((dep) => found.has(dep))) found.add(one.key);
  return world.assets.filter((one) => one !== asset && found.has(one.key));
}

export function impact(world: World, asset: FakeAsset): Impact {
  const all = below(world, asset);
  const ends = all.filter((one) => !world.assets.some((other) => other.deps.includes(one.key)));
  const listed = (assets: FakeAsset[]) => ({ total: assets.length, keys: assets.slice(0, 50).map((one) => one.key) });
  return { key: asset.key, downstream: listed(all), sinks: listed(ends), owners: [...new Set([asset, ...all].flatMap((one) => one.owners))], exposures: [], next_deadline: null, deadlines: [] };
}

/** The nightly run of tomorrow, one step after the other: enough to look at. */
export function forecast(world: World, chosen: FakeAsset[]): Forecast {
  const now = Date.now();
  const at = new Date(now);
  at.setUTCHours(26, 0, 0, 0);
  const wanted = new Set(chosen.map((asset) => asset.key));
  const steps = world.assets.filter((asset) => !asset.external && wanted.has(asset.key)).slice(0, 200).map((asset, i): ForecastStep => {
    const start = at.getTime() + i * 240_000;
    return { key: asset.key, partition: null, status: "succeeded", ready_at: iso(Math.max(at.getTime(), start - 60_000)), started_at: iso(start), ended_at: iso(start + 200_000), slow_ended_at: iso(start + 420_000), waited_ms: i > 0 ? 60_000 : 0, waited_for: i > 0 ? [{ kind: "pool", what: "pool default" }] : [], critical: i % 2 === 0 };
  });
  const runs: Forecast["runs"] = steps.length === 0 ? [] : [{
    run_id: null, trigger: { kind: "schedule", name: "nightly", instant: at.toISOString() }, select: "+customer_churn_model", job: "nightly", status: "succeeded", reason: null, detail: null, created_at: at.toISOString(), started_at: at.toISOString(),
    ended_at: steps.at(-1)!.ended_at, slow_ended_at: steps.at(-1)!.slow_ended_at, steps_total: steps.length, checks_only: false, critical_path: steps.filter((step) => step.critical).map((step) => step.key), steps,
  }];
  return {
    at: iso(now), until: iso(now + 86_400_000), stopped_at: null, truncated: false, definitions_version: "3", runs, runs_total: runs.length, steps_total: steps.length, steps_listed: steps.length, violations: [], violations_total: 0, missed_ticks: [],
    pools: [{ name: "default", slots: 2, slots_in_force: 2, used: 0, slices: Array.from({ length: 48 }, (_, i) => (i % 12 === 5 ? 0.8 : 0)), waited_ms: 60_000, steps_waited: 1 }],
    what_if: { pools: {}, speed: {} }, durations: { history: steps.length, group: 0, project: 0, nothing: 0 }, assumptions: ["nothing fails"], as_of: world.seq,
  };
}
