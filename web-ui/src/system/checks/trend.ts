/** The numbers that a check's results carry, oldest first: what can be drawn, and what they usually are. */

export interface Result { at: string; status: string; metadata: Record<string, unknown> }
export interface Series { name: string; x: number[]; y: number[] }

const numberOf = (value: unknown): number | undefined => {
  const raw = typeof value === "object" && value !== null && "raw_value" in value ? value.raw_value : value;
  return typeof raw === "number" && Number.isFinite(raw) ? raw : undefined;
};

// What says how long it took, or what the rule is, says nothing about the data.
const aside = new Set(["execution_seconds", "mean", "sigma", "lower", "upper", "n"]);
const first = ["failures", "failing_rows", "value"];
const rank = (name: string) => (first.includes(name) ? first.indexOf(name) : first.length);

/** One series for each number that at least two results have; what counts failures first. `results` newest first, as the API gives them. */
export function seriesOf(results: readonly Result[]): Series[] {
  const all = new Map<string, Series>();
  for (const result of [...results].reverse()) {
    for (const [name, value] of Object.entries(result.metadata)) {
      const number = numberOf(value);
      if (number === undefined || aside.has(name)) continue;
      const series = all.get(name) ?? { name, x: [], y: [] };
      series.x.push(Date.parse(result.at) / 1000);
      series.y.push(number);
      all.set(name, series);
    }
  }
  return [...all.values()].filter((series) => series.y.length > 1).sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));
}

export interface Usual { name: string; now: number; usual: number; of: number }

/** The newest result's count against the middle of those before it; nothing where there is none before. */
export function againstUsual(results: readonly Result[]): Usual | undefined {
  const [newest, ...earlier] = results;
  if (!newest) return undefined;
  const name = first.find((each) => numberOf(newest.metadata[each]) !== undefined);
  if (name === undefined) return undefined;
  const before = earlier.map((each) => numberOf(each.metadata[name])).filter((each) => each !== undefined).sort((a, b) => a - b);
  if (before.length === 0) return undefined;
  const middle = before.length >> 1;
  const usual = before.length % 2 ? before[middle]! : (before[middle - 1]! + before[middle]!) / 2;
  return { name, now: numberOf(newest.metadata[name])!, usual, of: before.length };
}

const fence = /^```[a-z]*\n([\s\S]*?)\n?```\s*$/;

/** The query that a check ran, where it reports one; without the fence of Markdown. */
export function sqlOf(metadata: Record<string, unknown>): string | undefined {
  for (const name of ["compiled_sql", "compiled_code", "sql"]) {
    const value = metadata[name];
    const raw = typeof value === "object" && value !== null && "raw_value" in value ? value.raw_value : value;
    if (typeof raw === "string" && raw.trim() !== "") return fence.exec(raw.trim())?.[1] ?? raw.trim();
  }
  return undefined;
}

export interface Sample { columns: string[]; rows: unknown[][] }

/** Rows that failed, where somebody has switched them on. */
export function sampleOf(metadata: Record<string, unknown>): Sample | undefined {
  const value = metadata.sample_rows;
  const raw = typeof value === "object" && value !== null && "raw_value" in value ? value.raw_value : value;
  if (typeof raw !== "object" || raw === null || !("columns" in raw) || !("rows" in raw) || !Array.isArray(raw.columns) || !Array.isArray(raw.rows)) return undefined;
  return { columns: raw.columns.map(String), rows: raw.rows.filter((row) => Array.isArray(row)) as unknown[][] };
}
