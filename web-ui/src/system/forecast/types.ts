/** `slow_ended_at`: if every step takes as long as nine in ten stay below. `ready_at`: from when it waits. */
export interface ForecastStep {
  key: string; partition: string | null; status: string; ready_at: string | null; started_at: string | null; ended_at: string | null; slow_ended_at: string | null;
  waited_ms: number; waited_for: { kind: string; what: string }[]; critical: boolean;
}
/** `run_id`: of one that is under way already; `checks_only`: it makes nothing. */
export interface ForecastRun {
  run_id: string | null; trigger: { kind: string; name: string | null; instant: string | null }; select: string; job: string | null; status: string;
  reason: string | null; detail: string | null; created_at: string; started_at: string | null; ended_at: string | null; slow_ended_at: string | null;
  steps_total: number; checks_only: boolean; critical_path: string[]; steps: ForecastStep[];
}
export interface ForecastViolation { key: string; kind: "freshness" | "deadline"; at: string; data_at: string | null; mended_at: string | null; only_if_slow: boolean; already: boolean }
export interface ForecastPool { name: string; slots: number; slots_in_force: number; used: number; slices: number[]; waited_ms: number; steps_waited: number }
export interface Forecast {
  at: string; until: string; stopped_at: string | null; truncated: boolean; definitions_version: string; runs: ForecastRun[]; runs_total: number; steps_total: number;
  steps_listed: number; violations: ForecastViolation[]; violations_total: number; missed_ticks: { schedule: string; instant: string; reason: string }[]; pools: ForecastPool[];
  what_if: { pools: Record<string, number>; speed: Record<string, number> };
  durations: { history: number; group: number; project: number; nothing: number }; assumptions: string[]; as_of: number;
}
