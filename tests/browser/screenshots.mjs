// node screenshots.mjs URL DIRECTORY [name filter]: every page of a daemon that runs, wide and narrow, light and dark, to look at.
// node screenshots.mjs examples DIRECTORY [name filter]: the same of the examples, each started and brought into the states that its pages are about (scenes.mjs).
import { scenes } from "./scenes.mjs";
import { photographer } from "./shots.mjs";

const [url = "http://127.0.0.1:8080", out = "screenshots", only = ""] = process.argv.slice(2);
const camera = await photographer(out, only);

async function pagesOf() {
  const get = async (path) => (await fetch(`${url}/api/v1${path}`)).json();
  const runs = (await get("/runs?limit=50")).items;
  const failed = runs.find((run) => run.status === "failed");
  const assets = (await get("/assets?limit=50")).items;
  const asset = assets.find((one) => one.checks.failed > 0) ?? assets.find((one) => one.status === "failed") ?? assets.find((one) => one.last_materialization) ?? assets[0];
  const automated = (await get("/automation?limit=1")).items[0];
  const divided = assets.find((one) => one.partitions?.failed > 0) ?? assets.find((one) => one.partitions);
  const backfill = (await get("/backfills?limit=1")).items?.[0];
  const of = (one) => one && `/assets/${one.key.replaceAll("/", ":")}`;
  return {
    overview: "/", lineage: "/lineage", lineageSelected: asset && `/lineage?asset=${asset.key}`, catalog: "/assets", asset: of(asset), assetMade: of(assets.find((one) => one.last_materialization && one !== asset)),
    history: of(asset) && `${of(asset)}?tab=history`, checks: of(asset) && `${of(asset)}?tab=checks`, near: of(asset) && `${of(asset)}?tab=lineage`, definition: of(asset) && `${of(asset)}?tab=definition`,
    runs: "/runs", runFailed: failed && `/runs/${failed.id}`, runLast: runs[0] && `/runs/${runs[0].id}`, automation: "/automation?tab=assets", schedules: "/automation?tab=schedules", sensors: "/automation?tab=sensors", assetAutomation: automated && `${of(automated)}?tab=automation`, queue: "/queue", partitions: divided && `${of(divided)}?tab=partitions`, backfills: "/backfills", backfill: backfill && `/backfills/${backfill.id}`, forecast: "/forecast", forecastWhatIf: "/forecast?pools=default=1", alerts: "/alerts", definitions: "/definitions", audit: "/audit",
    health: "/health", settings: "/settings", missing: "/nowhere",
  };
}

try {
  if (url === "examples") for (const scene of scenes) await scene(camera);
  else for (const [name, path] of Object.entries(await pagesOf())) if (path) await camera.take(name, url + path);
} finally {
  await camera.close();
}
