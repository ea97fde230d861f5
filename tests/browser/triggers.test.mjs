// What starts an asset, on its page: schedules, sensors, its condition, backfills; and what holds them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { openBrowser } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const timeout = 60_000;
const definitions = `name: triggers
assets:
  - {key: raw, run: {command: [echo, made]}}
  - {key: mid, deps: [raw], automation: eager, run: {command: [echo, made]}}
  - {key: alone, run: {command: [echo, made]}}
schedules:
  - {name: nightly, select: raw, cron: "0 2 * * *", timezone: Europe/London}
  - {name: watch, select: raw, steps: checks, cron: "0 3 * * *", timezone: UTC}
sensors:
  - {name: landing, file: {glob: "in/*.json"}, every: 1h, select: "raw+"}
`;
let daemon, browser, page;

before(async () => {
  daemon = await startDaemon(definitions);
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await daemon?.stop();
});

async function open(path) {
  page = await browser.context.newPage();
  page.setDefaultTimeout(timeout);
  page.setDefaultNavigationTimeout(2 * timeout);
  await page.goto(daemon.url + path, { waitUntil: "domcontentloaded" });
}

async function axeFindsNothing(where) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"] }));
    assert.deepEqual(violations.map((v) => `${where}, ${colorScheme}: ${v.id}: ${v.nodes.slice(0, 3).map((node) => `${node.target.join(" ")} ${node.failureSummary?.split("\n")[1] ?? ""}`).join(" | ")}`), []);
  }
}

const section = () => page.getByRole("region", { name: "What starts it" });
const line = (text) => section().locator(".line").filter({ hasText: text });

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

test("a condition stands among what starts it, and nothing is an answer as well", { timeout: 3 * timeout }, async () => {
  await open("/assets/mid");
  await line("Automation").filter({ hasText: "eager" }).waitFor();
  await page.goto(`${daemon.url}/assets/alone`, { waitUntil: "domcontentloaded" });
  await section().getByText("Only people do.").waitFor();
  await page.close();
});
