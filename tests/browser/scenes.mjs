// The examples in the states that their pages are about. Each scene starts its own daemon and ends it.
import { once } from "node:events";
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { startExample } from "./daemon.mjs";

/** Asks again with every event of the daemon until `holds`. */
async function until(daemon, path, holds) {
  const stop = new AbortController();
  const stream = (await fetch(`${daemon.url}/api/v1/events`, { signal: stop.signal })).body.getReader();
  try {
    for (;;) {
      const answer = await daemon.api(path);
      if (holds(answer)) return answer;
      await stream.read();
    }
  } finally {
    stop.abort();
  }
}

const run = async (daemon, select, more = {}) => {
  const { id } = await daemon.api("/runs", { select, ...more });
  return until(daemon, `/runs/${id}`, (one) => one.ended_at !== null);
};

/** `names`: the scene is left out where none of them is wanted. */
const scene = (example, names, play, env) => async (camera) => {
  if (!names.some(camera.wanted)) return;
  const daemon = await startExample(example, env);
  try {
    await play({ daemon, write: (name, text) => writeFile(join(daemon.directory, name), text), take: (name, path, act) => camera.take(name, daemon.url + path, act) });
  } finally {
    await camera.leave();
    await daemon.stop();
  }
};

const partitions = scene("partitions", ["partitionsHeat", "partitionsSelected", "partitionsDialog", "partitionsUnderWay", "backfills", "backfillMade", "backfillUnderWay"], async ({ daemon, write, take }) => {
  await mkdir(join(daemon.directory, "data"), { recursive: true });
  await write("data/broken", "2026-01-08\n2026-02-03");
  const { id } = await daemon.api("/backfills", { select: "bronze_events or silver_orders", partitions: { from: "2026-01-01", to: "2026-02-20" } });
  await until(daemon, `/backfills/${id}`, (one) => one.ended_at !== null);
  await take("backfillMade", `/backfills/${id}`);
  await take("partitionsHeat", "/assets/bronze_events?tab=partitions");
  await take("partitionsSelected", "/assets/silver_orders?tab=partitions&from=2026-02-01&to=2026-02-27");
  await take("partitionsDialog", "/assets/silver_orders?tab=partitions&from=2026-02-01&to=2026-02-27", (page) => page.getByRole("button", { name: /^Backfill \d+…/ }).click());
  await write("events.py", "import signal\nsignal.pause()\n");  // now each day takes long enough to be looked at
  const slow = await daemon.api("/backfills", { select: "bronze_events", partitions: { from: "2026-03-01", to: "2026-04-20" }, max_runs: 4 });
  await until(daemon, `/backfills/${slow.id}`, (one) => one.counts.in_progress > 0);
  await take("backfillUnderWay", `/backfills/${slow.id}`);
  await take("partitionsUnderWay", "/assets/bronze_events?tab=partitions");
  await take("backfills", "/backfills");
  await daemon.api(`/backfills/${slow.id}/cancel`, { reason: "seen" });
  await until(daemon, `/backfills/${slow.id}`, (one) => one.ended_at !== null);
});

const versions = scene("versions", ["staleChain", "changedRun", "timeTravelLineage", "timeTravelCatalog", "assetFailed"], async ({ daemon, write, take }) => {
  await run(daemon, "*");
  const before = new Date().toISOString();
  await appendFile(join(daemon.directory, "source.csv"), "50\n");
  await run(daemon, "prices");
  await take("staleChain", "/assets/report");
  await write("average.py", "raise SystemExit('average.py: division by zero in line 4')\n");
  const failed = await run(daemon, "average or report", { force: true });
  await take("changedRun", `/runs/${failed.id}`);
  await take("assetFailed", "/assets/average");
  await take("timeTravelLineage", `/lineage?at=${before}`);
  await take("timeTravelCatalog", `/assets?at=${before}`);
});

const checks = scene("checks", ["checkCause", "checkRetryMenu", "checkWaive", "checkAcknowledge", "checksTab", "checkWaived", "overviewFailed"], async ({ daemon, write, take }) => {
  for (let i = 0; i < 7; i++) await run(daemon, "orders");
  await write("duplicates", "");
  await write("rows", "12");
  const failed = await run(daemon, "*");
  await take("checkCause", `/runs/${failed.id}`);
  await take("checkRetryMenu", `/runs/${failed.id}`, (page) => page.getByRole("button", { name: /^Retry this/ }).click());
  await take("checkWaive", `/runs/${failed.id}`, (page) => page.getByRole("button", { name: /^Waive/ }).click());
  await take("checkAcknowledge", `/runs/${failed.id}`, (page) => page.getByRole("button", { name: /^Acknowledge/ }).click());
  await take("checksTab", "/assets/orders?tab=checks");
  await take("overviewFailed", "/");
  await daemon.api(`/runs/${failed.id}/checks/no_duplicates/waive`, { reason: "the supplier knows and sends the file again tonight", until: new Date(Date.now() + 7_200_000).toISOString() });
  await daemon.api("/assets/orders/acknowledge", { note: "looking at it" }).catch((error) => console.log(String(error)));
  await take("checkWaived", `/runs/${failed.id}`);
});

const forecast = scene("forecast", ["forecast", "forecastWhatIf", "forecastAsset"], async ({ daemon, take }) => {
  await run(daemon, "*");
  const drawn = (page) => page.locator(".ahead").waitFor();
  await take("forecast", "/forecast", drawn);
  await take("forecastWhatIf", "/forecast?pools=gpu=2", drawn);
  await take("forecastAsset", "/assets/report", (page) => page.getByText(/foreseen, of|not within 24 h/).waitFor());
});

const sensors = scene("sensors", ["sensors", "sensorAsset"], async ({ daemon, write, take }) => {
  await until(daemon, "/sensors", (page) => page.items.some((one) => one.fired_at));
  await write("landing/one.json", '{"user": 1}');
  await until(daemon, "/sensors", (page) => page.items.filter((one) => one.fired_at).length > 1);
  await take("sensors", "/automation?tab=sensors");
  await take("sensorAsset", "/assets/events");
}, { ASSETD_SECRET_HOOK_KEY: "secret-key" });

async function alerts(camera) {
  const receiver = createServer((request, response) => response.writeHead(500).end("no room for alerts")).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const address = `http://127.0.0.1:${receiver.address().port}/`;
  await scene("alerts", ["alerts", "alertRules", "alertSilence"], async ({ daemon, take }) => {
    await run(daemon, "*");
    await until(daemon, "/alerts", (page) => page.items.length > 1 && page.items.every((one) => one.attempts > 0));
    await take("alerts", "/alerts");
    await take("alertSilence", "/alerts", (page) => page.getByRole("button", { name: /Silence/ }).first().click());
  }, { ASSETD_SECRET_OPS_WEBHOOK: address, ASSETD_SECRET_OPS_KEY: "secret-key" })(camera);
  receiver.close();
}

const shop = scene("shop", ["overviewShop", "importFailed", "importFailedDefinitions", "lineageShop", "automationAsset"], async ({ daemon, write, take }) => {
  await run(daemon, "*");
  await take("overviewShop", "/");
  await take("lineageShop", "/lineage");
  await write("shop_assets.py", "from assetd import asset\nimport a_module_that_is_not_there\n");
  await daemon.api("/definitions/reload", {}).catch(() => {});
  await until(daemon, "/overview", (page) => page.imports.some((one) => one.status === "failed"));
  await take("importFailed", "/");
  await take("importFailedDefinitions", "/definitions");
});

export const scenes = [partitions, versions, checks, forecast, sensors, alerts, shop];
