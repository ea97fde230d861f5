import { expect, it } from "vitest";
import { fromLocalInput, hoursAhead, toLocalInput, tomorrowAt } from "./local";

const evening = new Date(2026, 10, 30, 22, 4, 31).getTime();

it("goes to a field and back, to the minute", () => {
  expect(toLocalInput(evening)).toBe("2026-11-30T22:04");
  expect(fromLocalInput("2026-11-30T22:04")).toBe(evening - 31_000);
});

it.each(["", "soon", "2026-11-30", "2026-99-30T22:04"])("%j is no time", (text) => expect(fromLocalInput(text)).toBeNull());

it("rounds an hour ahead up to the minute", () => expect(toLocalInput(hoursAhead(evening, 1))).toBe("2026-11-30T23:05"));

it("tomorrow is the next day, also at a month's end", () => expect(toLocalInput(tomorrowAt(evening, 8))).toBe("2026-12-01T08:00"));
