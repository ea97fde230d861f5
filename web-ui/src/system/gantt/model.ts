/** Rows and bars of a run's Gantt, from its steps. Times are epoch milliseconds. */

export interface GanttAttempt {
  number: number; status: string; intended_at: string | null; started_at: string | null; ended_at: string | null;
  /** Keys of the steps that shared the attempt's process. */
  batch: string[];
}
export interface GanttStep {
  key: string; partition: string | null; status: string; deps: string[]; attempts: GanttAttempt[]; checks: { at: string }[];
  started_at: string | null; ended_at: string | null;
}
/**
 * wait: nothing ran yet. attempt: the step's own work. checks: its work is done, its checks are not. shared: a process that it
 * shared with others in an earlier attempt, of which its own part is not known.
 */
export type GanttBarKind = "wait" | "attempt" | "checks" | "shared";
export interface GanttBar { kind: GanttBarKind; from: number; to: number | null; status: string; attempt: number }
export interface GanttRow { index: number; label: string; key: string; status: string; bars: GanttBar[]; critical: boolean }
export interface GanttModel { rows: GanttRow[]; from: number; to: number; live: boolean }

const time = (at: string | null | undefined) => (at ? Date.parse(at) : null);
const over = (status: string) => status === "succeeded" || status === "failed" || status === "skipped" || status === "canceled";

/** `runFrom`: when the run was made. A bar whose end is null is still growing. */
export function ganttModel(steps: GanttStep[], runFrom: number, runTo: number | null, now: number): GanttModel {
  const critical = criticalPath(steps);
  const rows = steps.map((step, index) => ({
    index, key: step.key, status: step.status, bars: bars(step, runFrom, steps), critical: critical.has(index),
    label: step.partition ? `${step.key} [${step.partition}]` : step.key,
  }));
  return { rows, from: runFrom, to: Math.max(runTo ?? now, runFrom + 1), live: runTo === null };
}

function bars(step: GanttStep, runFrom: number, steps: GanttStep[]): GanttBar[] {
  const out: GanttBar[] = [];
  let waitFrom = readyAt(step, runFrom, steps);
  for (const attempt of step.attempts) {
    const work = workOf(step, attempt);
    if (!work) continue;
    const from = work.kind === "shared" ? Math.max(work.from, Math.min(waitFrom ?? work.from, work.to ?? Infinity)) : work.from;
    if (waitFrom !== null && from > waitFrom) out.push({ kind: "wait", from: waitFrom, to: from, status: "ready", attempt: attempt.number });
    out.push({ ...work, from });
    waitFrom = work.to;
  }
  if (step.attempts.length === 0 && step.started_at) {
    out.push({ kind: "attempt", from: time(step.started_at)!, to: time(step.ended_at), status: step.status, attempt: 1 });
  }
  const checks = checking(step, out.at(-1));
  if (checks) out.push(checks);
  const waiting = step.status === "ready" || step.status === "waiting_retry" || step.status === "starting";
  const growing = out.at(-1)?.to === null;
  if (waiting && !growing && waitFrom !== null) out.push({ kind: "wait", from: waitFrom, to: null, status: step.status, attempt: 0 });
  return out;
}

/** What the step itself did in an attempt; null where its turn in a shared process never came, or has not come yet. */
function workOf(step: GanttStep, attempt: GanttAttempt): GanttBar | null {
  const from = time(attempt.started_at) ?? time(attempt.intended_at);
  if (from === null) return null;
  const to = time(attempt.ended_at);
  const began = time(step.started_at);
  const last = attempt === step.attempts.at(-1);
  const shared = attempt.batch.length > 1;
  const mine = began !== null && began >= (time(attempt.intended_at) ?? from) && (to === null || began <= to);
  if (!mine && !shared) return { kind: "attempt", from, to, status: attempt.status, attempt: attempt.number };
  if (!mine) return last || to === null ? null : { kind: "shared", from, to, status: attempt.status, attempt: attempt.number };
  const ended = last && over(step.status) ? time(step.ended_at) : null;
  const end = ended === null ? to : Math.max(began, Math.min(ended, to ?? ended));
  return { kind: "attempt", from: began, to: end, status: last ? step.status : attempt.status, attempt: attempt.number };
}

/** From the end of the work to the step's end, when checks of their own came in between or are still awaited. */
function checking(step: GanttStep, work: GanttBar | undefined): GanttBar | null {
  if (!work || work.kind !== "attempt" || work.to === null) return null;
  const workEnd = work.to;
  const later = step.checks.some((check) => time(check.at)! > workEnd);
  if (step.status === "running") return { kind: "checks", from: workEnd, to: null, status: step.status, attempt: work.attempt };
  const to = time(step.ended_at);
  return later && to !== null && to > workEnd ? { kind: "checks", from: workEnd, to, status: step.status, attempt: work.attempt } : null;
}

const indexes = new WeakMap<GanttStep[], Map<string, number[]>>();

function indexOf(steps: GanttStep[]): Map<string, number[]> {
  let index = indexes.get(steps);
  if (index) return index;
  indexes.set(steps, (index = new Map()));
  for (const [i, step] of steps.entries()) {
    const found = index.get(step.key);
    if (found) found.push(i);
    else index.set(step.key, [i]);
  }
  return index;
}

const none: number[] = [];

/**
 * The steps of `dep` that a step waits for. Steps name their parents by asset: where that is divided alike it is the same partition, else any of them
 * may be one, and those that ended after this step began are not.
 */
function parents(step: GanttStep, dep: string, steps: GanttStep[]): number[] {
  const all = indexOf(steps).get(dep) ?? none;
  if (all.length < 2) return all;
  const same = step.partition === null ? undefined : all.find((i) => steps[i]!.partition === step.partition);
  if (same !== undefined) return [same];
  const began = time(step.started_at);
  const may = began !== null || step.status === "ready" || step.status === "starting";
  return may ? all.filter((i) => (time(steps[i]!.ended_at) ?? Infinity) <= (began ?? Infinity) && steps[i]!.ended_at !== null) : all;
}

/** When the last parent ended, or the run's start without parents; null while a parent has not ended. */
function readyAt(step: GanttStep, runFrom: number, steps: GanttStep[]): number | null {
  let at = runFrom;
  for (const dep of step.deps) {
    for (const parent of parents(step, dep, steps)) {
      const ended = time(steps[parent]!.ended_at);
      if (ended === null) return null;
      at = Math.max(at, ended);
    }
  }
  return at;
}

/** From the step that ended last, back along the parent that ended last: what a faster run would have to shorten. */
export function criticalPath(steps: GanttStep[]): Set<number> {
  const ended = steps.map((step) => (step.started_at ? time(step.ended_at) ?? Infinity : null));
  let at = -1;
  for (let i = 0; i < steps.length; i++) if (ended[i] !== null && (at < 0 || ended[i]! > ended[at]!)) at = i;
  const path = new Set<number>();
  while (at >= 0 && !path.has(at)) {
    path.add(at);
    let next = -1;
    for (const dep of steps[at]!.deps) {
      for (const parent of parents(steps[at]!, dep, steps)) if (ended[parent] !== null && (next < 0 || ended[parent]! > ended[next]!)) next = parent;
    }
    at = next;
  }
  return path.size > 1 ? path : new Set();
}

/** The part of the time axis on screen. */
export interface GanttView { from: number; to: number }

/** Zooms by `factor` (< 1 is closer) around `at`, never outside [from, to] and never below 10 ms. */
export function zoomView(view: GanttView, at: number, factor: number, bounds: GanttView): GanttView {
  const span = Math.min(bounds.to - bounds.from, Math.max(10, (view.to - view.from) * factor));
  const share = (at - view.from) / Math.max(1, view.to - view.from);
  const from = Math.min(Math.max(bounds.from, at - share * span), bounds.to - span);
  return { from, to: from + span };
}

export const position = (at: number, view: GanttView) => ((at - view.from) / (view.to - view.from)) * 100;

/** `from-to` in milliseconds since the run began, as the address has it, and back; undefined if it is not such a span. */
export const writeView = (view: GanttView, origin: number) => `${Math.round(view.from - origin)}-${Math.round(view.to - origin)}`;
export function readView(text: string | undefined, origin: number): GanttView | undefined {
  const match = /^(\d+)-(\d+)$/.exec(text ?? "");
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  return match && to > from ? { from: origin + from, to: origin + to } : undefined;
}
