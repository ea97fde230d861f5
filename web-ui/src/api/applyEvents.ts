import type { QueryClient } from "@tanstack/react-query";
import type { Invalidator } from "./invalidator";
import { keys } from "./keys";
import { seen } from "./seen";
import type { AssetDetail, LiveEvent, Run, RunStatus, Step, StepStatus } from "./types";

const text = (value: unknown) => (typeof value === "string" ? value : undefined);
const subjectKeys = (event: LiveEvent): string[] =>
  Array.isArray(event.subject.keys) ? (event.subject.keys as string[]) : [text(event.subject.key)].filter((k) => k !== undefined);

/** Applies events in order: what they carry is patched into the cache, the rest is asked for again, narrowly and not too often. */
export function applyEvents(client: QueryClient, invalidator: Invalidator, events: LiveEvent[]) {
  const steps = new Map<string, LiveEvent[]>();
  for (const event of events) {
    if (event.type === "step_changed" || event.type === "progress") {
      const run = text(event.subject.run_id);
      if (run) steps.set(run, [...(steps.get(run) ?? []), event]);
    }
    apply(client, invalidator, event);
  }
  for (const [run, changes] of steps) patchSteps(client, run, changes);
}

function apply(client: QueryClient, invalidator: Invalidator, event: LiveEvent) {
  const run = text(event.subject.run_id);
  switch (event.type) {
    case "run_changed":
      if (run) patchRun(client, run, event);
      if (run) invalidator.mark(keys.run(run));
      for (const key of [keys.runs, keys.overview, keys.project, keys.queue, keys.pools, keys.automation, keys.backfills]) invalidator.mark(key);
      // A run that is made or canceled before its steps begin says so for all of them at once: which partitions it has is to be asked.
      invalidator.mark(keys.allPartitions);
      if (run && isTerminal(event.changes.status)) invalidator.mark(keys.steps(run), 0);
      break;
    case "step_changed":
      if (run) for (const key of [keys.steps(run), keys.run(run)]) invalidator.mark(key);
      // An asset that stays failed says nothing anew when another partition of it fails.
      if (text(event.subject.partition)) for (const key of subjectKeys(event)) invalidator.mark(keys.partitions(key));
      for (const key of [keys.queue, keys.pools, keys.automation]) invalidator.mark(key);
      break;
    case "asset_changed":
    case "materialization":
    case "check_result":
      seen.assetEvent = Math.max(seen.assetEvent, event.id);
      for (const key of subjectKeys(event)) assetChanged(client, invalidator, key, event);
      if (run && event.type === "check_result") invalidator.mark(keys.steps(run));
      invalidator.mark(keys.lineageStatus, 300);
      for (const key of [keys.assets, keys.overview, keys.project, keys.automation]) invalidator.mark(key);
      break;
    case "check_waived":
      // What is below shows it as well: all pages of assets and all runs that name the check.
      for (const key of [keys.assets, keys.allAssetPages, keys.overview, ["run"]]) invalidator.mark(key, 0);
      break;
    case "definitions_changed":
      for (const key of [
        keys.definitions, keys.definitionVersions, keys.lineage, keys.lineageStatus, keys.assets, keys.allAssetPages, keys.project, keys.schedules, keys.select,
        keys.plan, keys.overview, keys.jobs, keys.automation, keys.alertRules, keys.allPartitions, keys.triggers,
      ]) invalidator.mark(key, 0);
      break;
    case "pool_changed":
      for (const key of [keys.pools, keys.queue]) invalidator.mark(key, 0);
      break;
    case "automation_changed":
      // The project's answer carries the pause of all, which the banner on every page shows; the overview what comes next.
      for (const key of [keys.automation, keys.project, keys.overview, keys.triggers]) invalidator.mark(key, 0);
      break;
    case "backfill_changed":
      for (const key of [keys.backfills, keys.runs, keys.triggers]) invalidator.mark(key, 0);
      invalidator.mark(keys.allPartitions);
      break;
    case "partitions_changed":
      for (const key of [keys.partitionSets, keys.allAssetPages, keys.allPartitions, keys.plan]) invalidator.mark(key, 0);
      break;
    case "alert_changed":
      for (const key of [keys.alerts, keys.silences]) invalidator.mark(key);
      break;
    case "sensor_changed":
      for (const key of [keys.sensors, keys.triggers]) invalidator.mark(key);
      break;
    case "tick":
    case "schedule_changed":
      for (const key of [keys.schedules, keys.ticks(text(event.subject.schedule) ?? ""), keys.overview, keys.triggers]) invalidator.mark(key);
      break;
  }
  if (event.type !== "progress") invalidator.mark(keys.audit, 2_000);
}

const isTerminal = (status: unknown) => status === "succeeded" || status === "failed" || status === "canceled";

function patchRun(client: QueryClient, id: string, event: LiveEvent) {
  const status = text(event.changes.status) as RunStatus | undefined;
  client.setQueryData<Run>(keys.run(id), (run) => {
    if (!run) return run;
    const counts = event.changes.counts as Partial<Run["counts"]> | undefined;
    return { ...run, status: status ?? run.status, counts: { ...run.counts, ...counts } };
  });
}

function assetChanged(client: QueryClient, invalidator: Invalidator, key: string, event: LiveEvent) {
  const status = text(event.changes.status) as AssetDetail["status"] | undefined;
  invalidator.mark(keys.partitions(key));
  if (event.type === "asset_changed" && status) {
    client.setQueryData<AssetDetail>([...keys.asset(key), "item"], (asset) => asset && { ...asset, status });
  }
  invalidator.mark(keys.asset(key));
}

function patchSteps(client: QueryClient, run: string, events: LiveEvent[]) {
  client.setQueryData<Step[]>(keys.steps(run), (steps) => {
    if (!steps) return steps;
    const place = new Map(steps.map((step, index) => [`${step.key}\n${step.partition ?? ""}`, index]));
    const next = steps.slice();
    for (const event of events) {
      // One event may be about several steps: `partitions` then has that of each of its keys.
      const each = Array.isArray(event.subject.partitions) ? event.subject.partitions as unknown[] : [];
      subjectKeys(event).forEach((key, nth) => {
        const index = place.get(`${key}\n${text(each[nth]) ?? text(event.subject.partition) ?? ""}`);
        if (index !== undefined) next[index] = patchStep(next[index]!, event);
      });
    }
    return next;
  });
}

function patchStep(step: Step, event: LiveEvent): Step {
  if (event.type === "progress") {
    return { ...step, progress: { fraction: (event.changes.fraction as number | null) ?? null, detail: text(event.changes.detail) ?? null } };
  }
  const status = (text(event.changes.status) as StepStatus | undefined) ?? step.status;
  const started = status === "running" && !step.started_at ? event.at ?? null : step.started_at;
  const ended = isTerminal(status) || status === "skipped" ? step.ended_at ?? event.at ?? null : step.ended_at;
  return {
    ...step, status, started_at: started, ended_at: ended,
    reason: text(event.changes.reason) ?? step.reason, detail: text(event.changes.detail) ?? step.detail,
  };
}
