// Long names on a phone: what is cut says so by an ellipsis, and what tells neighbours apart stays.
import assert from "node:assert/strict";
import { test } from "node:test";
import { daemon, open, page, stage } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const raw = "landing/stripe_webhook_events_of_every_account_raw_json_by_day", clean = "landing/stripe_webhook_events_of_every_account_cleaned_by_day";
const customers = "warehouse/analytics_production_europe_west/gold_customers_with_lifetime_value_and_churn_score";
const definitions = `name: long
timezone: UTC
pools: {one: {slots: 1}}
assets:
  - {key: ${raw}, partitions: {daily: {start: 2026-01-01, end: 2026-02-01}}, run: {command: [sh, -c, 'case $ASSETD_PARTITION in 2026-01-1*) echo "no file for $ASSETD_PARTITION" >&2; exit 1;; esac']}}
  - {key: ${clean}, deps: [${raw}], partitions: {daily: {start: 2026-01-01, end: 2026-02-01}}, run: {command: [echo, fine]}}
  - {key: ${customers}_daily, owners: ["team:growth-and-retention-analytics"], run: {command: [sh, -c, "test -e made || { touch made; exit 0; }; exit 3"]}}
  - {key: ${customers}_weekly, deps: [${customers}_daily], run: {command: [echo, fine]}}
  - {key: sleeper_that_takes_all_the_slots_of_the_only_pool, pools: {one: 1}, run: {command: [sh, -c, "cat gate_sleeper"], grace: 1s}}
  - {key: behind_the_sleeper_that_takes_all_the_slots_of_the_only_pool, pools: {one: 1}, run: {command: [echo, through]}}
schedules:
  - {name: nightly_refresh_of_everything_that_finance_reads_before_the_monday_meeting, select: "landing/*", cron: "0 2 * * *"}
`;

let days, customersRun, backfill;

const ended = async (path) => {
  const stream = (await fetch(`${daemon.url}/api/v1/events`)).body.getReader();
  for (;;) {
    if ((await daemon.api(path)).ended_at !== null) return stream.cancel();
    await stream.read();
  }
};

stage(() => startDaemon(definitions), async () => {
  days = (await daemon.api("/runs", { select: "landing/**", partitions: { from: "2026-01-08", to: "2026-01-12" } })).id;
  customersRun = (await daemon.api("/runs", { select: "warehouse/**" })).id;
  await ended(`/runs/${customersRun}`);
  customersRun = (await daemon.api("/runs", { select: "warehouse/**" })).id;
  backfill = (await daemon.api("/backfills", { select: "landing/**", partitions: { from: "2026-01-20", to: "2026-01-22" } })).id;
  for (const path of [`/runs/${days}`, `/runs/${customersRun}`, `/backfills/${backfill}`]) await ended(path);
  await daemon.api("/runs", { select: "sleeper*" });
  await daemon.api("/runs", { select: "behind*" });
});

/** Texts that end where nobody expects it: at the edge of the window or of a box, without an ellipsis and without a way to scroll there. */
const cutTexts = () => page.evaluate(() => {
  const cut = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.trim() || node.parentElement.closest(".visually-hidden, .skip-link, .key-name, canvas, script, style, [aria-hidden=true]")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const { right, width } = range.getBoundingClientRect();
    if (width === 0) continue;
    let box = node.parentElement, handled = false;
    for (; box && !handled; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (style.overflowX === "visible") continue;
      if (style.overflowX === "auto" || style.overflowX === "scroll" || (style.textOverflow === "ellipsis" && style.whiteSpace.startsWith("nowrap"))) handled = true;
      else if (right > box.getBoundingClientRect().right + 1) break;
    }
    if (!handled && (box || right > window.innerWidth + 1)) cut.push(node.data.slice(0, 80));
  }
  return cut;
});

const fits = async (path) => assert.equal(await page.evaluate(() => Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll(".page, .automation-body, .asset-tab")].map((box) => box.scrollWidth))), 390, `${path} is as wide as the phone`);

async function onPhone(path, landmark) {
  await open(path);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator("main").getByText(landmark).first().waitFor();
}

const part = (key) => key.replaceAll("/", ":");
const pages = () => [
  ["/", "Just ended"], ["/assets", /gold_customers|warehouse/], ["/runs", `#${days}`], [`/runs/${days}`, "Skipped because of it"], [`/runs/${customersRun}`, "Skipped because of it"],
  [`/assets/${part(`${customers}_daily`)}`, "Below it"], [`/assets/${part(`${customers}_weekly`)}`, "exited with an error"], [`/assets/${part(raw)}?tab=partitions`, "Backfill failed"],
  ["/automation?tab=schedules", "Past ticks"], [`/backfills/${backfill}`, "Runs under way"], ["/queue", "held by"], ["/forecast", "What will run"], ["/definitions", "assetd.yaml"], ["/audit", "run create"], ["/alerts", "Rules"],
];

test("no name is cut without an ellipsis, and no page is wider than the phone", async () => {
  for (const [path, landmark] of pages()) {
    await onPhone(path, landmark);
    assert.deepEqual([path, ...(await cutTexts())], [path]);
    await fits(path);
    await page.close();
  }
});

test("partitions that failed are told apart by their days", async () => {
  await onPhone(`/runs/${days}`, "Skipped because of it");
  for (const day of ["2026-01-10", "2026-01-11"]) {
    const tail = page.getByRole("tab").filter({ hasText: day }).locator(".key-name > :last-child");
    const box = await tail.boundingBox();
    assert.ok(box.x + box.width <= 380 && (await tail.textContent()).endsWith(`[${day}]`), `${day} stands within the card`);
  }
  await page.close();
});

test("the dialog of partitions says how many of what, whole", async () => {
  await onPhone(`/assets/${part(raw)}?tab=partitions&from=2026-01-01&to=2026-01-27`, "Backfill failed");
  await page.getByRole("button", { name: /^Backfill \d+…/ }).first().click();
  const count = page.getByRole("group", { name: "What it would do" }).getByText("× 27");
  await count.waitFor();
  const { shown, right } = await count.evaluate((element) => ({ shown: element.scrollWidth <= element.clientWidth + 1 || getComputedStyle(element).overflowX === "visible", right: element.getBoundingClientRect().right - element.closest(".pick-line").getBoundingClientRect().right }));
  assert.ok(shown && right <= 0.5);
  assert.deepEqual(await cutTexts(), []);
  await page.close();
});

test("what teaches where nothing is yet fits on a phone", async () => {
  const empty = await startDaemon("name: nothing\n");
  try {
    for (const [path, landmark] of [["/", "No assets yet"], ["/automation?tab=schedules", "No schedules"], ["/backfills", "No backfills yet"]]) {
      await open(path);
      await page.setViewportSize({ width: 390, height: 844 });
      await page.goto(empty.url + path);
      await page.getByText(landmark).waitFor();
      assert.deepEqual([path, ...(await cutTexts())], [path]);
      await fits(path);
      await page.close();
    }
  } finally {
    await empty.stop();
  }
});
