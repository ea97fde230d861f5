// node lineage_figures.mjs [assets]: how soon the lineage page of so many assets can be used, and how even it moves. Prints Markdown.
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { openBrowser } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const assets = Number(process.argv[2] ?? 10_000);
const loads = 5;
const canvas = "canvas[data-camera]";
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** In the page: notes when the canvas is there, in view and drawn, two frames later. */
function watchForUse() {
  const check = () => {
    const found = document.querySelector("canvas[data-camera]");
    if (!found || getComputedStyle(found).visibility === "hidden") return requestAnimationFrame(check);
    requestAnimationFrame(() => requestAnimationFrame(() => (window.usableAt = performance.now())));
  };
  requestAnimationFrame(check);
}

async function openLineage(page, url) {
  await page.addInitScript(watchForUse);
  await page.goto(`${url}/lineage`, { waitUntil: "domcontentloaded" });
  await page.waitForFunction(() => window.usableAt);
}

/** A browser with an empty cache and no compiled script: the first visit of the day. */
async function coldLoad(url) {
  const { context, close } = await openBrowser();
  const page = context.pages()[0];
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  await openLineage(page, url);
  const { metrics } = await session.send("Performance.getMetrics");
  const busy = metrics.find((metric) => metric.name === "TaskDuration").value * 1000;
  const usable = await page.evaluate(() => window.usableAt);
  await close();
  return { usable, busy };
}

/** Times between frames while `act` goes on. */
async function frames(page, act) {
  await page.evaluate(() => {
    const times = (window.times = []);
    requestAnimationFrame(function step(now) {
      times.push(now);
      if (window.times === times) requestAnimationFrame(step);
    });
  });
  await act();
  const times = await page.evaluate(() => {
    const { times } = window;
    window.times = null;
    return times;
  });
  const spans = times.slice(1).map((time, i) => time - times[i]).sort((a, b) => a - b);
  return { fps: (1000 * spans.length) / (times.at(-1) - times[0]), p95: spans[Math.floor(spans.length * 0.95)], longest: spans.at(-1) };
}

const nextFrame = (page) => page.evaluate(() => new Promise(requestAnimationFrame));

async function motion(url) {
  const { context, close } = await openBrowser();
  const page = context.pages()[0];
  await openLineage(page, url);
  const box = await page.locator(canvas).boundingBox();
  const x = box.x + box.width / 2, y = box.y + box.height / 2;
  const drag = async () => {
    await page.mouse.move(x, y);
    await page.mouse.down();
    for (let i = 0; i < 90; i++) {
      await page.mouse.move(x + 220 * Math.sin(i / 8), y + 130 * Math.cos(i / 8));
      await nextFrame(page);
    }
    await page.mouse.up();
  };
  const wheel = (delta) => async () => {
    await page.mouse.move(x, y);
    for (let i = 0; i < 40; i++) {
      await page.mouse.wheel(0, delta);
      await nextFrame(page);
    }
  };
  const rows = [];
  const take = async (name, act) => rows.push([name, await frames(page, act)]);
  await drag();  // compiles what the first frames would otherwise compile
  await take("panning, all in view", drag);
  await take("zooming in, from all to cards", wheel(-100));
  await take("panning, cards", drag);
  await take("zooming out again", wheel(100));
  for (const zoom of [0.15, 0.32, 0.65]) {
    const [cx, cy] = (await page.locator(canvas).getAttribute("data-camera")).split(",");
    await page.goto(`${url}/lineage?view=${cx},${cy},${zoom}`, { waitUntil: "domcontentloaded" });
    await page.waitForFunction(() => window.usableAt);
    await drag();
    await take(`panning at ${zoom * 100} %`, drag);
  }
  await close();
  return rows;
}

const bench = resolve(import.meta.dirname, "../../bench");
const yaml = execFileSync("python3", ["-c", `import graphs; print(graphs.assetd_yaml(${assets}, 2))`], { cwd: bench, encoding: "utf8", maxBuffer: 1 << 26 });
const daemon = await startDaemon(yaml);
try {
  const cold = [];
  for (let i = 0; i < loads; i++) cold.push(await coldLoad(daemon.url));
  console.log(`| lineage, ${assets.toLocaleString("en")} assets | |\n|---|---:|`);
  console.log(`| first visit, from the request to a drawn canvas that answers | ${Math.round(median(cold.map((one) => one.usable)))} ms |`);
  console.log(`| of that, work of the page's main thread | ${Math.round(median(cold.map((one) => one.busy)))} ms |`);
  console.log("\n| | frames/s | 95 % within | longest |\n|---|---:|---:|---:|");
  for (const [name, one] of await motion(daemon.url)) console.log(`| ${name} | ${one.fps.toFixed(1)} | ${one.p95.toFixed(1)} ms | ${one.longest.toFixed(1)} ms |`);
} finally {
  await daemon.stop();
}
