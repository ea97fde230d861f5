// What starts an asset, on its page: schedules, sensors, its condition, backfills; and what holds them. What no run made is reported there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeFindsNothing, daemon, go, open, page, stage, timeout } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const definitions = `name: triggers
assets:
  - {key: raw, run: {command: [echo, made]}}
  - {key: mid, deps: [raw], automation: eager, run: {command: [echo, made]}}
  - {key: alone, run: {command: [echo, made]}}
external:
  - {key: supplier/files, freshness: {within: 2s}}
schedules:
  - {name: nightly, select: raw, cron: "0 2 * * *", timezone: Europe/London}
  - {name: watch, select: raw, steps: checks, cron: "0 3 * * *", timezone: UTC}
sensors:
  - {name: landing, file: {glob: "in/*.json"}, every: 1h, select: "raw+"}
`;

stage(() => startDaemon(definitions));

const section = () => page.getByRole("region", { name: "What starts it" });
const line = (name) => section().locator(".line").filter({ has: page.getByRole("link", { name, exact: true }) });

test("an asset's page says what will start it, when, and what holds it", { timeout: 4 * timeout }, async () => {
  await open("/assets/raw");
  await line("nightly").filter({ hasText: /\d/ }).waitFor();
  await line("watch").filter({ hasText: "only its checks" }).waitFor();
  await line("landing").filter({ hasText: "in/*.json" }).waitFor();
  await line("Next start").filter({ hasText: "foreseen, of schedule nightly" }).waitFor();
  await axeFindsNothing("what starts an asset");
  await daemon.api("/schedules/nightly/pause", { reason: "the warehouse moves" });
  await line("nightly").filter({ hasText: "paused by" }).waitFor();
  await daemon.api("/schedules/nightly/resume", {});
  await daemon.api("/automation/pause", { reason: "red button" });
  await section().getByText("red button").first().waitFor();  // the words; an icon says it as well
  await line("landing").filter({ hasText: "held" }).waitFor();
  assert.equal(await line("Next start").count(), 0, "nothing is foreseen while nothing starts");
  await axeFindsNothing("what starts an asset, paused");
  await daemon.api("/automation/resume", {});
  await line("nightly").getByRole("link").click();
  await page.waitForURL((url) => url.searchParams.get("schedule") === "nightly");
  await page.close();
});

test("an asset without a condition is muted there, with reason and end, and what leaves it out says so", { timeout: 4 * timeout }, async () => {
  await open("/assets/raw");
  await section().getByRole("button", { name: "Mute…" }).click();
  const dialog = page.getByRole("dialog", { name: "Mute this asset" });
  await dialog.getByLabel(/^Why/).fill("the supplier sends rubbish");
  await page.keyboard.press("Enter");
  await section().getByTestId("muted").filter({ hasText: /Muted by anonymous.*until it is resumed: the supplier sends rubbish/ }).waitFor();
  await line("nightly").filter({ hasText: "leaves it out" }).waitFor();
  await line("landing").filter({ hasText: "leaves it out" }).waitFor();
  await page.mouse.move(0, 0);  // off the button that is there now, whose tip stands outside of the page's regions
  await page.getByRole("tooltip").waitFor({ state: "detached" });
  await axeFindsNothing("what starts an asset, muted");
  assert.equal((await daemon.api("/assets/raw/triggers")).muted.reason, "the supplier sends rubbish");
  await section().getByRole("button", { name: "Unmute" }).click();
  await section().getByTestId("muted").waitFor({ state: "detached" });
  await open("/assets/alone");
  await section().getByRole("button", { name: "Mute…" }).waitFor();
  await open("/assets/supplier:files");
  await page.getByRole("button", { name: "Report new data…" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Mute…" }).count(), 0, "what is made elsewhere cannot be muted");
  await page.close();
});

test("a condition stands among what starts it, and nothing is an answer as well", { timeout: 3 * timeout }, async () => {
  await open("/assets/mid");
  await line("Automation").filter({ hasText: "eager" }).getByText(/^when raw/).waitFor();
  await go("/assets/alone");
  await section().getByText("Only people do.").waitFor();
  await page.close();
});

const reported = (reason) => page.getByText(`reported by anonymous: ${reason}`).first();

test("what was made by hand is reported with a reason, which stands in the place of a run", { timeout: 4 * timeout }, async () => {
  await open("/assets/alone");
  await page.getByRole("button", { name: "More ways to materialize" }).click();
  await page.getByRole("menuitem", { name: "Report as made by hand…" }).click();
  const dialog = page.getByRole("dialog", { name: "Report data made by hand" });
  await dialog.getByLabel("Why? Others will see it.").fill("loaded from the backup");
  const metadata = dialog.getByLabel("Metadata (optional), name=value, one a line");
  await metadata.fill("rows");
  await metadata.blur();
  await dialog.getByText("Line 1 is not name=value").waitFor();
  assert.equal(await dialog.getByRole("button", { name: "Report it as made" }).isDisabled(), true, "what cannot be read is not sent");
  await axeFindsNothing("report by hand");
  await metadata.fill("rows=812");
  await dialog.getByLabel("Data version (optional").fill("backup of Monday");
  await dialog.getByRole("button", { name: "Report it as made" }).click();
  await dialog.waitFor({ state: "hidden" });
  await reported("loaded from the backup").waitFor();
  await page.locator(".facts dd", { hasText: "812" }).first().waitFor();
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "More ways to materialize");  // the focus is where it came from
  await axeFindsNothing("an asset that was reported");
  const [made] = (await daemon.api("/assets/alone/materializations")).items;
  assert.deepEqual([made.run_id, made.metadata, made.data_version], [null, { rows: 812 }, "backup of Monday"]);

  await go("/assets/alone?tab=history");
  const row = page.getByRole("row").filter({ hasText: "reported by anonymous: loaded from the backup" });
  await row.getByText("rows 812").waitFor();
  assert.equal(await row.getByRole("link").count(), 0, "no run made it");
  await page.close();
});

test("new data of an external asset is reported, and its page says when it was too old", { timeout: 4 * timeout }, async () => {
  await open("/assets/supplier:files");
  await page.getByRole("button", { name: "Report new data…" }).click();
  const dialog = page.getByRole("dialog", { name: "Report new data" });
  await dialog.getByLabel("Why? Others will see it.").fill("the file of today is in");
  await dialog.getByRole("button", { name: "Report it as made" }).click();
  await reported("the file of today is in").waitFor();
  const freshness = page.getByRole("list", { name: "Freshness, newest first" });
  await freshness.getByText("too old").first().waitFor();
  await axeFindsNothing("an asset that is too old");
  await daemon.api("/assets/supplier:files/materializations", { reason: "the missing half" });
  await freshness.getByText("fresh again after").first().waitFor();
  await reported("the missing half").waitFor();
  await page.close();
});
