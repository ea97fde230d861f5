// node screenshots.mjs URL DIRECTORY [name filter]: every page, wide and narrow, light and dark, to look at.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openBrowser } from "./browser.mjs";

const [url = "http://127.0.0.1:8080", out = "screenshots", only = ""] = process.argv.slice(2);
const get = async (path) => (await fetch(`${url}/api/v1${path}`)).json();
const runs = (await get("/runs?limit=50")).items;
const failed = runs.find((run) => run.status === "failed");
const assets = (await get("/assets?limit=50")).items;
const asset = assets.find((one) => one.checks.failed > 0) ?? assets.find((one) => one.status === "failed") ?? assets.find((one) => one.last_materialization) ?? assets[0];
const automated = (await get("/automation?limit=1")).items[0];
const divided = assets.find((one) => one.partitions?.failed > 0) ?? assets.find((one) => one.partitions);
const backfill = (await get("/backfills?limit=1")).items?.[0];
const of = (one) => one && `/assets/${one.key.replaceAll("/", ":")}`;
const pages = {
  overview: "/", lineage: "/lineage", lineageSelected: asset && `/lineage?asset=${asset.key}`, catalog: "/assets", asset: of(asset), assetMade: of(assets.find((one) => one.last_materialization && one !== asset)),
  history: of(asset) && `${of(asset)}?tab=history`, checks: of(asset) && `${of(asset)}?tab=checks`, near: of(asset) && `${of(asset)}?tab=lineage`, definition: of(asset) && `${of(asset)}?tab=definition`,
  runs: "/runs", runFailed: failed && `/runs/${failed.id}`, runLast: runs[0] && `/runs/${runs[0].id}`, automation: "/automation?tab=assets", schedules: "/automation?tab=schedules", sensors: "/automation?tab=sensors", assetAutomation: automated && `${of(automated)}?tab=automation`, queue: "/queue", partitions: divided && `${of(divided)}?tab=partitions`, backfills: "/backfills", backfill: backfill && `/backfills/${backfill.id}`, forecast: "/forecast", forecastWhatIf: "/forecast?pools=default=1", alerts: "/alerts", definitions: "/definitions", audit: "/audit",
  health: "/health", settings: "/settings", missing: "/nowhere",
};
await mkdir(out, { recursive: true });
const { context, close } = await openBrowser();
const page = context.pages()[0] ?? (await context.newPage());
page.on("console", (message) => ["error", "warning"].includes(message.type()) && console.log(`${page.url()} ${message.type()}: ${message.text().slice(0, 300)}`));
page.on("pageerror", (error) => console.log(`${page.url()} threw: ${error.message.slice(0, 300)}`));
for (const scheme of (process.env.SCHEMES ?? "light,dark").split(",")) {
  await page.emulateMedia({ colorScheme: scheme });
  for (const [width, height] of (process.env.SIZES ?? "1440x900,390x844").split(",").map((size) => size.split("x").map(Number))) {
    await page.setViewportSize({ width, height });
    for (const [name, path] of Object.entries(pages)) {
      if (!path || !new RegExp(only || ".").test(name)) continue;
      await page.goto(url + path);
      await page.waitForLoadState("networkidle", { timeout: Number(process.env.SETTLE ?? 5000) }).catch(() => {}); // an event stream never idles
      await page.screenshot({ path: join(out, `${name}-${width}-${scheme}.png`) });
    }
  }
}
await close();
