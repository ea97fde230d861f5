/** A step of a run by what names it: an asset, and a partition where it is divided. */
export interface StepName { key: string; partition?: string | null }
export type SelectStep = (step: StepName, attempt?: number) => void;

export const sameStep = (a: StepName, b: StepName) => a.key === b.key && (a.partition ?? null) === (b.partition ?? null);
/** "orders [2026-01-05]": for people, and unique within a run. */
export const stepText = ({ key, partition }: StepName) => (partition ? `${key} [${partition}]` : key);
