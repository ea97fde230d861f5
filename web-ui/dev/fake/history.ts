import { advance, makeRun } from "./runs.ts";
import { select } from "./select.ts";
import { generated, layout, random, shop, type World } from "./world.ts";

/** size: number of assets ("shop" for the example); state: "fine", "bad" (one check fails) or "everything" (all sources fail). */
export function makeWorld(size: string, state: string): World {
  const assets = size === "shop" ? shop() : generated(Number(size));
  const world: World = {
    assets, byKey: new Map(assets.map((asset) => [asset.key, asset])), runs: [], seq: 100, version: 3, paused: null, pauses: new Map(), events: new Set(), audit: [], failing: new Set(), broken: state === "everything", access: state === "token" ? "token" : "open",
  };
  if (state === "new" || assets.length === 0) return world;
  const day = 86_400_000;
  const now = Date.now();
  const long = assets.length > 100;
  for (let i = long ? 2 : 16; i > 0; i--) {
    world.failing = new Set(i === 6 && !long ? ["raw_events"] : []);
    past(world, now - i * day + random() * 60_000, { kind: "schedule", name: "nightly", job: "nightly", actor: "schedule", select: "+customer_churn_model" }, select(world, "*").map((a) => a.key));
  }
  if (state === "bad") world.failing = new Set(long ? assets.filter((_, i) => i % 97 === 11).map((a) => a.key) : ["stg_stripe__charges"]);
  if (state === "everything") world.failing = new Set(assets.filter((asset) => asset.deps.every((dep) => world.byKey.get(dep)?.external)).map((a) => a.key));
  past(world, now - 2_400_000, { kind: "api", actor: "ana", select: "*" }, assets.map((a) => a.key));
  if (!long && state === "bad") past(world, now - 1_500_000, { kind: "api", actor: "ana", select: "event_counts" }, ["event_counts"]);
  world.assets.forEach((asset, i) => {
    if (i % 11 === 9 && asset.status === "materialized") asset.stale = true;
  });
  for (const run of world.runs) {
    world.audit.unshift({ id: run.id, at: new Date(run.created).toISOString(), actor: run.actor, remote: "127.0.0.1", action: "run.create", subject: { run_id: run.id }, detail: { select: run.select, steps: run.steps.length } });
  }
  return world;
}

function past(world: World, from: number, extra: Parameters<typeof makeRun>[2], keys: string[]) {
  const run = makeRun(world, keys, { ...extra, created: from });
  const step = run.steps.length > 100 ? 2000 : 100;
  for (let at = from; run.ended === null; at += step) advance(world, at, () => undefined);
}

export { layout };
