import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before } from "node:test";
import axe from "axe-core";
import { chromium } from "playwright-core";

const args = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };

/** DASHBOARD=web-ui/dist: the dashboard as it was built last, before a daemon that carries an older one. */
async function serveBuilt(context, folder) {
  await context.route((url) => !/^\/(api|readyz|healthz|metrics)/.test(url.pathname), async (route) => {
    const { pathname } = new URL(route.request().url());
    const file = pathname.startsWith("/assets/") && extname(pathname) in types || pathname === "/icon.svg" ? pathname : "/index.html";
    await route.fulfill({ contentType: types[extname(file)], body: await readFile(join(folder, file)) });
  });
}

/** Starts Chromium with a fresh profile; `close` ends it and removes the profile. CHROMIUM names another program than Debian's. */
export async function openBrowser(options = {}) {
  const profile = await mkdtemp(join(tmpdir(), "assetd-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args, viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...options,
  });
  if (process.env.DASHBOARD) await serveBuilt(context, process.env.DASHBOARD);
  const close = async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  };
  return { context, close };
}

export const timeout = 60_000;

/** What a file of tests has once it called `stage`; `page` is the one that was opened last. */
export let daemon, browser, page;

/** Before the tests of a file a daemon, as `start` gives it, and a browser, then `prepare`; both are ended after them. */
export function stage(start, prepare) {
  before(async () => {
    daemon = await start();
    browser = await openBrowser();
    await prepare?.();
  });
  after(async () => {
    await browser?.close();
    await daemon?.stop();
  });
}

/** Opens a path of the dashboard in a new tab. */
export async function open(path) {
  page = await browser.context.newPage();
  page.setDefaultTimeout(timeout);
  page.setDefaultNavigationTimeout(2 * timeout);
  await go(path);
}

/** The same in the tab that is open, if one is. */
export async function go(path) {
  if (!page || page.isClosed()) return open(path);
  await page.goto(daemon.url + path, { waitUntil: "domcontentloaded" });
}

/** In each theme. Colours that are on their way to others are waited for; what turns for ever is not. */
export async function axeFindsNothing(where, themes = ["light", "dark"]) {
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme });
    await page.waitForFunction(() => document.getAnimations().every((each) => each.playState !== "running" || each.effect.getComputedTiming().endTime === Infinity));
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"] }));
    assert.deepEqual(violations.map((v) => `${where}, ${colorScheme}: ${v.id}: ${v.nodes.slice(0, 3).map((node) => `${node.target.join(" ")} ${node.failureSummary?.split("\n")[1] ?? ""}`).join(" | ")}`), []);
  }
}
