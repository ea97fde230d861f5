// The queue page: pools are resized there, queued runs and waiting steps say what for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { daemon, go, open, page, stage, timeout } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const definitions = `name: queue
pools: {one: 1}
limits: {runs: 1}
assets:
  - {key: holder, pools: {one: 1}, run: {plugin: exec, command: [sh, -c, "cat gate_raw"]}}
  - {key: late, pools: {one: 1}, run: {plugin: exec, command: ["true"]}}
`;

stage(() => startDaemon(definitions));

const see = (text) => page.getByText(text).first().waitFor();
const pool = async () => (await daemon.api("/pools")).items.find((one) => one.name === "one");

test("what waits says what for, and a pool is resized and reset", { timeout: 3 * timeout }, async () => {
  const first = await daemon.api("/runs", { select: "*" });
  const second = await daemon.api("/runs", { select: "late", priority: 2 });
  await open("/queue");
  await see(`1 of 1 slots held by run ${first.id}, step holder`);
  await see("Queued runs");
  await see(`1 of 1 held by run ${first.id}`);
  await see("runs: 1 of 1 under way");
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator(".below", { hasText: `1 of 1 slots held by run ${first.id}, step holder` }).getByRole("link").waitFor();
  await page.setViewportSize({ width: 1440, height: 900 });
  await go(`/runs/${first.id}`);
  await see(/^waits for pool one, for .* now: 1 of 1 slots held by run/);
  await go("/queue");

  await page.getByRole("button", { name: "Resize the pool one" }).click();
  await page.getByLabel(/^Slots/).fill("2");
  await page.getByLabel(/^Why/).fill("a second machine");
  await page.getByRole("button", { name: "Resize one" }).click();
  await see("a second machine");
  assert.deepEqual([(await pool()).slots, (await pool()).resized.reason], [2, "a second machine"]);

  await page.getByRole("button", { name: "Resize the pool one" }).click();
  await page.getByRole("button", { name: "Back to 1 as defined" }).click();
  await page.getByText("a second machine").waitFor({ state: "detached" });
  assert.equal((await pool()).resized, null);

  await open(`/runs/${second.id}`);
  await see("It waits to begin");
  await page.getByRole("button", { name: "Priority…" }).click();
  await page.getByRole("textbox", { name: /^Priority/ }).fill("-4");
  await page.getByRole("button", { name: `Set for run ${second.id}` }).click();
  await see("priority -4");
  await daemon.open("gate_raw");
  await page.locator(".run-facts .strong", { hasText: "Succeeded" }).waitFor();
});
