/** One shape, word and colour for each state, wherever it is shown. */

export type Shape = "tick" | "ring" | "clock" | "cross" | "slash" | "bar" | "hollow" | "square" | "triangle";
export interface StateMeta { shape: Shape; label: string; colour: string }

const of = (shape: Shape, colour: string, label: string): StateMeta => ({ shape, colour: `var(--${colour})`, label });

const metas: Record<string, StateMeta> = {
  succeeded: of("tick", "ok", "Succeeded"),
  materialized: of("tick", "ok", "Materialized"),
  reported: of("tick", "ok", "Reported"),
  passed: of("tick", "ok", "Passed"),
  fresh: of("tick", "ok", "Fresh"),
  warn: of("triangle", "skip", "Soon too old"),
  ok: of("tick", "ok", "OK"),
  running: of("ring", "run", "Running"),
  starting: of("ring", "run", "Starting"),
  materializing: of("ring", "run", "Materializing"),
  canceling: of("ring", "cancel", "Canceling"),
  queued: of("clock", "wait", "Queued"),
  ready: of("clock", "wait", "Ready"),
  pending: of("hollow", "never", "Pending"),
  waiting_retry: of("clock", "wait", "Waiting to retry"),
  requested: of("tick", "ok", "Requested"),
  failed: of("cross", "fail", "Failed"),
  violated: of("cross", "fail", "Violated"),
  error: of("cross", "fail", "Error"),
  skipped: of("slash", "skip", "Skipped"),
  warned: of("triangle", "skip", "Warned"),
  canceled: of("bar", "cancel", "Canceled"),
  due: of("clock", "run", "Due"),
  held: of("bar", "skip", "Held back"),
  waits: of("hollow", "never", "Waits"),
  paused: of("bar", "cancel", "Paused"),
  muted: of("bar", "cancel", "Muted"),
  true: of("tick", "ok", "True"),
  false: of("hollow", "never", "False"),
  never: of("hollow", "never", "Never materialized"),
  external: of("square", "never", "External"),
};

export const stateMeta = (state: string): StateMeta => metas[state] ?? of("hollow", "never", state);

/** How many of each step status, worst first, as shown in counts and bars. */
export const stepOrder = [
  "failed", "skipped", "canceled", "running", "starting", "waiting_retry", "ready", "pending", "succeeded",
] as const;

const reasons: Record<string, string> = {
  upstream_failed: "upstream failed", check_failed: "check failed", timeout: "timed out", exit_code: "exited with an error", lost: "lost",
  canceled: "canceled", out_of_memory: "out of memory", cpu_time: "processor time used up", not_run: "not run", hook_failed: "hook failed", resource_locked: "resource locked",
  definition_changed: "definition changed", keys_removed: "keys were removed", reused: "reused: nothing changed", plugin_error: "plugin error", plan_damaged: "stored plan damaged", signal: "ended by a signal", steps_failed: "steps failed",
};
/** A reason code in words; unknown codes lose their underscores. */
export const reasonText = (code: string | null | undefined) => (code ? reasons[code] ?? code.replaceAll("_", " ") : "");
