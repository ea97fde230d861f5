import type { Cause, Step } from "@/api/types";

/** A step of a run by what names it: an asset, and a partition where it is divided. */
export interface StepName { key: string; partition?: string | null }
export type SelectStep = (step: StepName, attempt?: number, check?: string) => void;

export const sameStep = (a: StepName, b: StepName) => a.key === b.key && (a.partition ?? null) === (b.partition ?? null);
/** "orders [2026-01-05]": for people, and unique within a run. */
export const stepText = ({ key, partition }: StepName) => (partition ? `${key} [${partition}]` : key);

interface Place { step?: string; check?: string }

/** Names of its checks whose output is a log of their own, each once. */
export const checksWithLog = (step: Pick<Step, "checks">) => [...new Set(step.checks.filter((check) => check.own_process).map((check) => check.name))];

/** The cause is what a check of its own process printed. */
export const logCheckOf = (cause: Pick<Cause, "check" | "own_process">) => (cause.own_process ? cause.check ?? undefined : undefined);

/** Whose output is shown of the step: that of the check in the address; where the address names no step, of the cause. Undefined: the step's own. */
export function shownCheck(step: Pick<Step, "key" | "partition" | "checks">, place: Place, causes: Cause[]): string | undefined {
  const cause = causes[0];
  const wanted = place.check ?? (place.step === undefined && cause && sameStep(step, cause) ? logCheckOf(cause) : undefined);
  return checksWithLog(step).find((name) => name === wanted);
}
