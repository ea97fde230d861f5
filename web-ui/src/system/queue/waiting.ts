import { formatDuration, localTimes } from "../time/format";

interface Blocker { what: string; detail: string; since: string | null }

/** "pool gpu, for 12 m 00 s now: 2 of 2 slots held by run 41, step train": what a step or a run waits for, since when, and what is in its way. */
export function waitText(blocker: Blocker, now: number): string {
  const waited = blocker.since === null ? null : now - Date.parse(blocker.since);
  const since = waited === null || Number.isNaN(waited) ? "" : `, for ${wholeSeconds(waited)} now`;
  return `${blocker.what}${since}: ${localTimes(blocker.detail)}`;
}

/** As a growing duration is written: it counts seconds. */
const wholeSeconds = (ms: number) => (ms < 1000 ? "0 s" : formatDuration(Math.floor(ms / 1000) * 1000).replace(".0 s", " s"));

/** A text in pieces: runs that it names by number, and what stands between. "run 41, step train" is the step's. */
export function namedRuns(text: string): { text: string; run?: string; step?: string | undefined }[] {
  const pieces: { text: string; run?: string; step?: string | undefined }[] = [];
  let from = 0;
  for (const match of text.matchAll(/\brun (\d+)(?:, step ([^\s,;[]+))?/g)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index) });
    pieces.push({ text: match[0], run: match[1]!, step: match[2] });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from) });
  return pieces;
}
