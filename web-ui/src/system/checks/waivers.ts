/** Which waiver is meant: one that names no partition is for all of them. */

import { isFailure, newestOfEach, type Told } from "./standing";

export interface Waived { check: string; partition: string | null }

/** The one that lets the check pass in this partition: its own before the one for all. A result that names none needs that. */
export function waiverIn<T extends Waived>(waivers: readonly T[], check: string, partition: string | null): T | undefined {
  const ofCheck = waivers.filter((each) => each.check === check);
  return ofCheck.find((each) => each.partition !== null && each.partition === partition) ?? ofCheck.find((each) => each.partition === null);
}

interface Result extends Told { check: string; severity: string; run_id: string | null }

/** The result whose failure nobody has let pass yet: what "Waive…" begins with. Newest first, as `results` are. */
export const toWaive = <T extends Result>(results: readonly T[], waivers: readonly Waived[]) =>
  newestOfEach(results).find((each) => isFailure(each.status) && each.severity === "error" && each.run_id !== null && !waiverIn(waivers, each.check, each.partition));

/** What a waiver is about, in words: "unique" or "unique in 2026-11-27". */
export const waivedText = ({ check, partition }: Waived) => (partition === null ? check : `${check} in ${partition}`);
