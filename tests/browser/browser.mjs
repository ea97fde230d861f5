import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
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
