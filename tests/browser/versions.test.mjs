// Versions on the dashboard: why an asset is stale, down to the cause; what was reused; what changed since it worked and whom a failure concerns.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { openBrowser } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const timeout = 60_000;
const definitions = `name: versions
assets:
  - {key: raw, owners: ["team:raw"], run: {plugin: exec, command: [sh, -c, "test ! -e broken"]}}
  - {key: mid, deps: [raw], skip_if_unchanged: true, run: {plugin: exec, command: [sh, -c, "test ! -e broken"]}}
  - {key: top, deps: [mid], owners: ["team:top"], freshness: {within: 2h}, run: {plugin: exec, command: [echo, made]}}
exposures:
  - {name: weekly_board, type: dashboard, owner: Ada, url: "https://bi.example/board", depends_on: [top]}
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

/** Asks for a run and sees it to its end on its own page. */
async function run(body, state) {
  const { id } = await daemon.api("/runs", body);
  if (!page) await open(`/runs/${id}`);
  else await page.goto(`${daemon.url}/runs/${id}`, { waitUntil: "domcontentloaded" });
  await page.locator(".run-facts .strong", { hasText: state }).waitFor();
  return id;
}

async function axeFindsNothing(where) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"] }));
    assert.deepEqual(violations.map((v) => `${where}, ${colorScheme}: ${v.id}: ${v.nodes.slice(0, 3).map((node) => `${node.target.join(" ")} ${node.failureSummary?.split("\n")[1] ?? ""}`).join(" | ")}`), []);
  }
}

test("a step that is unchanged says which run it stands on", { timeout: 3 * timeout }, async () => {
  const first = await run({ select: "*" }, "Succeeded");
  await run({ select: "mid or top" }, "Succeeded");
  await page.getByText(`reused the data of run ${first}`).first().waitFor();
});

test("a stale asset shows the way to the cause, and what it was made from", { timeout: 3 * timeout }, async () => {
  const cause = await run({ select: "raw" }, "Succeeded");
  await page.goto(`${daemon.url}/assets/top`, { waitUntil: "domcontentloaded" });
  const why = page.getByRole("region", { name: "Why it is stale" });
  await why.getByRole("link", { name: "mid", exact: true }).waitFor();
  await why.getByText("raw has newer data").waitFor();
  assert.equal(await why.getByRole("link", { name: cause }).count(), 1, "the run that brought the data is a click away");
  await page.getByText("Data version", { exact: true }).waitFor();
  await axeFindsNothing("a stale asset");
});

test("a failed run says what changed since it worked and whom it concerns", { timeout: 3 * timeout }, async () => {
  await writeFile(join(daemon.directory, "broken"), "");
  await run({ select: "mid", force: true }, "Failed");
  const cause = page.getByRole("region", { name: "Cause of failure" });
  await cause.getByText("Changed since it last succeeded").waitFor();
  await cause.locator("dd", { hasText: "has other data" }).waitFor();
  await cause.getByText("Owners: team:top").waitFor();
  await cause.getByText("Next deadline:").waitFor();
  assert.equal(await cause.getByText("Seen in").locator("xpath=.").innerText(), "Seen in weekly_board (dashboard), Ada");
  assert.equal(await cause.getByRole("link", { name: "weekly_board" }).getAttribute("href"), "https://bi.example/board");
  await axeFindsNothing("the cause of a failure");
});
