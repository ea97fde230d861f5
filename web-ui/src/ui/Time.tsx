import { formatAgo, formatCountdown, formatDuration, formatFullTime, formatTime } from "@/system/time/format";
import { useNow } from "./clock";
import { useKnownNow } from "./live";

/** "5 min ago", ticking; the full time in the tooltip. */
export function Ago({ at }: { at: string | number | null | undefined }) {
  const now = useNow();
  const ms = typeof at === "string" ? Date.parse(at) : at;
  if (ms === null || ms === undefined || Number.isNaN(ms)) return <span className="faint">–</span>;
  return <time className="num" dateTime={new Date(ms).toISOString()} title={formatFullTime(ms)}>{formatAgo(ms, now)}</time>;
}

export function At({ at }: { at: string | null | undefined }) {
  if (!at) return <span className="faint">–</span>;
  const ms = Date.parse(at);
  return <time className="num" dateTime={at} title={formatFullTime(ms)}>{formatTime(ms)}</time>;
}

/** A span that has ended, or one that grows while `from` is set and `to` is not. */
export function Duration({ from, to, ms }: { from?: string | null; to?: string | null; ms?: number | null }) {
  if (ms !== undefined && ms !== null) return <span className="num">{formatDuration(ms)}</span>;
  if (!from) return <span className="faint">–</span>;
  return to ? <span className="num">{formatDuration(Date.parse(to) - Date.parse(from))}</span> : <Growing from={Date.parse(from)} />;
}

function Growing({ from }: { from: number }) {
  const now = useKnownNow();
  return <span className="num">{formatDuration(Math.max(0, Math.floor((now - from) / 1000) * 1000)).replace(".0 s", " s")}</span>;
}

export function Countdown({ to }: { to: string }) {
  const now = useNow();
  return <span className="num" title={formatFullTime(Date.parse(to))}>{formatCountdown(Date.parse(to) - now)}</span>;
}
