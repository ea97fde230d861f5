// Automation on the dashboard: a run that nobody asked for says why it came, and the red button stops what starts by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeFindsNothing, daemon, go, open, page, stage, timeout } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const definitions = `name: automation
assets:
  - {key: raw, run: {plugin: exec, command: [echo, loaded]}}
  - {key: report, deps: [raw], automation: eager, run: {plugin: exec, command: [echo, reported]}}
`;

stage(() => startDaemon(definitions));

const see = (text) => page.getByText(text).first().waitFor();
const state = (text) => page.getByTestId("automation-state").filter({ hasText: text }).waitFor();
const row = (key) => page.getByRole("table", { name: "Assets with automation" }).getByRole("row").filter({ has: page.getByRole("link", { name: key, exact: true }) });
const banner = () => page.getByRole("region", { name: "Automation is paused" });
const runOf = async (key) => (await daemon.api(`/assets/${key}/automation`)).run_id;

/** Materializes raw and sees the run to its end on its own page. */
async function makeRaw() {
  const { id } = await daemon.api("/runs", { select: "raw" });
  await go(`/runs/${id}`);
  await page.locator(".run-facts .strong", { hasText: "Succeeded" }).waitFor();
  return id;
}

test("an asset is made by itself after the one above it, and its page says why", { timeout: 3 * timeout }, async () => {
  await open("/assets/report?tab=automation");
  await state("Waits");
  await page.getByRole("list", { name: "What the condition says now" }).getByText("eager").waitFor();
  await daemon.api("/runs", { select: "raw" });
  await page.locator(".evaluation").getByText("asked for").first().waitFor();
  const id = await runOf("report");
  const run = await daemon.api(`/runs/${id}`);
  assert.deepEqual([run.trigger.kind, run.trigger.name, run.actor], ["automation", "report", "automation"]);

  const asked = page.locator(".evaluation", { has: page.getByRole("link", { name: `#${id}`, exact: true }) });
  await asked.getByRole("button", { name: /true/ }).click();
  const tree = asked.getByRole("list", { name: "How it came to this answer" });
  await tree.getByText("any_deps_updated").waitFor();
  assert.equal(await tree.getByRole("link", { name: "raw", exact: true }).first().getAttribute("href"), "/assets/raw");
  const lines = await tree.getByRole("listitem").count();
  await tree.getByRole("button", { name: "Fold eager", exact: true }).press("Enter");
  await tree.getByText("any_deps_updated").waitFor({ state: "detached" });
  await tree.getByRole("button", { name: "Unfold eager", exact: true }).press("Enter");
  assert.equal(await tree.getByRole("listitem").count(), lines);
  await axeFindsNothing("the tree");

  await asked.getByRole("link", { name: `#${id}`, exact: true }).click();
  await page.locator(".run-facts .strong", { hasText: "Succeeded" }).waitFor();
  await page.getByRole("link", { name: "automation of report" }).click();
  await page.waitForURL((url) => url.pathname === "/assets/report" && url.searchParams.get("tab") === "automation");
  await go("/assets/raw");
  await see("About");
  assert.equal(await page.getByRole("link", { name: "Automation", exact: true }).count(), 1, "only the page's link: raw has no automation, so no tab");
  await page.close();
});

test("the red button asks why, stops what starts by itself, and every page says so until it is resumed", { timeout: 4 * timeout }, async () => {
  const before = await runOf("report");
  await open("/automation");
  await row("report").getByText("eager").waitFor();
  const place = () => row("report").boundingBox();
  const where = await place();
  await page.getByRole("button", { name: "Pause everything…" }).click();
  const dialog = page.getByRole("dialog", { name: "Pause all automation and schedules" });
  await dialog.getByText("Neither automation nor schedules nor sensors start anything").waitFor();
  const submit = dialog.getByRole("button", { name: "Pause all automation and schedules" });
  assert.equal(await submit.isDisabled(), true, "a reason is needed");
  await dialog.getByLabel(/^Why/).fill("the warehouse moves");
  await dialog.getByRole("button", { name: "1 hour" }).click();
  await submit.click();
  await dialog.waitFor({ state: "detached" });
  await banner().getByText(/by anonymous.*until.*the warehouse moves/).waitFor();
  assert.deepEqual(await place(), where, "nothing moved");
  const { automation_paused: paused } = await daemon.api("/project");
  assert.equal(paused.reason, "the warehouse moves");
  assert.ok(Date.parse(paused.until) - Date.now() > 50 * 60_000);
  await axeFindsNothing("the banner");

  await makeRaw();
  await banner().waitFor();
  await page.getByRole("link", { name: "Automation", exact: true }).first().click();
  await row("report").getByText("when resumed").waitFor();
  assert.equal(await runOf("report"), before, "it was not asked for");

  await banner().getByRole("button", { name: "Resume" }).click();
  await banner().waitFor({ state: "detached" });
  await row("report").getByRole("link", { name: /^#\d+$/ }).filter({ hasNotText: `#${before}` }).waitFor();
  await page.getByRole("button", { name: "Pause everything…" }).waitFor();
  await page.close();
});

test("one asset is muted and resumed on its page, and others see it live", { timeout: 3 * timeout }, async () => {
  await open("/automation");
  const list = page;
  await row("report").waitFor();
  await open("/assets/report?tab=automation");
  await page.getByRole("button", { name: "Mute…" }).click();
  const dialog = page.getByRole("dialog", { name: "Mute this asset" });
  await dialog.getByLabel(/^Why/).fill("its numbers are wrong");
  await page.keyboard.press("Enter");
  await state(/by anonymous.*until it is resumed: its numbers are wrong/);
  assert.equal((await daemon.api("/assets/report/automation")).paused.reason, "its numbers are wrong");
  await list.getByText("its numbers are wrong").waitFor();
  await page.getByRole("button", { name: "Unmute" }).click();
  await state("Waits");
  await list.getByText("its numbers are wrong").waitFor({ state: "detached" });
  await list.close();
  await page.close();
});
