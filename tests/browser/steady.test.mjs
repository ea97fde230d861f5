// What is being read stays where it is: while a page loads, and when events arrive.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, daemon, open, page, stage } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

stage(startDaemon, async () => {
  await browser.context.addInitScript(() => {
    window.moved = [];
    const name = (node) => (node?.nodeType === Node.ELEMENT_NODE ? `${node.tagName} ${node.className}` : node?.textContent?.slice(0, 40));
    // Down or up, by more than the change of a font: what only grows to its left or right within its row moves nothing else.
    const far = (source) => Math.abs(source.currentRect.y - source.previousRect.y) > 4;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) for (const source of entry.sources) if (far(source)) window.moved.push(`${name(source.node)}: ${Math.round(source.previousRect.y)} to ${Math.round(source.currentRect.y)}`);
    }).observe({ type: "layout-shift", buffered: true });
  });
});

/** Two frames later, when what came was drawn and reported. */
const moved = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(window.moved.splice(0)))))));
const state = (key, word) => page.locator("[role=row]", { hasText: key }).locator("[role=cell]:nth-child(2)", { hasText: word }).waitFor();
const status = (word) => page.locator(".run-facts .strong", { hasText: word }).waitFor();

test("no part of a page is pushed about by one that is answered later", async () => {
  const { id } = await daemon.api("/runs", { select: "chatty" });
  await open(`/runs/${id}`);
  await status("Succeeded");
  await page.close();
  for (const [path, landmark] of [["/", "Just ended"], ["/alerts", "Rules"], ["/queue", "Waiting steps"], ["/definitions", "Choose a version"]]) {
    await open(path);
    await page.getByText(landmark).first().waitFor();
    await page.locator("main [aria-label=Loading]").waitFor({ state: "detached" });
    assert.deepEqual([path, ...(await moved())], [path]);
    await page.close();
  }
});

test("an asset's page stands still when its charts come last", async () => {
  for (let i = 0; i < 2; ++i) {
    const { id } = await daemon.api("/runs", { select: "chatty" });
    await open(`/runs/${id}`);
    await status("Succeeded");
    await page.close();
  }
  let isAsked, allow;
  const asked = new Promise((resolve) => { isAsked = resolve; }), allowed = new Promise((resolve) => { allow = resolve; });
  const charts = "**/api/v1/assets/chatty/materializations**";
  await browser.context.route(charts, async (route) => {
    isAsked();
    await allowed;
    await route.continue();
  });
  await open("/assets/chatty");
  await asked;
  await page.getByRole("navigation", { name: "Parts of this asset" }).waitFor();
  const before = await moved();  // what would be pushed about was drawn by now
  allow();
  await page.getByRole("heading", { name: "Over time" }).waitFor();
  await page.getByRole("heading", { name: "Latest metadata" }).waitFor();
  assert.deepEqual([...before, ...(await moved())], []);
  await browser.context.unroute(charts);
  await page.close();
});

test("a table of assets stands still while their states change", async () => {
  await open("/assets");
  await state("raw_events", "Never materialized");
  await moved();
  await daemon.api("/runs", { select: "raw_events" });
  await state("raw_events", "Materializing");
  await daemon.open("gate_raw");
  await state("raw_events", "Materialized");
  assert.deepEqual(await moved(), []);
  await page.close();
});

test("a run's page stands still while its steps end", async () => {
  const { id } = await daemon.api("/runs", { select: "raw_events+" });
  await open(`/runs/${id}`);
  await status("Running");
  await page.getByRole("log").getByText("loading").waitFor();
  await moved();
  await daemon.open("gate_raw");
  await status("Succeeded");
  assert.deepEqual(await moved(), []);
  await page.close();
});

test("the overview does not say that nothing is wrong while nothing can start", async () => {
  const full = "only 1 MiB are free in the data folder; nothing starts below 64 MiB";
  await browser.context.route("**/api/v1/project", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), disk: full } });
  });
  await open("/");
  await page.getByRole("alert").getByText(full).waitFor();
  await page.getByText("Nothing is being started").waitFor();
  assert.equal(await page.getByText("Nothing is wrong").count(), 0);
  await browser.context.unroute("**/api/v1/project");
  await page.close();
});
