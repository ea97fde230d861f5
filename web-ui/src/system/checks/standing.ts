/** How a check stands, of an asset that is divided: each of its partitions has results of its own. */

export interface Told { partition: string | null; status: string }

export const isFailure = (status: string | undefined) => status === "failed" || status === "error";

/** The newest result of each partition, newest first as `results` are. One that names no partition is about all, and over with the next that names one. */
export function newestOfEach<T extends Told>(results: readonly T[]): T[] {
  const newest = new Map<string, T>();
  for (const result of results) {
    if (result.partition === null) return newest.size === 0 ? [result] : [...newest.values()];
    if (!newest.has(result.partition)) newest.set(result.partition, result);
  }
  return [...newest.values()];
}

/** The result that says how it stands: the newest of those that failed last somewhere, else the newest of all. */
export function standing<T extends Told>(results: readonly T[]): T | undefined {
  const each = newestOfEach(results);
  return each.find((result) => isFailure(result.status)) ?? each[0];
}
