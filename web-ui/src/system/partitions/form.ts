/** How an asset is divided, as far as it matters for drawing its partitions. */

export type Grain = "hourly" | "daily" | "weekly" | "monthly" | "cron";
export type Form =
  | { kind: Grain | "keys" }
  /** Keys are "first|second". `columns`: which of the two runs from left to right, 0 or 1. */
  | { kind: "two"; names: [string, string]; columns: 0 | 1 };

const grains: readonly string[] = ["hourly", "daily", "weekly", "monthly", "cron"];
type Words = Record<string, unknown>;
const grainOf = (of: Words): Grain | undefined => Object.keys(of).find((word) => grains.includes(word)) as Grain | undefined;
const dimensionsOf = (of: Words): [string, Words][] => Object.entries((of.multi ?? {}) as Record<string, Words>).sort(([a], [b]) => (a < b ? -1 : 1));

/** Of a definition's `partitions:`. Time runs from left to right; where there is none the first dimension does. */
export function formOf(of: Words): Form {
  const two = dimensionsOf(of);
  if (two.length !== 2) return { kind: grainOf(of) ?? "keys" };
  const time = two.findIndex(([, dimension]) => grainOf(dimension) !== undefined);
  return { kind: "two", names: [two[0]![0], two[1]![0]], columns: time === 1 ? 1 : 0 };
}

/** "daily", "cron 0 6 * * 1-5", "date (daily) × region (static)": for people. */
export function formText(of: Words): string {
  const one = (words: Words) => (typeof words.cron === "string" ? `cron ${words.cron}` : grainOf(words)) ?? (typeof words.dynamic === "string" ? `dynamic set ${words.dynamic}` : "static");
  const two = dimensionsOf(of);
  return two.length === 2 ? two.map(([name, dimension]) => `${name} (${one(dimension)})`).join(" × ") : one(of);
}

/** Names of the dynamic sets in it. */
export const dynamicSets = (of: Words): string[] =>
  [of, ...dimensionsOf(of).map(([, dimension]) => dimension)].map((words) => words.dynamic).filter((name) => typeof name === "string");

const day = 86_400_000;

/** The form that keys alone suggest: days and hours by their distance, else no form. */
export function formOfKeys(keys: string[]): Form {
  const all = (pattern: RegExp) => keys.length > 1 && keys.every((key) => pattern.test(key));
  if (all(/^\d{4}-\d\d-\d\d-\d\d:\d\d$/)) return { kind: "hourly" };
  if (!all(/^\d{4}-\d\d-\d\d$/)) return { kind: "keys" };
  const days = keys.map((key) => Date.parse(key) / day);
  const next = days.slice(1).some((at, i) => at - days[i]! === 1);
  return { kind: next ? "daily" : "keys" };
}
