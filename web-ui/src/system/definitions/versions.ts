/** Versions of the definitions, newest first as the daemon lists them, and which two of them are compared. */

interface Version { version: string }

/** What a version is compared with. "first": nothing was before it; "forgotten": what was before is no longer kept; "unknown": itself is not; "ask": an older page has the answer. */
export type Against = { kind: "version"; version: string } | { kind: "first" | "forgotten" | "unknown" | "ask" };

/** The next older in the list is what a version is compared with, unless somebody chose another. `more`: the list goes on. */
export function comparedWith(versions: Version[], version: string, chosen: string | undefined, more: boolean): Against {
  if (chosen !== undefined && chosen !== version) return { kind: "version", version: chosen };
  const at = versions.findIndex((one) => one.version === version);
  const before = at < 0 ? undefined : versions[at + 1];
  if (before) return { kind: "version", version: before.version };
  if (more && mayFollow(versions, version)) return { kind: "ask" };
  return { kind: at < 0 ? "unknown" : version === "1" ? "first" : "forgotten" };
}

/** Numbers only fall along the list: a number in an address that was never given does not make it read to its end. */
function mayFollow(versions: Version[], version: string): boolean {
  const last = versions.at(-1);
  return last !== undefined && Number(last.version) >= Number(version);
}

/** All that a version can be compared with. One that was chosen stays among them although the list does not reach it. */
export function choices<T extends Version>(versions: T[], version: string, against: string | undefined): (T | Version)[] {
  const others = versions.filter((one) => one.version !== version);
  return against === undefined || others.some((one) => one.version === against) ? others : [...others, { version: against }];
}

const number = (n: number) => n.toLocaleString("en");

/** "+1 ~2 −0", of assets; of what else changed "3 others". */
export function signs(of: { added: number; changed: number; removed: number; others?: number }): string {
  const assets = `+${number(of.added)} ~${number(of.changed)} −${number(of.removed)}`;
  if (!of.others) return assets;
  return of.added + of.changed + of.removed === 0 ? others(of.others) : `${assets}, ${others(of.others)}`;
}

const others = (n: number) => (n === 1 ? "1 other" : `${number(n)} others`);

/** The same in words, with what was renamed where it is known; nothing is said of what did not happen. */
export function outcome(of: { added: number; changed: number; removed: number; renamed?: number; others?: number }): string {
  const parts = (["added", "changed", "removed", "renamed"] as const).map((what) => of[what] && `${number(of[what])} ${what}`);
  return [...parts, of.others && `${others(of.others)} than assets`].filter(Boolean).join(", ") || "nothing changed";
}
