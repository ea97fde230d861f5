import { expect, it } from "vitest";
import { triggerText } from "./triggerText";

const run = (kind: string, name: string | null, actor: string, retry_of: string | null = null) => ({ trigger: { kind, name, instant: null }, actor, retry_of });

it.each([
  [run("schedule", "nightly", "schedule"), "schedule nightly"],
  [run("automation", "report", "automation"), "automation of report"],
  [run("automation", "", "automation"), "automation"],
  [run("sensor", "landing", "sensor landing"), "sensor landing"],
  [run("retry", null, "alice", "40"), "retry of #40"],
  [run("api", null, "alice"), "by hand, alice"],
  [run("api", null, "anonymous"), "by hand"],
])("%j", (one, text) => expect(triggerText(one)).toBe(text));
