// Partitions and backfills on the dashboard, on examples/partitions: a range is selected on the map and filled, a broken day is seen and made again.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { axeFindsNothing, daemon, go, open, page, stage, timeout } from "./browser.mjs";
import { startExample } from "./daemon.mjs";

stage(() => startExample("partitions"), () => mkdir(join(daemon.directory, "data"), { recursive: true }));

const broken = (...days) => writeFile(join(daemon.directory, "data/broken"), days.join("\n"));
const see = (text) => page.getByText(text).first().waitFor();
const map = (asset) => page.getByRole("listbox", { name: `Partitions of ${asset}` });
const told = (asset, text) => map(asset).getByRole("option").filter({ hasText: text }).waitFor({ state: "attached" });
const counts = async (asset) => (await daemon.api(`/assets/${asset}/partitions/map?limit=1`)).counts;
const dialog = () => page.getByRole("dialog", { name: "Materialize partitions" });

/** From the first of January on, by keys: `more` days further with shift. */
async function selectFirstDays(more) {
  await map("bronze_events").focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Home");
  await page.keyboard.press("Space");
  await page.waitForURL((url) => url.searchParams.get("from") === "2026-01-01");
  for (let i = 0; i < more; i++) await page.keyboard.press("Shift+ArrowRight");
}

test("a range of the map is backfilled, the map fills, a broken day shows and is retried", { timeout: 6 * timeout }, async () => {
  await broken("2026-01-08");
  await open("/assets/bronze_events?tab=partitions");
  await see(/0 of \d+ materialized/);
  await selectFirstDays(1);  // a week to the right
  await see("2026-01-01 … 2026-01-08");
  await see("8 selected: 8 missing");
  await axeFindsNothing("the map");
  const place = await map("bronze_events").boundingBox();
  await page.getByRole("button", { name: "Backfill 8…" }).click();
  await dialog().getByText("Would make 8 partitions in 8 runs").waitFor();
  await dialog().getByText("With downstream").click();
  await dialog().getByText("silver_orders").waitFor();
  await axeFindsNothing("the dialog");
  await dialog().getByText("Only it").click();
  await dialog().getByRole("button", { name: "Start backfill of 8 partitions" }).click();
  await dialog().waitFor({ state: "detached" });
  await see(/7 of \d+ materialized/);
  await see("1 failed");
  assert.deepEqual(await map("bronze_events").boundingBox(), place, "nothing moved");
  await page.keyboard.press("Escape");
  const { failed, materialized } = await counts("bronze_events");
  assert.deepEqual([failed, materialized], [1, 7]);

  const list = page.getByRole("table", { name: "Partitions" });
  await page.getByRole("group", { name: "Which partitions are listed" }).getByRole("button", { name: /^Failed/ }).click();
  await list.getByText("2026-01-08").waitFor();
  await list.getByRole("link", { name: "failed runs" }).waitFor();
  await daemon.api("/runs", { select: "bronze_events", partitions: ["2026-01-01"] });
  await see("one partition · last run");  // what failed is another one than was made last
  await go("/assets/bronze_events");
  const failures = page.getByRole("region", { name: "Failed partitions" });
  await failures.getByRole("link", { name: "[2026-01-08]" }).waitFor();
  await failures.getByText("exit code 1").waitFor();
  await axeFindsNothing("an asset of which a partition failed");

  await go("/backfills/1");
  await page.getByRole("table", { name: "Runs of this backfill" }).getByRole("link", { name: /^#\d+$/ }).click();
  await page.getByRole("region", { name: "Cause of failure" }).getByText("no events arrived for 2026-01-08").waitFor();
  await page.getByRole("button", { name: "Retry this…" }).click();
  await page.getByRole("menuitem", { name: "This partition" }).getByText("1 step").waitFor();  // and not the days of the run that are well
  await page.keyboard.press("Escape");

  await page.getByRole("link", { name: "backfill 1" }).click();
  await page.waitForURL((url) => url.pathname === "/backfills/1");
  await see("1 failed.");
  await page.getByRole("link", { name: "2026-01-08" }).first().waitFor();
  await axeFindsNothing("the backfill");
  await broken();
  await page.getByRole("button", { name: "Retry 1…" }).click();
  await page.getByLabel(/^Why/).fill("the events came");
  await page.getByRole("button", { name: "Retry 1 partition" }).click();
  await page.locator(".backfill-facts .strong", { hasText: "Succeeded" }).waitFor();
  await see("8 succeeded");
  assert.deepEqual((await counts("bronze_events")).failed, 0);
  const audit = (await daemon.api("/audit")).items.find((item) => item.action === "backfill.retry");
  assert.match(JSON.stringify(audit), /the events came/);

  await page.getByRole("link", { name: "Backfills", exact: true }).first().click();
  await page.getByRole("table", { name: "Backfills" }).getByText("8 / 8").waitFor();
  await axeFindsNothing("the list of backfills");
  await page.close();
});

test("a click and a shifted click select, and the steps of one run are told apart by their partitions", { timeout: 4 * timeout }, async () => {
  await open("/assets/silver_orders?tab=partitions");
  await see(/0 of \d+ materialized/);
  const box = await map("silver_orders").boundingBox();
  // The first column is the week that begins with Thursday, 1 January 2026.
  const cell = (column, row) => ({ position: { x: 36 + 18 * column + 7, y: 4 + 18 + 18 * row + 7 } });
  await map("silver_orders").click(cell(0, 3));
  await page.waitForURL((url) => url.searchParams.get("from") === "2026-01-01" && !url.searchParams.get("to"));
  await map("silver_orders").click({ ...cell(0, 5), modifiers: ["Shift"] });
  await see("2026-01-01 … 2026-01-03");
  await told("silver_orders", "2026-01-03: missing");
  assert.deepEqual(await map("silver_orders").boundingBox(), box, "nothing moved");
  await page.getByRole("button", { name: "Materialize 3…" }).click();
  await dialog().getByText("With upstream").click();
  await dialog().getByText("bronze_events").waitFor();
  await dialog().getByRole("button", { name: "Materialize 6 steps" }).click();
  await page.getByText(/^#\d+$/).first().click();
  await page.locator(".run-facts .strong", { hasText: "Succeeded" }).waitFor();
  await see("2026-01-01, 2026-01-02, 2026-01-03");
  const steps = page.getByRole("listbox", { name: "Steps" });
  await steps.getByRole("option", { name: "silver_orders [2026-01-02]: succeeded" }).click();
  await page.waitForURL((url) => url.searchParams.get("step") === "silver_orders" && url.searchParams.get("partition") === "2026-01-02");
  assert.equal(await steps.getByRole("option", { selected: true }).count(), 1);
  await steps.getByRole("option", { name: "bronze_events [2026-01-03]: succeeded" }).click();
  await page.getByText(/events from 2026-01-03T/).waitFor();
  await page.close();
});

test("what is under way is marked on the map while it is, over how it stood", { timeout: 4 * timeout }, async () => {
  await writeFile(join(daemon.directory, "events.py"), 'open("gate_raw").read()\n');
  await open("/assets/bronze_events?tab=partitions");
  await see(/\d+ of \d+ materialized/);
  const legend = (text) => page.getByRole("list", { name: "What the cells mean" }).getByRole("listitem").filter({ hasText: text }).waitFor();
  await legend("0running");
  const place = await map("bronze_events").boundingBox();
  await map("bronze_events").focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Home");
  await told("bronze_events", "2026-01-01: materialized");
  const { id } = await daemon.api("/runs", { select: "bronze_events", partitions: ["2026-01-01"] });
  await told("bronze_events", "2026-01-01: running, materialized before");
  await legend("1running");
  await axeFindsNothing("partitions under way");
  await daemon.open("gate_raw");
  await told("bronze_events", /2026-01-01: materialized$/);
  await legend("0running");

  const backfill = await daemon.api("/backfills", { select: "bronze_events", partitions: { from: "2026-02-01", to: "2026-02-03" }, max_runs: 1 });
  await legend("1running");
  await legend("2queued");
  assert.deepEqual(await map("bronze_events").boundingBox(), place, "nothing moved");
  await daemon.api(`/backfills/${backfill.id}/cancel`, { reason: "seen" });
  await legend("0queued");
  await go(`/runs/${id}`);
  await page.locator(".run-facts .strong", { hasText: "Succeeded" }).waitFor();
  await page.close();
});

test("keys of a dynamic set are added and removed on its asset's page", { timeout: 3 * timeout }, async () => {
  await open("/assets/customer_letter?tab=partitions");
  await see("There are no keys yet.");
  await page.getByLabel("Keys to add to customers").fill("ann bob");
  await page.keyboard.press("Enter");
  await see("0 of 2 materialized");
  await map("customer_letter").waitFor();
  await page.getByRole("button", { name: "Remove ann from customers" }).click();
  await see("0 of 1 materialized");
  assert.deepEqual((await daemon.api("/partitions/customers")).keys, ["bob"]);
  await axeFindsNothing("the keys");
  await page.close();
});
