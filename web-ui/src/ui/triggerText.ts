import type { Run } from "@/api/types";

/** Who or what started a run: "schedule nightly", "retry of #40", "api, alice". */
export function triggerText(run: Pick<Run, "trigger" | "actor" | "retry_of">): string {
  const { kind, name } = run.trigger;
  if (kind === "retry" && run.retry_of) return `retry of #${run.retry_of}`;
  if (kind === "schedule") return `schedule ${name ?? ""}`.trim();
  const who = run.actor === "anonymous" ? "" : run.actor;
  return [name ? `${kind} ${name}` : kind === "api" ? "by hand" : kind, who].filter(Boolean).join(", ");
}
