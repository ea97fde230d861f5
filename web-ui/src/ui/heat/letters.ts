/** What a letter of a map of partitions means: its state for icon and word, and how its cell is drawn, which is not by colour alone. */
export type CellShape = "full" | "cross" | "hollow" | "half" | "slash" | "bar" | "dot";
export interface Letter { letter: string; state: string; word: string; shape: CellShape; colour: string }

const of = (letter: string, state: string, word: string, shape: CellShape, colour: string): Letter => ({ letter, state, word, shape, colour });

export const assetLetters: Letter[] = [
  of("m", "materialized", "materialized", "full", "--bar-ok"), of("f", "failed", "failed", "cross", "--fail"), of("-", "never", "missing", "hollow", "--never"),
];
/** The state of a partition, and over it whether it is about to be made: that is what changes next. */
export const assetMapLetters: Letter[] = [...assetLetters, of("c", "failed", "check failed", "slash", "--fail"), of("r", "running", "running", "half", "--run"), of("q", "queued", "queued", "dot", "--wait")];
export const backfillLetters: Letter[] = [
  of("s", "succeeded", "succeeded", "full", "--bar-ok"), of("r", "running", "in progress", "half", "--run"), of("f", "failed", "failed", "cross", "--fail"),
  of("k", "skipped", "skipped", "slash", "--skip"), of("c", "canceled", "canceled", "bar", "--cancel"), of("-", "pending", "waiting", "hollow", "--never"),
];
