/** Shapes of the HTTP API, as docs/api.md states them. Times are RFC 3339 in UTC; ids are strings of digits. */

export type AssetStatus = "never" | "materializing" | "materialized" | "failed" | "skipped";
export type RunStatus = "queued" | "running" | "canceling" | "succeeded" | "failed" | "canceled";
export type StepStatus =
  | "pending" | "ready" | "starting" | "running" | "waiting_retry" | "succeeded" | "failed" | "skipped" | "canceled";
export type CheckStatus = "passed" | "failed" | "warned" | "skipped" | "error";
export type Metadata = Record<string, unknown>;

export interface Page<T> { items: T[]; next_cursor: string | null; as_of?: number }
export interface Source { file: string; line?: number; column?: number }
export interface RootCause { key: string; partition?: string | null; status: string; reason: string; check?: string | null }

/** Somebody lets a check's failure pass as a warning until then, or until it passes. `key` stands where it is of another asset. */
/** `partition` null: wherever the check fails. */
export interface Waiver { key?: string; check: string; partition: string | null; by: string; reason: string; at: string; until: string; run_id: string | null; below?: number }
/** Somebody looks after a failure. */
export interface Acknowledgement { by: string; note: string | null; at: string }

export interface Asset {
  key: string;
  external: boolean;
  group: string | null;
  kinds: string[];
  owners: string[];
  tags: Record<string, string>;
  description: string | null;
  deps: string[];
  import: string | null;
  runbook: string | null;
  source: Source | null;
  status: AssetStatus;
  in_progress: { run_id: string; since: string } | null;
  /** run_id null: somebody reported it. */
  last_attempt: {
    run_id: string | null; status: StepStatus; reason: string | null; detail: string | null; at: string; root_causes: RootCause[];
  } | null;
  last_materialization: { run_id: string | null; at: string; metadata: Metadata } | null;
  stale: { is: boolean; because: StaleReason[] };
  /** deadline: when it is violated if nothing newer comes. */
  freshness: {
    status: "none" | "fresh" | "warn" | "violated"; within_ms: number | null; deadline: string | null; cron?: string; timezone?: string; of?: string;
  };
  checks: { passed: number; failed: number; warned: number };
  waivers: Waiver[];
  waived_upstream: Waiver[];
  acknowledged: Acknowledgement | null;
  /** Null: it is not divided. `of` is the definition's `partitions:`; how many there are in all says the map. */
  partitions: { of: PartitionsOf; materialized: number; failed: number } | null;
}

/** `partitions:` as the definitions write it: one of hourly, daily, weekly, monthly, cron, static, dynamic, or multi with two of these. */
export type PartitionsOf = Record<string, unknown>;
export type PartitionStatus = "missing" | "materialized" | "failed";
export interface PartitionRow {
  key: string; status: PartitionStatus; window: { start: string; end: string } | null; run_id: string | null; at: string | null;
  /** About to be made; without a run: a backfill will ask for it. */
  under_way: { status: "running" | "queued"; run_id: string | null } | null;
  /** Its last attempt, where that failed. */
  failure?: { run_id: string; reason: string; detail: string | null; at: string } | null;
  /** Those of its checks that failed last in it. */
  failed_checks: string[];
}
/** `check_failed`: in how many a check failed last, whatever else is true of them. */
export interface PartitionCounts { total: number; materialized: number; failed: number; missing: number; check_failed: number }
/** The last ones: `status` has a letter for each of `keys`: - missing, m materialized, f failed; `under_way`: - not, r running, q queued; `checks`: f a check failed last. */
export interface PartitionMap { partitions: PartitionsOf | null; counts: PartitionCounts; keys: string[]; status: string; under_way: string; checks: string; under_way_counts: { running: number; queued: number }; as_of: number }
export interface PartitionSet { name: string; keys: string[]; as_of: number }
/** Which partitions a run or a backfill is asked for; a list is of keys. */
export type PartitionChoice = "latest" | "all" | "missing" | "failed" | "stale" | string[] | { from: string; to: string };

export type BackfillStatus = "running" | "paused" | "succeeded" | "failed" | "canceled";
export interface BackfillCounts { succeeded: number; failed: number; skipped: number; canceled: number; in_progress: number; waiting: number }
export interface Backfill {
  id: string; status: BackfillStatus; select: string; partitions: string | null; priority: number; max_runs: number; order: "oldest" | "newest"; tags: Record<string, string>;
  actor: string; by: string | null; reason: string | null; detail: string | null; created_at: string; ended_at: string | null; estimated_end: string | null;
  partitions_total: number; counts: BackfillCounts; active_runs: string[]; runs_made: number;
}
/** Assets whose partitions are the same, made together. A letter for each of `keys`, the first thousand: - waiting, r in progress, s, f, k skipped, c canceled. */
export interface BackfillGroup { assets: string[]; partitions: number; per_run: number; keys: string[]; status: string; counts: Omit<BackfillCounts, "waiting"> }
export interface BackfillDetail extends Backfill { groups: BackfillGroup[]; as_of: number }
export interface BackfillPlan {
  id?: string; status?: string; partitions_total: number; groups: { assets: string[]; partitions: number; runs: number; first: string | null; last: string | null }[];
}

/** Whose code, whose data, or which one above is stale. The chain of a reason begins with itself and ends with the cause; lists of assets have none. */
export interface StaleLink { asset: string; reason: "never_materialized" | "code_changed" | "newer_data" | "upstream_stale"; detail: string; run_id: string | null; at: string | null; partition?: string | null }
/** Of one partition. */
export interface PartitionWhy { key: string; partition: string; stale: { is: boolean; because: StaleReason[] }; as_of: number }
export interface StaleReason extends Omit<StaleLink, "asset"> { key: string; chain?: StaleLink[] }
export interface Provenance {
  code_version: string | null; commit: string | null; data_version_from: "step" | "content" | "attempt";
  /** Of the interpreter and the packages that it was made with. */
  versions: Record<string, string>;
  /** Of an asset that is divided: how many of its partitions, and which, where it is one. */
  upstream: { key: string; data_version: string; run_id: string | null; at: string; partition: string | null; partitions: number | null }[];
}
export interface ImpactDeadline { key: string; at: string | null; missed: boolean }
/** What people use that is made from assets. */
export interface Exposure {
  name: string; type: string | null; owner: string | null; url: string | null; description: string | null; depends_on: string[]; import: string | null; source: Source | null;
}
export interface Impact {
  key: string; downstream: { total: number; keys: string[] }; sinks: { total: number; keys: string[] }; owners: string[]; exposures: Exposure[];
  next_deadline: ImpactDeadline | null; deadlines: ImpactDeadline[];
}
export interface VersionChange {
  kind: "code" | "commit" | "package" | "definitions" | "options" | "upstream" | "metadata"; name: string | null; detail: string; from: unknown; to: unknown;
  numbers: { name: string; from: number | null; to: number | null }[];
}
export interface RunChanges { run_id: string; step: string; partition: string | null; since: { run_id: string; at: string | null } | null; items: VersionChange[] }

/** `own_process`: what it prints is a log of its own. */
export interface CheckDefinition {
  name: string; home: string; depends_on: string[]; severity: string; blocking: boolean; description: string | null; own_process?: boolean;
  /** Judged by the daemon: the metric against the last materializations. */
  anomaly?: { metric: string; sigma: number; last: number; min: number } | null;
}

export interface AssetDetail extends Asset {
  downstream: string[];
  neighbours: { key: string; relation: "upstream" | "downstream"; status: AssetStatus }[];
  code_version: string | null;
  data_version: string | null;
  provenance: Provenance | null;
  skip_if_unchanged: boolean;
  metadata: Metadata;
  run: Record<string, unknown> | null;
  retries: Record<string, unknown> | null;
  pools: Record<string, number>;
  uses: Record<string, string>;
  check_definitions: CheckDefinition[];
  jobs: string[];
  definition_yaml: string | null;
}

export interface Materialization {
  id: string; run_id: string | null; step: string; partition: string | null; at: string; duration_ms: number | null;
  metadata: Metadata; data_version: string | null; code_version: string | null; provenance: Provenance | null;
}
/** What somebody reported as made by hand, or elsewhere. */
export interface Reported { key: string; partition: string | null; at: string; metadata: Metadata; data_version: string }
export interface CheckResult {
  id: string; check: string; partition: string | null; run_id: string | null; at: string; status: CheckStatus; severity: string; blocking: boolean;
  detail: string | null; metadata: Metadata; waived: string | null;
}
export interface AssetAttempt {
  run_id: string; attempt: number; partition: string | null; status: string; reason: string | null; started_at: string | null; ended_at: string | null;
  duration_ms: number | null;
}

export interface Lineage {
  version: string; width: number; height: number;
  nodes: { key: string; x: number; y: number; group: string | null; kinds: string[]; external: boolean }[];
  edges: [number, number][];
  groups: { name: string; x: number; y: number; width: number; height: number; nodes: number[] }[];
}
export interface LineageStatus {
  version: string; as_of: number; status: string; stale: string; fresh: string; checks: string; running_runs: number;
}

export type StepCounts = Record<StepStatus, number>;
export interface Cause {
  key: string; partition: string | null; status: string; reason: string; check?: string | null; detail: string | null;
  attempt: number; skipped: number;
  /** As they are now; of a run looked at by itself. */
  owners?: string[]; runbook?: string | null; acknowledged?: Acknowledgement | null; waiver?: Waiver | null; own_process?: boolean;
}
export interface Run {
  id: string; status: RunStatus; select: string;
  trigger: { kind: string; name: string | null; instant: string | null };
  actor: string; job: string | null; tags: Record<string, string>; priority: number; options: Record<string, unknown>;
  partitions: string | null; backfill: string | null; definitions_version: string; retry_of: string | null; retried_by: string[];
  created_at: string; started_at: string | null; ended_at: string | null; duration_ms: number | null; usual_ms: number | null;
  steps_total: number; counts: StepCounts; reason: string | null; detail: string | null; causes: Cause[];
  steps_mode: string; cancel_requested: unknown; max_steps: number | null; blocked_by: Blocker[];
}

export interface Attempt {
  number: number; id: string; status: string; reason: string | null; detail: string | null;
  intended_at: string | null; started_at: string | null; ended_at: string | null;
  exit_code: number | null; signal: string | number | null; batch: string[]; definition_changed?: boolean; warm?: boolean;
  limits?: { memory_bytes?: number; cpu?: number; cpu_time_ms?: number; open_files?: number; processes?: number };
  limits_not_in_force?: { names: string[]; why: string } | null;
  usage?: { user_ms: number; system_ms: number; max_rss_kb: number } | null;
}
export interface Blocker { kind: string; what: string; detail: string; since: string | null }
export interface StepCheck {
  name: string; status: CheckStatus; severity: string; blocking: boolean; detail: string | null; at: string; metadata: Metadata; waived?: string | null; own_process?: boolean;
}
export interface Step {
  index: number; key: string; partition: string | null; status: StepStatus; deps: string[]; attempts: Attempt[];
  started_at: string | null; ended_at: string | null; reason: string | null; detail: string | null;
  root_causes: RootCause[]; blocked_by: Blocker[]; checks: StepCheck[];
  progress: { fraction: number | null; detail: string | null } | null; warm?: boolean;
}
export interface RunPlan {
  id?: string; status?: string; steps_total: number; steps: { key: string; partition: string | null; status: string }[];
}

export interface Tick { instant: string; at: string; outcome: "requested" | "queued" | "skipped" | "failed"; reason: string | null; run_id: string | null }
export interface Schedule {
  name: string; job: string | null; select: string; cron: string; timezone: string; misfire: string; overlap: string; jitter_ms: number;
  steps: "all" | "assets" | "checks"; paused: boolean; paused_by: string | null; pause_reason: string | null; next_ticks: string[]; last_tick: Tick | null;
}

/** Looks that one after the other came to the same share one: `repeats` are the further ones. */
export interface SensorTick {
  number: number; at: string; last_at: string; took_ms: number; outcome: "fired" | "skipped" | "failed"; reason: string | null; run_ids: string[]; known: number; repeats: number;
  cursor_before: string | null; cursor_after: string | null; log: string | null;
}
/** `held`: why it does not look although it is not paused; `notified`: its folders tell when something changes. */
export interface Sensor {
  name: string; kind: "file" | "webhook" | "asset" | "sql" | "program"; watches: string; select: string | null; job: string | null; every_ms: number | null; timeout_ms: number;
  overlap: string; paused: boolean; paused_by: string | null; pause_reason: string | null; held: string | null; evaluating: boolean; notified: boolean; failures: number;
  next_at: string | null; evaluated_at: string | null; fired_at: string | null; cursor: string | null; last_tick: SensorTick | null;
  refused: { count: number; at: string; why: string } | null; hook: string | null;
}
export interface SensorDryRun {
  outcome: SensorTick["outcome"]; reason: string | null; cursor_before: string | null; cursor_after: string | null; more: boolean; took_ms: number; log: string | null;
  requests: { key: string | null; select: string; tags: Record<string, string>; data: unknown; known: boolean; steps_total: number | null; error: string | null }[];
}

/** Of one asset, which is muted then, or of all automation, schedules and sensors. `until`: when it goes on by itself. */
export interface AutomationPause { by: string; reason: string; at: string; until: string | null }
/** `holds`: its condition is true now. `next`: when it is asked for, in words; `held`: why it is not, although it is true or was. Null without a condition, and where nothing holds it back. */
export interface Automation {
  key: string; condition: string | null; holds: boolean; requested_at: string | null; run_id: string | null; paused: AutomationPause | null;
  next: string | null; held: string | null;
}
/** What can start an asset. `next`: the first tick that makes it; `paused`: nothing starts by itself; `muted`: what does leaves this asset out. */
export interface Triggers {
  key: string; paused: AutomationPause | null; muted: AutomationPause | null; automation: Automation | null; schedules: Schedule[]; sensors: Sensor[];
  backfills: { id: string; status: "running" | "paused"; by: string | null; reason: string | null }[]; next: { at: string; schedule: string } | null; as_of: number;
}
export interface AutomationList { items: Automation[]; next_cursor: string | null; paused: AutomationPause | null; as_of: number }
/** How a condition came to its answer. `asset` stands where a node is about another asset than the one above it; `more`: children left out. */
export interface ConditionAnswer { name: string; holds: boolean; reason: string; asset?: string; children?: ConditionAnswer[]; more?: number }
export interface AutomationDetail extends Automation { answer: ConditionAnswer | null; as_of: number }
export interface Evaluation { id: string; at: string; holds: boolean; run_id: string | null; answer: ConditionAnswer }

export interface Pool {
  name: string; slots: number; defined_slots: number; resized: { by: string; reason: string | null; at: string } | null; used: number; waiting: number;
  holders: { run_id: string; step: string; attempt_id: string; slots: number; since: string }[];
}
export interface QueueItem {
  run_id: string; key: string; partition: string | null; status: StepStatus; since: string; blocked_by: Blocker[];
}

export interface QueuedRun {
  run_id: string; select: string; job: string | null; priority: number; tags: Record<string, string>; since: string; blocked_by: Blocker[];
}
export interface Queue { items: QueueItem[]; next_cursor: string | null; runs: QueuedRun[]; limits: { name: string; limit: number; used: number }[] }

export interface DefinitionProblem { message: string; hint?: string | null; source?: Source | null; excerpt?: string | null }
export interface Definitions {
  version: string; hash: string; applied_at: string | null; state: "current" | "checking" | "broken" | "pending";
  pending?: null | { plan: string; counts: PlanCounts };
  errors: DefinitionProblem[]; warnings: DefinitionProblem[]; assets: number; checks: number; schedules: number;
  imports: { name: string; plugin: string; assets: number; status: "ok" | "failed"; at: string | null; detail: string | null }[];
  sources: { file: string; size: number }[];
}

export interface PlanCounts { added: number; changed: number; removed: number; renamed: number }
export interface PlannedChange {
  action: "added" | "changed" | "removed" | "renamed"; kind: string; name: string; renamed_from: string | null;
  /** The texts: of durations, as the files say them. */
  fields: { field: string; before: unknown; after: unknown; before_text?: string | null; after_text?: string | null }[];
}
/** `added`, `changed`, `removed`: against the version that served before it. */
export interface DefinitionsVersion {
  version: string; applied_at: string | null; hash: string; assets: number; added: number; changed: number; removed: number; others: number; current: boolean;
}
export interface DefinitionsDiff { from: string; to: string; changes: PlannedChange[]; changes_total: number; counts: PlanCounts }
export type StaleCause = "added" | "code_changed" | "data_changed";
export interface KeyList { keys: string[]; total: number }
export interface DefinitionsPlan {
  id: string; base_version: string | null; changes: PlannedChange[]; changes_total: number; counts: PlanCounts;
  stale: { keys: string[]; total: number; causes?: Record<string, StaleCause>; select: string | null }; schedules_started: string[]; schedules_stopped: string[];
  sensors_started: string[]; sensors_stopped: string[];
  /** Assets that a condition makes from then on, or none any more. The keys are the first 1,000. */
  automation_started: KeyList; automation_stopped: KeyList;
  /** Under way: `renamed` by the keys of now; `ends`: why it cannot go on. */
  backfills: { id: string; status: string; renamed: Record<string, string>; ends: string | null }[];
  /** Divided assets that become stale, or of which more partitions are missing. `in_run`: what `apply --run` makes of them. */
  partitions?: { key: string; missing: number; more_missing: boolean; in_run: number }[];
}

export interface Project {
  name: string; environment: string | null; version: string; started_at: string; listen: string; definitions_version: string;
  counts: { assets: number; running_runs: number; queued_runs: number; failed_assets: number };
  latched: null | { since: string; why: string }; disk?: string | null; draining: string | null; automation_paused: AutomationPause | null; access: "open" | "token"; as_of: number | null;
}
export interface NeedsYou {
  kind: "asset_failed" | "partitions_failed" | "check_failed" | "freshness_violated" | "definitions" | "import" | "latched" | "stuck"; run_id: string | null; key: string | null; check: string | null; reason: string | null; detail: string | null; at: string; skipped: number | null;
}
/** How an import was read last; of one that failed, what serves was read at `last_ok_at`. */
export interface ImportHealth { name: string; plugin: string; assets: number; status: "ok" | "failed"; at: string | null; last_ok_at: string | null; detail: string | null }
export interface Overview {
  imports: ImportHealth[];
  needs_you: NeedsYou[]; running: Run[]; next_ticks: { schedule: string; at: string }[];
  history: { days: string[]; groups: { group: string | null; cells: { succeeded: number; failed: number; skipped: number }[] }[] };
}
export interface Selected { keys: string[]; total: number }
export interface Alert {
  id: string; rule: string; event: string; at: string; run_id: string | null; asset: string | null; check: string | null; reason: string | null; detail: string | null;
  cause: string; skipped: number; title: string; state: "pending" | "delivered" | "failed" | "silenced"; attempts: number; last_error: string | null;
  next_attempt_at: string | null; delivered_at: string | null; resolved_at: string | null; silence: string | null; repeats: number;
}
export interface AlertRule { name: string; on: string[]; select: string | null; owners: string[]; receiver: "webhook" | "slack" | "email" | "program" | "openlineage"; signed: boolean }
/** How events to OpenLineage stand in the outbox. */
export interface OpenLineage {
  configured: boolean; namespace: string | null; pending: number; delivered: number; failed: number; last_error: string | null; last_delivered_at: string | null;
}
export interface Silence { id: string; rule: string | null; select: string | null; reason: string | null; by: string; created_at: string; until: string }
export interface AuditItem {
  id: string; at: string; actor: string; remote: string | null; action: string; subject: unknown; detail: unknown;
}
export interface Readiness { ready: boolean; why?: { code: string; detail: string }[] }
export interface EventItem { id: string; type: string; at: string; subject: Record<string, unknown>; changes: Record<string, unknown> }

/** An event of the live stream; `subject` says what it is about, `changes` what is new. */
export interface LiveEvent {
  id: number;
  type: string;
  at: string | undefined;
  subject: Record<string, unknown>;
  changes: Record<string, unknown>;
}

export type { Forecast, ForecastPool, ForecastRun, ForecastStep, ForecastViolation } from "@/system/forecast/types";
