import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { applyEvents } from "./applyEvents";
import { Invalidator } from "./invalidator";
import { keys } from "./keys";
import type { LiveEvent, Step } from "./types";

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
  ["backfill_changed", keys.backfills], ["run_changed", keys.backfills], ["partitions_changed", keys.partitionSets],
  ["run_changed", keys.allPartitions], ["backfill_changed", keys.allPartitions], ["definitions_changed", keys.allPartitions],
  ["definitions_changed", keys.definitions], ["definitions_changed", keys.definitionVersions],
  ["schedule_changed", keys.triggers], ["sensor_changed", keys.triggers], ["automation_changed", keys.triggers], ["backfill_changed", keys.triggers],
])("%s has what shows it asked for again", (type, key) => {
  expect(marked(type, { run_id: "3", backfill_id: "1", set: "customers" })).toContainEqual(key);
});

test("a step of a partition has that asset's partitions asked for again", () => {
  expect(marked("step_changed", { run_id: "3", key: "raw", partition: "2026-01-05" })).toContainEqual(keys.partitions("raw"));
});

test("an event is applied to the step of its own partition, and one about several to each", () => {
  const client = new QueryClient();
  const of = (key: string, partition: string) => ({ key, partition, status: "pending", started_at: null, ended_at: null, reason: null, detail: null }) as Step;
  client.setQueryData(keys.steps("3"), [of("raw", "mon"), of("raw", "tue"), of("week", "one")]);
  const event = (subject: LiveEvent["subject"], status: string): LiveEvent => ({ id: 7, type: "step_changed", at: undefined, subject: { run_id: "3", ...subject }, changes: { status } });
  const statuses = () => client.getQueryData<Step[]>(keys.steps("3"))!.map((step) => step.status);
  applyEvents(client, new Marks(client), [event({ key: "raw", partition: "tue" }, "running")]);
  expect(statuses()).toEqual(["pending", "running", "pending"]);
  applyEvents(client, new Marks(client), [event({ key: "raw", partition: "mon", keys: ["raw", "week"], partitions: ["mon", "one"] }, "skipped")]);
  expect(statuses()).toEqual(["skipped", "running", "skipped"]);
});

test.each([
  ["run_changed", { run_id: "3" }], ["step_changed", { run_id: "3", key: "raw" }], ["materialization", { run_id: "3", key: "raw" }],
  ["check_result", { run_id: "3", key: "raw", check: "enough" }], ["asset_changed", { key: "raw" }], ["definitions_changed", { version: "2" }],
])("%s may change what a condition says", (type, subject) => {
  expect(marked(type, subject)).toContainEqual(keys.automation);
});
