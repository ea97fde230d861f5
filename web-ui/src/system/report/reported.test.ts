import { expect, it } from "vitest";
import { historyRows, reportedAt, reportedByNobody, reportsOf } from "./reported";

const at = (minute: number) => `2026-01-05T10:${String(minute).padStart(2, "0")}:00.000Z`;
const event = (minute: number, changes: Record<string, unknown>) => ({ type: "materialization", at: at(minute), changes });
const reports = reportsOf([event(7, { metadata: {}, reported_by: "ana", reason: "copied by hand" }), event(5, { metadata: {} }), { type: "asset_changed", at: at(4), changes: { reported_by: "nobody" } }]);
const attempt = (run: string, minute: number) => ({ run_id: run, attempt: 1, partition: null, status: "succeeded", reason: null, started_at: at(minute - 1), ended_at: at(minute), duration_ms: 60_000 });
const made = (run_id: string | null, minute: number, rows: number) => ({ id: `${minute}`, run_id, partition: null, at: at(minute), metadata: { rows } });

it("knows who reported what by its instant", () => {
  expect([...reports]).toEqual([[Date.parse(at(7)), "reported by ana: copied by hand"]]);
  expect(reportedAt(reports, "2026-01-05T10:07:00Z")).toBe("reported by ana: copied by hand");
  expect(reportedAt(reports, at(1))).toBe(reportedByNobody);
});

it("puts what was reported between the attempts, with its metadata and without a run", () => {
  const rows = historyRows([attempt("9", 9), attempt("5", 5)], [made("9", 9, 90), made(null, 7, 70), made("5", 5, 50)], reports, false);
  expect(rows.map((row) => [row.run_id, row.status, row.metadata?.rows, row.said])).toEqual([
    ["9", "succeeded", 90, null], [null, "reported", 70, "reported by ana: copied by hand"], ["5", "succeeded", 50, null],
  ]);
  expect(new Set(rows.map((row) => row.id)).size).toBe(3);
});

it("leaves out reports from before the oldest attempt that is listed, if there are older ones", () => {
  const of = (more: boolean) => historyRows([attempt("5", 5)], [made(null, 7, 70), made(null, 2, 20)], reports, more).map((row) => row.metadata?.rows);
  expect(of(true)).toEqual([70, undefined]);
  expect(of(false)).toEqual([70, undefined, 20]);
});

it("lists reports alone where no run ever was: an external asset", () => {
  expect(historyRows([], [made(null, 2, 20)], reports, false).map((row) => row.said)).toEqual([reportedByNobody]);
});
