import type { Run } from "@/api/types";

/** What a run makes, in words: its job, "all assets" for `*`, else the selection. */
export const selectText = (select: string) => (select.trim() === "*" ? "all assets" : select);
export const whatText = (run: Pick<Run, "job" | "select">) => run.job ?? selectText(run.select);
/** Selections other than `*` are code and look like it. */
export const whatClass = (run: Pick<Run, "job" | "select">) => (run.job || run.select.trim() === "*" ? "" : "mono");

/** Who or what started a run: "schedule nightly", "automation of report", "retry of #40", "api, alice". */
export function triggerText(run: Pick<Run, "trigger" | "actor" | "retry_of">): string {
  const { kind, name } = run.trigger;
  if (kind === "retry" && run.retry_of) return `retry of #${run.retry_of}`;
  if (kind === "schedule") return `schedule ${name ?? ""}`.trim();
  if (kind === "sensor") return `sensor ${name ?? ""}`.trim();
  const who = run.actor === "anonymous" ? "" : run.actor;
  // Its actor is automation itself.
  if (kind === "automation") return `automation${name ? ` of ${name}` : ""}`;
  return [name ? `${kind} ${name}` : kind === "api" ? "by hand" : kind, who].filter(Boolean).join(", ");
}
