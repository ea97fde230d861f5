import type { Asset, AssetDetail, Attempt, Run, Step } from "../../src/api/types.ts";
import { freshnessOf, lastReport } from "./reports.ts";
import { countsOf } from "./runs.ts";
import type { FakeAsset, FakeRun, FakeStep, World } from "./world.ts";

function iso(ms: number): string;
function iso(ms: number | null): string | null;
function iso(ms: number | null) {
  return ms === null ? null : new Date(ms).toISOString();
}

export function assetShape(world: World, asset: FakeAsset): Asset {
  const last = asset.history[0];
  const ended = asset.status === "failed" || asset.status === "skipped" ? asset.status : "succeeded";
  const cause = (key: string) => ({ key, partition: null, status: "failed", reason: world.byKey.get(key)?.failedCheck ? "check_failed" : "exit_code", check: world.byKey.get(key)?.failedCheck ?? null });
  return {
    key: asset.key, external: asset.external, group: asset.group, kinds: asset.kinds, owners: asset.owners, tags: { layer: asset.group }, description: asset.description,
    deps: asset.deps, import: asset.kinds.includes("dbt") ? "shop" : null, runbook: null, source: { file: asset.kinds.includes("dbt") ? `dbt/models/${asset.group}/${asset.key}.sql` : "assetd.yaml", line: 12, column: 3 },
    status: asset.status, in_progress: asset.status === "materializing" ? { run_id: world.runs.at(-1)?.id ?? "1", since: iso(Date.now() - 3000) } : null,
    last_attempt: asset.run ? {
      run_id: asset.run, status: ended, reason: asset.status === "failed" ? (asset.failedCheck ? "check_failed" : "exit_code") : asset.status === "skipped" ? "upstream_failed" : null,
      detail: asset.status === "failed" ? (asset.failedCheck ? `${asset.failedCheck}: 12 rows above the bound of 1,000,000` : "python exited with code 1") : null, at: iso(last?.at ?? asset.at ?? Date.now()), root_causes: asset.status === "skipped" ? asset.roots.map(cause) : [],
    } : lastReport(asset),
    last_materialization: asset.at ? { run_id: asset.run, at: iso(asset.at), metadata: asset.metadata } : null,
    stale: { is: asset.stale, because: asset.stale ? [{ key: asset.deps[0] ?? asset.key, reason: "newer_data", detail: `${asset.deps[0]} was materialized later`, run_id: asset.run, at: iso(asset.at) }] : [] },
    freshness: freshnessOf(asset),
    partitions: null,
    checks: { passed: asset.at ? asset.checks.length - (asset.failedCheck ? 1 : 0) : 0, failed: asset.failedCheck ? 1 : 0, warned: 0 },
    waivers: [], waived_upstream: [], acknowledged: null,
  };
}

export function assetDetail(world: World, asset: FakeAsset): AssetDetail {
  const downstream = world.assets.filter((other) => other.deps.includes(asset.key));
  return {
    ...assetShape(world, asset), downstream: downstream.map((a) => a.key), code_version: "3", data_version: asset.at ? `r${asset.at}` : null, provenance: null, skip_if_unchanged: false, metadata: {}, jobs: ["nightly"], pools: { default: 1 }, uses: asset.kinds.includes("dbt") ? { warehouse: "write" } : {},
    neighbours: [
      ...asset.deps.filter((dep) => world.byKey.has(dep)).map((key) => ({ key, relation: "upstream" as const, status: world.byKey.get(key)!.status })),
      ...downstream.map((a) => ({ key: a.key, relation: "downstream" as const, status: a.status })),
    ],
    run: { plugin: asset.kinds.includes("dbt") ? "dbt" : "exec", command: ["python", "train.py"], timeout_ms: 600000 }, retries: { max: 2, delay_ms: 10000 },
    check_definitions: asset.checks.map((name) => ({ name, home: asset.key, depends_on: [asset.key], severity: "error", blocking: true, description: null })),
    definition_yaml: `- key: ${asset.key}\n  description: ${asset.description}\n  deps: [${asset.deps.join(", ")}]\n  group: ${asset.group}\n  run:\n    plugin: exec\n    command: [python, train.py]\n  retries: {max: 2, delay: 10s}\n`,
  };
}

const attempt = (step: FakeStep): Attempt => ({
  number: 1, id: "0".repeat(32), status: step.status === "succeeded" || step.status === "failed" || step.status === "canceled" ? step.status : "running", reason: step.reason, detail: step.detail,
  intended_at: iso(step.started), started_at: iso(step.started), ended_at: iso(step.ended), exit_code: step.ended ? (step.status === "failed" ? 1 : 0) : null, signal: null, batch: [step.key], usage: { user_ms: 800, system_ms: 90, max_rss_kb: 90_000 },
});

export function stepShape(world: World, step: FakeStep): Step {
  return {
    index: step.index, key: step.key, partition: null, status: step.status, deps: step.deps, attempts: step.attempts > 0 ? [attempt(step)] : [], started_at: iso(step.started), ended_at: iso(step.ended),
    reason: step.reason, detail: step.detail, root_causes: step.roots.map((key) => ({ key, partition: null, status: "failed", reason: "check_failed", check: null })),
    blocked_by: step.status === "ready" ? [{ kind: "pool", what: "pool default", detail: "2 of 2 slots held", since: iso(Date.now() - 4000) }] : [],
    checks: (step.ended === null ? [] : world.byKey.get(step.key)?.checks ?? []).map((name) => ({ name, status: name === step.check ? "failed" : "passed", severity: "error", blocking: true, detail: null, at: iso(step.ended ?? 0), metadata: {} })),
    progress: null, warm: false,
  };
}

export function runShape(run: FakeRun): Run {
  const counts = countsOf(run);
  const failed = run.steps.filter((step) => step.status === "failed");
  return {
    id: run.id, status: run.status, select: run.select, trigger: { kind: run.kind, name: run.name, instant: null }, actor: run.actor, job: run.job, tags: {}, priority: 0, options: {}, partitions: null, backfill: null, definitions_version: "3",
    retry_of: run.retry_of, retried_by: run.retried_by, created_at: iso(run.created), started_at: iso(run.started), ended_at: iso(run.ended), duration_ms: run.ended && run.started ? run.ended - run.started : null, usual_ms: 12_400,
    steps_total: run.steps.length, counts, reason: run.status === "failed" ? "steps_failed" : null,
    detail: run.status === "failed" ? `${failed.length} of ${run.steps.length} steps failed, ${counts.skipped} were skipped` : null,
    causes: failed.slice(0, 50).map((step) => ({ key: step.key, partition: null, status: "failed", reason: step.reason ?? "", check: step.check, detail: step.detail, attempt: 1, skipped: run.steps.filter((s) => s.roots.includes(step.key)).length })),
    steps_mode: "all", cancel_requested: null, max_steps: null, blocked_by: [],
  };
}
