import { keyInPath, post, remove } from "./client";
import type { BackfillPlan, Definitions, DefinitionsPlan, PartitionChoice, Reported, RunPlan, SensorDryRun, SensorTick, Waiver } from "./types";

export interface RunRequest {
  select: string;
  /** Of assets that are divided; without it the latest window of time, and all other keys. */
  partitions?: PartitionChoice;
  steps?: "all" | "assets" | "checks";
  options?: Record<string, unknown>;
  tags?: Record<string, string>;
}

export const createRun = (request: RunRequest) => post<RunPlan>("/runs", request);
export const cancelRun = (id: string) => post<{ id: string; status: string }>(`/runs/${id}/cancel`);
export interface RetryRequest { from?: "failure" | "start"; steps?: string[]; partitions?: string[]; scope?: "steps" | "downstream" | "stale_upstream" | "checks" }
export const retryRun = (id: string, request: RetryRequest) => post<RunPlan>(`/runs/${id}/retry`, request);

/** `partition` null: wherever it fails. `until` in epoch milliseconds; null: 24 hours. */
export interface WaiveRequest { run: string; check: string; key: string; partition: string | null; reason: string; until: number | null }
export const waiveCheck = ({ run, check, key, partition, reason, until }: WaiveRequest) =>
  post<Waiver>(`/runs/${run}/checks/${encodeURIComponent(check)}/waive`, { reason, key, ...(partition !== null && { partition }), ...(until !== null && { until: new Date(until).toISOString() }) });
/** Without a partition all waivers of the check end. */
export const unwaiveCheck = (key: string, check: string, partition: string | null) =>
  post(`/assets/${keyInPath(key)}/checks/${encodeURIComponent(check)}/unwaive`, partition === null ? {} : { partition });
export const acknowledge = (key: string, note: string) => post(`/assets/${keyInPath(key)}/acknowledge`, note ? { note } : {});
export const unacknowledge = (key: string) => post(`/assets/${keyInPath(key)}/unacknowledge`);

export interface BackfillRequest {
  select: string; partitions: PartitionChoice; max_runs?: number; order?: "oldest" | "newest";
}
export const createBackfill = (request: BackfillRequest) => post<BackfillPlan>("/backfills", request);
export type BackfillVerb = "pause" | "resume" | "cancel" | "retry";
export const commandBackfill = (id: string, verb: BackfillVerb, reason: string) => post<{ id: string; status: string }>(`/backfills/${id}/${verb}`, reason ? { reason } : {});
export const changePartitionKeys = (set: string, change: { add?: string[]; remove?: string[] }) =>
  post<{ set: string; added: string[]; removed: string[]; total: number }>(`/partitions/${encodeURIComponent(set)}`, change);

export const setPriority = (id: string, priority: number) => post<{ id: string; priority: number }>(`/runs/${id}/priority`, { priority });

const pool = (name: string) => `/pools/${encodeURIComponent(name)}`;
export const resizePool = (name: string, slots: number, reason: string) => post(pool(name), { slots, ...(reason && { reason }) });
export const resetPool = (name: string) => post(`${pool(name)}/reset`);

export const testAlert = (rule: string) => post<{ id: string }>(`/alerts/rules/${encodeURIComponent(rule)}/test`);
/** Empty texts are every rule, every asset, no reason. */
export const addSilence = (silence: { until: string; rule: string; select: string; reason: string }) =>
  post("/alerts/silences", Object.fromEntries(Object.entries(silence).filter(([, value]) => value !== "")));
export const endSilence = (id: string) => remove(`/alerts/silences/${encodeURIComponent(id)}`);

const schedule = (name: string, verb: string) => `/schedules/${encodeURIComponent(name)}/${verb}`;
export const pauseSchedule = (name: string, reason: string) => post(schedule(name, "pause"), reason ? { reason } : {});
export const resumeSchedule = (name: string) => post(schedule(name, "resume"));
export const triggerSchedule = (name: string) => post<RunPlan>(schedule(name, "trigger"));

const sensor = (name: string, verb: string) => `/sensors/${encodeURIComponent(name)}/${verb}`;
export const pauseSensor = (name: string, reason: string) => post(sensor(name, "pause"), reason ? { reason } : {});
export const resumeSensor = (name: string) => post(sensor(name, "resume"));
/** Evaluates it now and answers with what came of it. */
export const triggerSensor = (name: string) => post<SensorTick>(sensor(name, "trigger"));
export const dryRunSensor = (name: string) => post<SensorDryRun>(sensor(name, "dry-run"));

const automation = (key: string | null, verb: string) => `${key === null ? "" : `/assets/${keyInPath(key)}`}/automation/${verb}`;
/** Of one asset, or of null: of all assets and schedules. `until` in epoch milliseconds. */
export const pauseAutomation = (key: string | null, reason: string, until: number | null) =>
  post(automation(key, "pause"), { reason, ...(until !== null && { until: new Date(until).toISOString() }) });
export const resumeAutomation = (key: string | null) => post(automation(key, "resume"));

export const reloadDefinitions = () => post<Definitions>("/definitions/reload");
export const planDefinitions = () => post<DefinitionsPlan>("/definitions/plan");
export const applyDefinitions = (plan: string) => post<Definitions>("/definitions/apply", { plan });
export const openSession = (token: string) => post("/session", { token });
export interface Report { reason: string; metadata: Record<string, unknown>; data_version: string; partition: string }
/** An empty data version: one of its own; an empty partition: all that there are. */
export const reportMaterialization = (key: string, { reason, metadata, data_version, partition }: Report) =>
  post<Reported>(`/assets/${keyInPath(key)}/materializations`, { reason, metadata, ...(data_version && { data_version }), ...(partition && { partition }) });
