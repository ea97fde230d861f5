/** Times and durations as people read them. All inputs in milliseconds; `now` is always an argument. */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** 840 ms, 4.2 s, 1 m 05 s, 2 h 10 m, 3 d 4 h. Null and negative spans are an en dash. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms) || ms < 0) return "–";
  if (ms < second) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / second).toFixed(1)} s`;
  const seconds = Math.round(ms / second);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  const minutes = Math.round(ms / minute);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
  const hours = Math.round(ms / hour);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const pad = (n: number) => String(n).padStart(2, "0");

/** "just now", "42 s ago", "5 min ago", "3 h ago", "2 d ago", or "in 4 min" for the future. */
export function formatAgo(at: number, now: number): string {
  const distance = Math.abs(now - at);
  if (distance < 2 * second) return "just now";
  const text = coarse(distance);
  return at > now ? `in ${text}` : `${text} ago`;
}

function coarse(ms: number): string {
  if (ms < minute) return `${Math.floor(ms / second)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} min`;
  if (ms < 2 * day) return `${Math.floor(ms / hour)} h`;
  return `${Math.floor(ms / day)} d`;
}

/** How long until `formatAgo` may read differently. */
export function agoChangesAfter(at: number, now: number): number {
  const distance = Math.abs(now - at);
  if (distance < minute) return second;
  return distance < hour ? 15 * second : 60 * second;
}

/** A countdown: 00:42, 12:05, 3 h 10 m. */
export function formatCountdown(ms: number): string {
  if (ms <= 0) return "now";
  const seconds = Math.ceil(ms / second);
  if (seconds < 3600) return `${pad(Math.floor(seconds / 60))}:${pad(seconds % 60)}`;
  return formatDuration(ms);
}

const dateTime = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const dateTimeYear = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short", hour12: false,
});
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

/** Local time without the year, for tables. */
export const formatTime = (at: number) => dateTime.format(at).replace(",", "");
/** Local time with year and zone, for tooltips. */
export const formatFullTime = (at: number) => dateTimeYear.format(at).replace(",", "");
export const formatClock = (at: number) => clock.format(at);

/** Text of the daemon with its UTC instants as local times. */
export const localTimes = (text: string) => text.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (instant) => formatTime(Date.parse(instant)));

const dayMonth = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const hourMinute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hour12: false });
/** A tick of an axis that spans `span` ms: clock times within two days, dates beyond. */
export const formatAxisTime = (at: number, span: number) => (span < 3 * 60_000 ? clock : span < 2 * day ? hourMinute : dayMonth).format(at);

/** The instant as it reads in another zone; falls back to UTC for a zone this browser does not know. */
export function formatInZone(at: number, zone: string): string {
  const options: Intl.DateTimeFormatOptions = {
    weekday: "short", day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short", hour12: false,
  };
  try {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone }).format(at).replaceAll(",", "");
  } catch {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" }).format(at).replaceAll(",", "");
  }
}

/** Round steps for an axis of `span` ms with about `count` ticks. */
export function niceTimeStep(span: number, count: number): number {
  const steps = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, second, 2 * second, 5 * second, 10 * second, 30 * second, minute, 2 * minute, 5 * minute,
    10 * minute, 30 * minute, hour, 2 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day,
  ];
  const wanted = span / Math.max(1, count);
  return steps.find((step) => step >= wanted) ?? 30 * day;
}
