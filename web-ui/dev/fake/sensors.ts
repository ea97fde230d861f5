import type { Sensor, SensorDryRun, SensorTick } from "../../src/api/types.ts";

/** Sensors in every state, to look at. */
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

const tick = (number: number, seconds: number, more: Partial<SensorTick> = {}): SensorTick => ({
  number, at: ago(seconds), last_at: ago(seconds), took_ms: 14, outcome: "skipped", reason: "no file is new", run_ids: [], known: 0, repeats: 0, cursor_before: "40 files seen", cursor_after: "40 files seen", log: null, ...more,
});

export const sensorTicks = (): SensorTick[] => [
  tick(4, 8, { repeats: 311, at: ago(3000) }), tick(3, 3000, { outcome: "fired", reason: null, run_ids: ["40"], cursor_after: "41 files seen" }),
  tick(2, 9000, { outcome: "failed", reason: "the process that looks ended with no answer within 60s", took_ms: 60_004 }), tick(1, 9900, { outcome: "fired", reason: null, run_ids: ["37", "38", "39", "36"], cursor_after: "40 files seen" }),
];

const sensor = (name: string, more: Partial<Sensor>): Sensor => ({
  name, kind: "file", watches: "landing/*.json", select: "bronze_events+", job: null, every_ms: 10_000, timeout_ms: 60_000, overlap: "allow", paused: false, paused_by: null, pause_reason: null, held: null,
  evaluating: false, notified: false, failures: 0, next_at: ago(-7), evaluated_at: ago(3), fired_at: ago(3000), cursor: "41 files seen", last_tick: sensorTicks()[0]!, refused: null, hook: null, ...more,
});

export const sensors = () => [
  sensor("landing", { notified: true }),
  sensor("orders", { kind: "program", watches: "python ask_shop.py --since-last", failures: 3, next_at: ago(-240), cursor: "2026-11-22T02:03:04Z", last_tick: tick(9, 30, { outcome: "failed", reason: "the program ended with exit code 3", log: "Traceback: connection refused\n" }) }),
  sensor("pushed", { kind: "webhook", watches: "POST /api/v1/hooks/pushed", hook: "/api/v1/hooks/pushed", cursor: null, refused: { count: 3, at: ago(500), why: "the header Assetd-Signature is missing" }, next_at: null, last_tick: null }),
  sensor("after_gold", { kind: "asset", watches: "materialized, failed of gold_customers", cursor: "event 4711", next_at: null, paused: true, paused_by: "ana", pause_reason: "the warehouse moves" }),
  sensor("queue", { kind: "sql", watches: "SELECT count(*) FROM inbox WHERE done = 0", overlap: "skip", evaluating: true, cursor: "=12" }),
];

export const dryRun = (): SensorDryRun => ({
  outcome: "fired", reason: null, cursor_before: "41 files seen", cursor_after: "42 files seen", more: false, took_ms: 12, log: null,
  requests: [{ key: null, select: "bronze_events+", tags: {}, data: { files: ["landing/2026-11-22.json"] }, known: false, steps_total: 5, error: null }],
});
