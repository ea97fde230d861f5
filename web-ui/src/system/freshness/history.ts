/** When the data of an asset became too old, and when it was fresh again, from the events that say its freshness changed. */

interface Told { id: string; type: string; at: string; changes: Record<string, unknown> }

export interface FreshnessTurn {
  id: string;
  at: number;
  /** What it became; `warn`: new data that will soon be too old as well. */
  state: "violated" | "fresh" | "warn";
  /** How long it had been too old, where that is known. */
  after: number | null;
}

const instant = (value: unknown) => (typeof value === "string" ? Date.parse(value) : NaN);

/** Too old since that moment, also where the daemon was not running then and told it later. */
const since = ({ at, changes }: Told) => Math.min(instant(changes.violated_at) || Infinity, Date.parse(at));

/** That freshness is no longer demanded (`none`) is no turn. */
const isTurn = ({ type, changes }: Told) => type === "asset_changed" && typeof changes.freshness === "string" && changes.freshness !== "none" && (changes.freshness === "violated") !== (changes.from === "violated");

/** Newest first, as the events come. Warnings that came to nothing are left out. */
export function freshnessTurns(events: Told[]): FreshnessTurn[] {
  const turns = events.filter(isTurn);
  return turns.map((event, i) => {
    const state = event.changes.freshness as FreshnessTurn["state"];
    const before = turns[i + 1];
    if (state === "violated") return { id: event.id, state, at: since(event), after: null };
    const at = Date.parse(event.at);
    return { id: event.id, state, at, after: before?.changes.freshness === "violated" ? at - since(before) : null };
  });
}
