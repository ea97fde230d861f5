/** Times as `<input type="datetime-local">` has them: in this browser's zone, to the minute, or "" for none. */

const pad = (n: number) => String(n).padStart(2, "0");

export function toLocalInput(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/** Epoch milliseconds; null for none, or what is no time. */
export function fromLocalInput(text: string): number | null {
  const at = /^\d{4,}-\d\d-\d\dT\d\d:\d\d/.test(text) ? new Date(text).getTime() : NaN;
  return Number.isNaN(at) ? null : at;
}

/** That many hours from now, to the full minute after it, so that it is never less. */
export const hoursAhead = (now: number, hours: number) => Math.ceil((now + hours * 3_600_000) / 60_000) * 60_000;

/** The next morning at `hour` by this browser's clock. */
export function tomorrowAt(now: number, hour: number): number {
  const date = new Date(now);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1, hour).getTime();
}
