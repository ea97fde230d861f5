import type { RunChanges, StepCounts } from "../../src/api/types.ts";
import { random, type FakeRun, type FakeStep, type World } from "./world.ts";

const esc = "\u001b[";

export function logOf(key: string, kind: string, failing: string | null): string[] {
  const stamp = (i: number) => `${esc}2m02:00:${String(10 + Math.floor(i / 4)).padStart(2, "0")}${esc}0m`;
  const lines = [`${stamp(0)}  Running with dbt=1.11.2`, `${stamp(1)}  Registered adapter: duckdb=1.10.0`, `${stamp(2)}  Found 8 models, 1 seed, 12 data tests`];
  for (let i = 0; i < 60; i++) lines.push(`${stamp(i)}  ${kind === "dbt" ? `${i + 1} of 60 OK created sql incremental model ${key} ${esc}32m[OK in 0.0${i % 9}s]${esc}0m` : `${esc}34mINFO${esc}0m  batch ${i + 1}/60 loaded, ${1000 + i * 37} rows`}`);
  if (failing) {
    lines.push(`${stamp(60)}  ${esc}33mFinished running 1 incremental model, 3 data tests in 0.71 seconds${esc}0m`, "", `${stamp(61)}  ${esc}31mCompleted with 1 error${esc}0m`, "",
      `${stamp(62)}  ${esc}31mFailure in test ${failing} (models/silver/schema.yml)${esc}0m`, `${stamp(62)}    Got 12 results, configured to fail if != 0`, "",
      `${stamp(63)}    compiled code at target/compiled/shop/models/silver/schema.yml/${failing}.sql`, "", `${stamp(64)}  Done. PASS=2 WARN=0 ERROR=1 SKIP=0 TOTAL=3`);
  } else lines.push(`${stamp(60)}  ${esc}32mDone.${esc}0m`);
  return lines;
}

export function makeRun(world: World, keys: string[], extra: Partial<FakeRun>): FakeRun {
  const wanted = new Set(keys.filter((key) => !world.byKey.get(key)?.external));
  const steps = world.assets.filter((asset) => wanted.has(asset.key)).map((asset, index): FakeStep => {
    const bad = world.failing.has(asset.key);
    const check = bad ? (asset.checks.at(-1) ?? null) : null;
    return {
      index, key: asset.key, status: "pending", deps: asset.deps.filter((dep) => wanted.has(dep)), started: null, ended: null, attempts: 0,
      ms: 900 + random() * 3500, reason: null, detail: null, roots: [], check, log: () => logOf(asset.key, asset.kinds[0] ?? "", bad ? (check ?? "exit_code") : null),
    };
  });
  const run: FakeRun = {
    id: String(world.runs.length + 1), status: "queued", select: "*", kind: "api", name: null, job: null, created: Date.now(), started: null, ended: null, steps,
    retry_of: null, retried_by: [], actor: "anonymous", ...extra,
  };
  world.runs.push(run);
  return run;
}

export const countsOf = (run: FakeRun) => {
  const counts: StepCounts = { pending: 0, ready: 0, starting: 0, running: 0, waiting_retry: 0, succeeded: 0, failed: 0, skipped: 0, canceled: 0 };
  for (const step of run.steps) counts[step.status]!++;
  return counts;
};

/** Moves every live run to `now`; at most `slots` steps run at once. */
export function advance(world: World, now: number, emit: (type: string, subject: object, changes: object) => void) {
  for (const run of world.runs) {
    if (run.ended !== null) continue;
    if (run.status === "queued") {
      run.status = "running";
      run.started = now;
      emit("run_changed", { run_id: run.id }, { status: "running", from: "queued" });
    }
    const byKey = new Map(run.steps.map((step) => [step.key, step]));
    const slots = { free: (run.steps.length > 1000 ? 1000 : run.steps.length > 50 ? 40 : 2) - run.steps.filter((step) => step.status === "running").length };
    for (const step of run.steps) if (step.ended === null) moveStep(world, run, step, byKey, slots, now, emit);
    if (run.steps.every((step) => ["succeeded", "failed", "skipped", "canceled"].includes(step.status))) {
      const from = run.status;
      run.ended = now;
      run.status = from === "canceling" ? "canceled" : run.steps.some((step) => step.status === "failed") ? "failed" : "succeeded";
      emit("run_changed", { run_id: run.id }, { status: run.status, from, counts: countsOf(run) });
    }
  }
}

function moveStep(world: World, run: FakeRun, step: FakeStep, byKey: Map<string, FakeStep>, slots: { free: number }, now: number, emit: (type: string, subject: object, changes: object) => void) {
  const set = (status: FakeStep["status"]) => {
    const from = step.status;
    step.status = status;
    const asset = world.byKey.get(step.key)!;
    if (status === "running") asset.status = "materializing";
    if (status === "succeeded" || status === "failed" || status === "skipped") {
      asset.status = status === "succeeded" ? "materialized" : status;
      asset.run = run.id;
      asset.roots = step.roots;
      asset.failedCheck = status === "failed" ? step.check : null;
      if (status !== "skipped") asset.history.unshift({ run_id: run.id, status, at: now, ms: now - (step.started ?? now), metadata: metadataOf(step.key) });
      if (status === "succeeded") Object.assign(asset, { at: now, stale: false, metadata: metadataOf(step.key) });
    }
    emit("step_changed", { run_id: run.id, key: step.key, partition: null }, { status, from, reason: step.reason });
    emit("asset_changed", { key: step.key }, { status: asset.status });
  };
  const parents = step.deps.map((dep) => byKey.get(dep)!);
  if (step.status === "pending") {
    const bad = parents.filter((p) => p.status === "failed" || p.status === "skipped");
    if (run.status === "canceling") return set("canceled");
    if (bad.length > 0) {
      step.roots = [...new Set(bad.flatMap((p) => (p.status === "failed" ? [p.key] : p.roots)))];
      step.reason = "upstream_failed";
      step.detail = `${step.roots.join(", ")} failed`;
      step.ended = now;
      return set("skipped");
    }
    if (parents.every((p) => p.status === "succeeded")) set("ready");
  }
  if (step.status === "ready") {
    if (run.status === "canceling") return set("canceled");
    if (slots.free > 0) {
      slots.free--;
      step.started = now;
      step.attempts = 1;
      set("running");
    }
  } else if (step.status === "running" && (now - step.started! >= step.ms || run.status === "canceling")) {
    step.ended = now;
    if (run.status === "canceling") return set("canceled");
    if (!world.failing.has(step.key)) return set("succeeded");
    step.reason = step.check ? "check_failed" : "exit_code";
    step.detail = step.check ? `${step.check}: 12 rows above the bound of 1,000,000` : "python exited with code 1: KeyError: 'churned'";
    set("failed");
  }
}

export function metadataOf(key: string): Record<string, unknown> {
  if (key.includes("model")) return { accuracy: 0.81 + random() * 0.08, auc: 0.86 + random() * 0.05, rows: 4000 + Math.round(random() * 400), artifact: { type: "path", raw_value: `artifacts/${key}/model.joblib` }, sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" };
  return { row_count: 80_000 + Math.round(random() * 9_000), execution_time: { type: "float", raw_value: 0.3 + random() * 0.4 }, relation: `analytics.${key.replaceAll("/", ".")}`, compiled_sql: `with source as (\n  select * from raw.events\n  where type = 'charge.succeeded'\n)\nselect\n  payload ->> '$.id' as charge_id,\n  cast(payload ->> '$.amount' as bigint) / 100 as amount_usd -- cents\nfrom source` };
}

/** Against the last run before it in which that step succeeded. */
export function changes(world: World, run: FakeRun, step: string): RunChanges {
  const before = world.runs.findLast((one) => Number(one.id) < Number(run.id) && one.steps.some((each) => each.key === step && each.status === "succeeded"));
  return {
    run_id: run.id, step, partition: null, since: before ? { run_id: before.id, at: new Date(before.ended ?? before.created).toISOString() } : null,
    items: before ? [{ kind: "package", name: "duckdb", detail: "duckdb 1.9.2 → 1.10.0", from: "1.9.2", to: "1.10.0", numbers: [] }] : [],
  };
}
