// The daemon that `npm run dev:fake` plays from memory answers as the real one does: every page stands on it, in every state it can play.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { openBrowser, timeout } from "./browser.mjs";

const root = join(import.meta.dirname, "../../web-ui");
const { build, preview } = await import(pathToFileURL(createRequire(join(root, "package.json")).resolve("vite")).href);
let browser, outDir;

before(async () => {
  outDir = await mkdtemp(join(tmpdir(), "assetd-dashboard-"));
  await build({ root, mode: "fake", logLevel: "error", build: { outDir } });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await rm(outDir, { recursive: true, force: true });
});

const tabs = (path, ...names) => [path, ...names.map((name) => `${path}?tab=${name}`)];
const pages = [
  "/", "/lineage", "/lineage?asset=stg_stripe__charges", "/assets", "/runs", "/runs/1", "/runs/17", "/backfills", "/queue", "/forecast", "/definitions", "/definitions?version=2", "/alerts", "/audit", "/health", "/settings",
  ...tabs("/automation", "assets", "schedules", "sensors"),
  ...["stg_stripe__charges", "gold_customers", "stripe:webhooks", "daily_revenue", "event_counts"].flatMap((key) => tabs(`/assets/${key}`, "history", "checks", "partitions", "automation", "lineage", "definition")),
];

/** What a page that was opened complains about: exceptions, the console, and what the daemon does not know. */
async function complaintsOf(url) {
  const page = await browser.context.newPage();
  page.setDefaultTimeout(timeout);
  const found = [];
  page.on("pageerror", (error) => found.push(error.message));
  page.on("console", (message) => message.type() === "error" && found.push(message.text()));
  page.on("response", (response) => response.status() >= 400 && found.push(`${response.status()} ${new URL(response.url()).pathname}`));
  await page.goto(url, { waitUntil: "domcontentloaded" });
  await page.locator("main h1, main canvas").first().waitFor();
  await page.waitForLoadState("networkidle", { timeout: 500 }).catch(() => {}); // an event stream never idles
  if (await page.getByRole("button", { name: "Try again" }).count() > 0) found.push(await page.locator("main").innerText());
  await page.close();
  return found;
}

// Of a daemon that has done nothing yet there are no runs, and one asset stands for all.
for (const state of ["bad", "new"]) {
  test(`every page stands on the daemon that is played, state ${state}`, async () => {
    Object.assign(process.env, { FAKE_ASSETS: "shop", FAKE_STATE: state });
    const server = await preview({ root, mode: "fake", logLevel: "error", build: { outDir }, preview: { port: 0, host: "127.0.0.1" } });
    try {
      const url = `http://127.0.0.1:${server.httpServer.address().port}`;
      for (const path of pages.filter((one) => state !== "new" || !/\d$|^\/assets\/[^g]/.test(one))) assert.deepEqual([path, ...(await complaintsOf(url + path))], [path]);
    } finally {
      await server.close();
    }
  });
}
