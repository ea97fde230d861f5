/** Materializations that no run made: who told of them, and why. The materialization itself does not say; its event does. */

interface Told { type: string; at: string; changes: Record<string, unknown> }
interface Made { id: string; run_id: string | null; partition: string | null; at: string; metadata: Record<string, unknown> }
interface Attempt {
  run_id: string; attempt: number; partition: string | null; status: string; reason: string | null; started_at: string | null; ended_at: string | null; duration_ms: number | null;
}

/** Where its event is no longer kept. */
export const reportedByNobody = "reported, made by no run";

/** As the daemon says it of the last attempt. */
export const reportedText = (by: string, reason: string) => `reported by ${by}: ${reason}`;

/** Of each instant at which something was reported: by whom and why. */
export function reportsOf(events: Told[]): Map<number, string> {
  const out = new Map<number, string>();
  for (const { type, at, changes } of events) {
    if (type === "materialization" && typeof changes.reported_by === "string") out.set(Date.parse(at), reportedText(changes.reported_by, String(changes.reason ?? "")));
  }
  return out;
}

/** Who reported what was made at `at`. An event and its materialization are of the same instant. */
export const reportedAt = (reports: Map<number, string>, at: string) => reports.get(Date.parse(at)) ?? reportedByNobody;

export interface HistoryRow extends Omit<Attempt, "run_id" | "attempt"> {
  id: string; run_id: string | null; attempt: number | null; metadata: Record<string, unknown> | undefined;
  /** By whom and why, of what was reported. */
  said: string | null;
}

const timeOf = (row: HistoryRow) => Date.parse(row.ended_at ?? row.started_at ?? "") || 0;

/** Attempts and what was reported, newest first. `more`: there are older attempts, beside which older reports would seem to stand alone. */
export function historyRows(attempts: Attempt[], made: Made[], reports: Map<number, string>, more: boolean): HistoryRow[] {
  const metadata = new Map(made.filter((item) => item.run_id !== null).map((item) => [`${item.run_id}/${item.partition ?? ""}`, item.metadata]));
  const rows: HistoryRow[] = attempts.map((attempt) => {
    const of = `${attempt.run_id}/${attempt.partition ?? ""}`;
    return { ...attempt, id: `${of}/${attempt.attempt}`, metadata: metadata.get(of), said: null };
  });
  const oldest = more ? Math.min(...rows.map(timeOf)) : -Infinity;
  const told = made.filter((item) => item.run_id === null).map((item) => ofReport(item, reports)).filter((row) => timeOf(row) >= oldest);
  return [...rows, ...told].sort((a, b) => timeOf(b) - timeOf(a));
}

const ofReport = (item: Made, reports: Map<number, string>): HistoryRow => ({
  id: `reported/${item.id}`, run_id: null, attempt: null, partition: item.partition, status: "reported", reason: null, started_at: null, ended_at: item.at, duration_ms: null,
  metadata: item.metadata, said: reportedAt(reports, item.at),
});
