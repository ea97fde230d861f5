import { expect, it } from "vitest";
import { freshnessTurns } from "./history";

const at = (hour: number) => `2026-01-05T${String(hour).padStart(2, "0")}:00:00.000Z`;
const event = (hour: number, changes: Record<string, unknown>) => ({ id: String(hour), type: "asset_changed", at: at(hour), changes });
const hours = (n: number) => n * 3_600_000;

it("keeps when it became too old and fresh again, and how long that was", () => {
  const turns = freshnessTurns([
    event(9, { freshness: "fresh", from: "violated", data_at: at(9) }), event(8, { status: "materialized" }), event(6, { freshness: "violated", from: "warn", violated_at: at(6) }),
    event(5, { freshness: "warn", from: "fresh" }), event(3, { freshness: "fresh", from: "warn" }), event(2, { freshness: "warn", from: null }),
  ]);
  expect(turns).toEqual([
    { id: "9", state: "fresh", at: Date.parse(at(9)), after: hours(3) },
    { id: "6", state: "violated", at: Date.parse(at(6)), after: null },
  ]);
});

it("counts from when it became too old, not from when a daemon that had been stopped told it", () => {
  const [fresh, violated] = freshnessTurns([event(9, { freshness: "warn", from: "violated" }), event(8, { freshness: "violated", from: null, violated_at: at(4) })]);
  expect(fresh).toMatchObject({ state: "warn", after: hours(5) });
  expect(violated).toMatchObject({ state: "violated", at: Date.parse(at(4)) });
});

it("does not guess how long, where the event before is no longer kept", () => {
  expect(freshnessTurns([event(9, { freshness: "fresh", from: "violated" })])).toEqual([{ id: "9", state: "fresh", at: Date.parse(at(9)), after: null }]);
  expect(freshnessTurns([{ ...event(1, { freshness: "violated", from: null }), type: "materialization" }])).toEqual([]);
});

it("leaves out that freshness is no longer demanded", () => {
  expect(freshnessTurns([event(9, { freshness: "none", from: "violated" })])).toEqual([]);
});
