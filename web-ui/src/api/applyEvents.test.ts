import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { applyEvents } from "./applyEvents";
import { Invalidator } from "./invalidator";
import { keys } from "./keys";
import type { LiveEvent } from "./types";

/** Which of these keys the event has asked for again. */
class Marks extends Invalidator {
  readonly marked: unknown[] = [];
  override mark(key: readonly unknown[]) {
    this.marked.push(key);
  }
}

function marked(type: string, subject: LiveEvent["subject"]): unknown[] {
  const client = new QueryClient();
  const marks = new Marks(client);
  applyEvents(client, marks, [{ id: 7, type, at: undefined, subject, changes: {} }]);
  return marks.marked;
}

test.each([
  ["a pause of all", "automation_changed", { key: null }],
  ["a pause of one asset", "automation_changed", { key: "report" }],
])("%s has the automation and the project, whose banner shows it, asked for again", (_, type, subject) => {
  expect(marked(type, subject)).toEqual(expect.arrayContaining([keys.automation, keys.project]));
});

test.each([
  ["run_changed", { run_id: "3" }], ["step_changed", { run_id: "3", key: "raw" }], ["materialization", { run_id: "3", key: "raw" }],
  ["check_result", { run_id: "3", key: "raw", check: "enough" }], ["asset_changed", { key: "raw" }], ["definitions_changed", { version: "2" }],
])("%s may change what a condition says", (type, subject) => {
  expect(marked(type, subject)).toContainEqual(keys.automation);
});
