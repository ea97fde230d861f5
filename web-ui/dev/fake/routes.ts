import type {
  AssetAttempt, AutomationList, BackfillPlan, CheckResult, Definitions, DefinitionsDiff, EventItem, Forecast, Lineage, LineageStatus, Materialization, OpenLineage, Overview, PartitionMap, PartitionSet, Pool, Project, Queue, QueueItem, Run, RunChanges,
  RunPlan, Schedule, Selected, Step, Tick, Triggers,
} from "../../src/api/types.ts";
import { automated, automationDetail, automationOf, evaluations, setPause } from "./automation.ts";
import { forecast, impact } from "./ahead.ts";
import { layout } from "./history.ts";
import { assetEvents, report } from "./reports.ts";
import { changes, makeRun } from "./runs.ts";
import { select } from "./select.ts";
import { dryRun, sensors, sensorTicks } from "./sensors.ts";
import { assetDetail, assetShape, runShape, stepShape } from "./shapes.ts";
import { differences, versions } from "./versions.ts";
import type { FakeAsset, World } from "./world.ts";

export interface Answer { status: number; body?: unknown; headers?: Record<string, string> }
type Emit = (type: string, subject: object, changes: object) => void;

/** What the pages take it for (src/api/types.ts) is said with each answer, so that tsc finds one that falls behind. */
const ok = <T>(body: T, status = 200): Answer => ({ status, body });
const problem = (status: number, title: string, detail: string): Answer => ({ status, body: { type: "about:blank", title, status, detail } });
const page = <T>(items: T[], url: URL): Answer => {
  const limit = Math.min(1000, Number(url.searchParams.get("limit") ?? 100));
  const from = Number(url.searchParams.get("cursor") ?? 0);
  return ok({ items: items.slice(from, from + limit), next_cursor: from + limit < items.length ? String(from + limit) : null, as_of: 1 });
};

export function handle(world: World, method: string, url: URL, body: Record<string, unknown>, emit: Emit, cookie: string): Answer {
  const path = decodeURIComponent(url.pathname.slice("/api/v1".length));
  if (path === "/session") return method === "POST" && body.token !== "secret" ? problem(401, "Wrong token", "") : { status: 204, headers: { "set-cookie": method === "POST" ? "fake=1; Path=/" : "fake=; Max-Age=0; Path=/" } };
  if (world.access === "token" && !cookie.includes("fake=1")) return problem(401, "A token is needed", "");
  try {
    return method === "POST" ? act(world, path, body, emit) : read(world, path, url);
  } catch (error) {
    return problem(422, "The selection is not valid", error instanceof Error ? error.message : String(error));
  }
}

function act(world: World, path: string, body: Record<string, unknown>, emit: Emit): Answer {
  if (path === "/runs") {
    const keys = select(world, String(body.select)).filter((a) => !a.external).map((a) => a.key);
    if (keys.length === 0) return problem(422, "Nothing to run", `The selection '${String(body.select)}' matches no asset.`);
    const steps = keys.slice(0, 1000).map((key) => ({ key, partition: null, status: "pending" }));
    if (body.dry_run) return ok<RunPlan>({ steps_total: keys.length, steps });
    world.failing = new Set();
    return created(makeRun(world, keys, { select: String(body.select) }).id, keys.length, steps, emit);
  }
  const [, what, id, verb, last] = path.split("/");
  if (what === "automation" || verb === "automation") {
    const key = what === "automation" ? "" : id!.replaceAll(":", "/");
    const done = setPause(world, key, (what === "automation" ? id : last)!, body);
    emit("automation_changed", { key: done.key }, { paused: done.paused });
    return ok(done);
  }
  const asset = what === "assets" ? world.byKey.get(id!.replaceAll(":", "/")) : undefined;
  if (asset && verb === "materializations") return body.reason ? ok(report(world, asset, body, emit), 201) : problem(422, "The request is not valid", "'reason' is missing");
  const run = world.runs.find((one) => one.id === id);
  if (what === "runs" && run && verb === "cancel") {
    if (run.ended === null) run.status = "canceling";
    emit("run_changed", { run_id: run.id }, { status: run.status });
    return ok({ id, status: run.status }, 202);
  }
  if (what === "runs" && run && verb === "retry") {
    const keys = run.steps.filter((step) => body.from === "start" || step.status !== "succeeded").map((step) => step.key);
    world.failing = new Set();
    const again = makeRun(world, keys, { select: run.select, kind: "retry", retry_of: run.id, job: run.job });
    run.retried_by.push(again.id);
    return created(again.id, keys.length, [], emit);
  }
  if (what === "sensors" && verb === "dry-run") return ok(dryRun());
  if (what === "sensors" && verb === "trigger") return ok(sensorTicks()[1]);
  if (what === "schedules" && verb === "pause") world.paused = { reason: String(body.reason ?? "") };
  if (what === "schedules" && verb === "resume") world.paused = null;
  if (what === "schedules" && verb === "trigger") return act(world, "/runs", { select: "*" }, emit);
  if (what === "schedules") emit("schedule_changed", { schedule: id }, { paused: world.paused !== null });
  if (path === "/definitions/reload") return world.broken ? problem(422, "The definitions do not load", "2 errors") : ok(definitions(world));
  if (path === "/backfills" && body.dry_run) return ok<BackfillPlan>({ partitions_total: 0, groups: [] });
  return ok({});
}

function created(id: string, total: number, steps: unknown[], emit: Emit): Answer {
  emit("run_changed", { run_id: id }, { status: "queued" });
  return ok({ id, status: "queued", steps_total: total, steps, as_of: 1 }, 201);
}

const simple: Record<string, (world: World, url: URL) => Answer> = {
  "/project": (world) => ok<Project>({
    name: "shop", environment: "production", version: "0.1.0", started_at: new Date(Date.now() - 9e6).toISOString(), listen: "http://127.0.0.1:8080", definitions_version: "3",
    counts: { assets: world.assets.length, running_runs: world.runs.filter((run) => run.ended === null).length, queued_runs: 0, failed_assets: world.assets.filter((a) => a.status === "failed").length },
    latched: null, draining: null, automation_paused: world.pauses.get("") ?? null, access: world.access, as_of: world.seq,
  }),
  "/overview": (world) => ok<Overview>(overview(world)),
  "/assets": (world, url) => page(matching(world, url).map((asset) => assetShape(world, asset)), url),
  "/select": (world, url) => {
    const found = select(world, url.searchParams.get("select") ?? "");
    return ok<Selected>({ keys: found.slice(0, 1000).map((a) => a.key), total: found.length });
  },
  "/lineage": (world, url) => ok<Lineage>({ version: String(world.version), ...layout(select(world, url.searchParams.get("select") ?? "")) }),
  "/lineage/status": (world, url) => {
    const found = select(world, url.searchParams.get("select") ?? "");
    const code: Record<string, string> = { never: "-", materializing: "r", materialized: "m", failed: "f", skipped: "s" };
    return ok<LineageStatus>({
      version: String(world.version), as_of: world.seq, status: found.map((a) => code[a.status]).join(""), stale: found.map((a) => (a.stale ? "1" : "0")).join(""), fresh: found.map(() => "n").join(""),
      checks: found.map((a) => (a.checks.length === 0 || !a.at ? "n" : a.failedCheck ? "f" : "p")).join(""), running_runs: 0,
    });
  },
  "/runs": (world, url) => page([...world.runs].reverse().filter((run) => {
    const status = url.searchParams.get("status");
    return !status || run.status === status;
  }).map(runShape), url),
  "/schedules": (world, url) => page<Schedule>([schedule(world)], url),
  "/schedules/nightly/ticks": (world, url) => page<Tick>([...world.runs].reverse().filter((run) => run.kind === "schedule").map((run) => {
    const at = new Date(run.created).toISOString();
    return { instant: at, at, outcome: "requested", reason: null, run_id: run.id };
  }), url),
  "/pools": (world, url) => page<Pool>(["default", "gpu"].map((name) => {
    const holders = name === "gpu" ? [] : world.runs.flatMap((run) => run.steps.filter((s) => s.status === "running").map((s) => ({ run_id: run.id, step: s.key, attempt_id: s.key, slots: 1, since: new Date(s.started!).toISOString() })));
    return { name, slots: name === "gpu" ? 1 : 2, defined_slots: name === "gpu" ? 1 : 2, resized: null, used: Math.min(2, holders.length), waiting: name === "gpu" ? 0 : world.runs.flatMap((run) => run.steps.filter((s) => s.status === "ready")).length, holders };
  }), url),
  "/queue": (world) => ok<Queue>({ next_cursor: null, runs: [], limits: [], items: world.runs.flatMap((run) => run.steps.filter((s) => s.status === "ready").map((s): QueueItem => ({ run_id: run.id, key: s.key, partition: null, status: "ready", since: new Date(Date.now() - 4000).toISOString(), blocked_by: stepShape(world, s).blocked_by }))) }),
  "/automation": (world, url) => {
    const answer = page(automated(world), url);
    return ok<AutomationList>({ ...(answer.body as AutomationList), paused: world.pauses.get("") ?? null });
  },
  "/sensors": (_, url) => page(sensors(), url),
  "/sensors/landing/ticks": (_, url) => page(sensorTicks(), url),
  "/definitions": (world) => ok<Definitions>(definitions(world)),
  "/definitions/versions": (_, url) => page(versions(), url),
  "/definitions/diff": (_, url) => {
    const diff = differences(url.searchParams.get("from") ?? "", url.searchParams.get("to") ?? "");
    return diff ? ok<DefinitionsDiff>(diff) : problem(404, "That version is not kept", "One of the two versions is no longer kept, or never was.");
  },
  "/alerts": (_, url) => page([], url),
  "/openlineage": () => ok<OpenLineage>({ configured: false, namespace: null, pending: 0, delivered: 0, failed: 0, last_error: null, last_delivered_at: null }),
  "/waivers": (_, url) => page([], url),
  "/forecast": (world, url) => ok<Forecast>(forecast(world, select(world, url.searchParams.get("select") ?? ""))),
  "/alerts/rules": (_, url) => page([], url),
  "/alerts/silences": (_, url) => page([], url),
  "/backfills": (_, url) => page([], url),
  "/partitions": (_, url) => page([], url),
  "/events": (world, url) => {
    const asset = world.byKey.get(url.searchParams.get("asset") ?? "");
    return page<EventItem>(asset ? assetEvents(asset, (url.searchParams.get("types") ?? "").split(",")) : [], url);
  },
  "/audit": (world, url) => page(world.audit, url),
};

function read(world: World, path: string, url: URL): Answer {
  const route = simple[path];
  if (route) return route(world, url);
  const [, what, id = "", part] = path.split("/");
  if (what === "partitions") return ok<PartitionSet>({ name: id, keys: [], as_of: 1 });
  if (what === "runs") return readRun(world, id, part, url);
  if (what !== "assets") return nowhere(path);
  const asset = world.byKey.get(id.replaceAll(":", "/"));
  if (!asset) return problem(404, "There is no such asset", `Nobody defines '${id}'.`);
  if (part === undefined) return ok(assetDetail(world, asset));
  if (path.endsWith("/partitions/map")) return ok<PartitionMap>({ partitions: null, counts: { total: 0, materialized: 0, failed: 0, missing: 0, check_failed: 0 }, keys: [], status: "", under_way: "", checks: "", under_way_counts: { running: 0, queued: 0 }, as_of: 1 });
  return assetParts[part]?.(world, asset, url) ?? nowhere(path);
}

const nowhere = (path: string) => problem(404, "There is no such address", path);
const iso = (at: number) => new Date(at).toISOString();

const assetParts: Record<string, (world: World, asset: FakeAsset, url: URL) => Answer> = {
  partitions: (_, __, url) => page([], url),
  impact: (world, asset) => ok(impact(world, asset)),
  triggers: (world, asset) => ok<Triggers>({
    key: asset.key, paused: world.pauses.get("") ?? null, muted: world.pauses.get(asset.key) ?? null, automation: automationOf(world, asset).condition === null ? null : automationOf(world, asset), sensors: [], backfills: [], as_of: 1,
    schedules: asset.external ? [] : [schedule(world)], next: asset.external || world.paused ? null : { at: schedule(world).next_ticks[0]!, schedule: "nightly" },
  }),
  automation: (world, asset) => ok(automationDetail(world, asset)),
  evaluations: (world, asset, url) => page(evaluations(world, asset), url),
  materializations: (_, asset, url) => page<Materialization>(asset.history.filter((h) => h.status === "succeeded").map((h) => ({ id: h.run_id ?? `r${h.at}`, run_id: h.run_id, step: asset.key, partition: null, at: iso(h.at), duration_ms: h.ms, metadata: h.metadata, data_version: null, code_version: "3", provenance: null })), url),
  attempts: (_, asset, url) => page<AssetAttempt>(asset.history.flatMap((h) => (h.run_id === null ? [] : [{ run_id: h.run_id, attempt: 1, partition: null, status: h.status, reason: h.status === "failed" ? "check_failed" : null, started_at: iso(h.at - h.ms), ended_at: iso(h.at), duration_ms: h.ms }])), url),
  checks: (_, asset, url) => page(asset.history.filter((h) => h.run_id !== null).flatMap((h) => asset.checks.map((check, i): CheckResult => {
    const failed = h.status === "failed" && i === asset.checks.length - 1;
    return { id: `${h.run_id}-${check}`, check, partition: null, run_id: h.run_id, at: iso(h.at), status: failed ? "failed" : "passed", severity: "error", blocking: true, detail: failed ? "12 rows above the bound of 1,000,000" : null, metadata: { failing_rows: h.status === "failed" ? 12 : 0 }, waived: null };
  })), url),
};

function readRun(world: World, id: string, part: string | undefined, url: URL): Answer {
  const run = world.runs.find((one) => one.id === id);
  if (!run) return problem(404, "There is no such run", `No run has the number ${id}.`);
  if (part === "steps") return page<Step>(run.steps.map((step) => stepShape(world, step)), url);
  if (part === undefined) return ok<Run>(runShape(run));
  if (part === "changes") return ok<RunChanges>(changes(world, run, url.searchParams.get("step") ?? ""));
  if (part !== "logs") return nowhere(url.pathname);
  const step = run.steps.find((one) => one.key === url.searchParams.get("step")) ?? run.steps[0]!;
  const share = step.ended ? 1 : step.started ? Math.min(1, (Date.now() - step.started) / step.ms) : 0;
  const log = step.log();
  const all = step.attempts === 0 ? [] : log.slice(0, Math.ceil(log.length * share));
  const tail = Number(url.searchParams.get("tail") ?? 0);
  const text = (tail ? all.slice(-tail) : all).map((line) => `${line}\n`).join("");
  const offset = Number(url.searchParams.get("offset") ?? 0);
  return { status: 200, body: text.slice(offset), headers: { "x-next-offset": String(text.length), "x-log-complete": String(step.ended !== null), "x-attempt": "1" } };
}

function matching(world: World, url: URL): FakeAsset[] {
  const q = (url.searchParams.get("q") ?? "").toLowerCase();
  return select(world, url.searchParams.get("select") ?? "").filter((a) => `${a.key} ${a.description}`.toLowerCase().includes(q));
}

function schedule(world: World): Schedule {
  const tomorrow = new Date();
  tomorrow.setUTCHours(26, 0, 0, 0);
  return {
    name: "nightly", job: "nightly", select: "+customer_churn_model", cron: "0 2 * * *", timezone: "Europe/London", misfire: "once", overlap: "skip", jitter_ms: 0, steps: "all", paused: world.paused !== null, paused_by: world.paused ? "ana" : null,
    pause_reason: world.paused?.reason ?? null, next_ticks: [0, 1, 2, 3, 4].map((d) => new Date(tomorrow.getTime() + d * 86_400_000).toISOString()), last_tick: null,
  };
}

function overview(world: World): Overview {
  const failed = [...world.runs].reverse().find((run) => run.status === "failed" && run.id === world.runs.at(-1)?.id || (run.status === "failed" && Date.now() - run.created < 4e6));
  const groups = [...new Set(world.assets.map((a) => a.group))];
  const days = Array.from({ length: 14 }, (_, i) => new Date(Date.now() - (13 - i) * 86_400_000).toISOString().slice(0, 10));
  return {
    imports: [{ name: "shop", plugin: "dbt", assets: world.assets.length, status: "ok", at: new Date(Date.now() - 9e6).toISOString(), last_ok_at: new Date(Date.now() - 9e6).toISOString(), detail: "described" }],
    needs_you: failed ? runShape(failed).causes.map((cause) => ({ kind: "asset_failed", run_id: failed.id, key: cause.key, check: null, reason: cause.reason, detail: cause.detail, at: new Date(failed.ended ?? failed.created).toISOString(), skipped: cause.skipped })) : [],
    running: world.runs.filter((run) => run.ended === null).map(runShape), next_ticks: world.paused ? [] : [{ schedule: "nightly", at: schedule(world).next_ticks[0]! }],
    history: { days, groups: groups.map((group) => ({ group, cells: days.map((day) => {
      const cell = { succeeded: 0, failed: 0, skipped: 0 };
      for (const run of world.runs) {
        if (new Date(run.created).toISOString().slice(0, 10) !== day) continue;
        for (const step of run.steps) if (world.byKey.get(step.key)?.group === group && step.status in cell) cell[step.status as "failed"]++;
      }
      return cell;
    }) })) },
  };
}

function definitions(world: World): Definitions {
  return {
    version: "3", hash: "5f2c9a", applied_at: new Date(Date.now() - 9e6).toISOString(), state: world.broken ? "broken" : "current", assets: world.assets.length, checks: 12, schedules: 1,
    errors: world.broken ? [{ message: "unknown key 'comand' under 'run'; nearest: 'command'", hint: "Write command: [python, train.py]", source: { file: "assetd.yaml", line: 41, column: 7 }, excerpt: "   39 |     run:\n   40 |       plugin: exec\n>  41 |       comand: [python, train.py]\n      |       ^" }] : [],
    warnings: [{ message: "the pool 'gpu' is used by nobody", hint: null, source: { file: "assetd.yaml", line: 9, column: 3 }, excerpt: null }],
    imports: [{ name: "shop", plugin: "dbt", assets: 6, status: "ok", at: new Date(Date.now() - 9e6).toISOString(), detail: null }],
    sources: [{ file: "assetd.yaml", size: 695 }, { file: "dbt/dbt_project.yml", size: 413 }],
  };
}
