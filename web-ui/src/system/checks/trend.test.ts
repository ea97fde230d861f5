import { expect, test } from "vitest";
import { againstUsual, sampleOf, seriesOf, sqlOf } from "./trend";

const result = (minute: number, metadata: Record<string, unknown>) => ({ at: new Date(minute * 60_000).toISOString(), status: "passed", metadata });

test("numbers become series, oldest first, counts of failures before the rest", () => {
  const series = seriesOf([result(3, { failures: 9, age: 1 }), result(2, { failures: { type: "int", raw_value: 2 }, age: 2 }), result(1, { failures: 1, execution_seconds: 3 })]);
  expect(series.map((each) => each.name)).toEqual(["failures", "age"]);
  expect(series[0]).toEqual({ name: "failures", x: [60, 120, 180], y: [1, 2, 9] });
});

test("one number alone is no trend", () => expect(seriesOf([result(1, { failures: 1 })])).toEqual([]));

test("the newest count stands against the middle of those before", () => {
  expect(againstUsual([result(4, { failures: 40 }), result(3, { failures: 0 }), result(2, { failures: 2 }), result(1, { failures: 1 })])).toEqual({ name: "failures", now: 40, usual: 1, of: 3 });
  expect(againstUsual([result(1, { failures: 40 })])).toBeUndefined();
  expect(againstUsual([result(2, { text: "x" }), result(1, {})])).toBeUndefined();
});

test("SQL loses its Markdown fence", () => {
  expect(sqlOf({ compiled_sql: { type: "md", raw_value: "```sql\nselect 1\n```" } })).toBe("select 1");
  expect(sqlOf({ sql: "select 2" })).toBe("select 2");
  expect(sqlOf({ failures: 1 })).toBeUndefined();
});

test("sample rows are read where they have the shape of a table", () => {
  expect(sampleOf({ sample_rows: { type: "json", raw_value: { columns: ["id"], rows: [[1], [2]] } } })).toEqual({ columns: ["id"], rows: [[1], [2]] });
  expect(sampleOf({ sample_rows: 3 })).toBeUndefined();
});
