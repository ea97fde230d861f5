// What will run, on the dashboard: bars, what if, and the past on the lineage page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeFindsNothing, browser, daemon, go, page, stage, timeout } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const definitions = `name: forecast
pools: {default: {slots: 4}, gpu: {slots: 1}}
assets:
  - {key: raw, run: {plugin: exec, command: [sleep, "0.3"]}}
  - {key: left, deps: [raw], pools: {gpu: 1}, run: {plugin: exec, command: [sleep, "0.3"]}}
  - {key: right, deps: [raw], pools: {gpu: 1}, run: {plugin: exec, command: [sleep, "0.3"]}}
  - {key: lost, freshness: {within: 1h}, run: {plugin: exec, command: ["true"]}}
schedules:
  - {name: often, select: raw+, cron: "*/10 * * * *", timezone: UTC}
`;

stage(() => startDaemon(definitions));

async function made() {
  const { id } = await daemon.api("/runs", { select: "*" });
  await go(`/runs/${id}`);
  await page.locator(".run-facts .strong", { hasText: "Succeeded" }).waitFor();
}

test("what will run, what will be too old, and what a second card would change", { timeout: 3 * timeout }, async () => {
  await made();
  await go("/forecast?horizon=6h");
  await page.getByRole("table", { name: "Data that will be too old" }).getByRole("link", { name: "lost" }).waitFor();
  const rows = page.getByRole("list", { name: "Assets that will be made" }).getByRole("listitem");
  await rows.filter({ hasText: "right" }).locator(".ahead-bar[data-kind=made]").first().waitFor();
  assert.equal(await rows.count(), 3);
  await page.getByRole("table", { name: "Runs to come" }).getByText("schedule often").first().waitFor();
  await axeFindsNothing("forecast");
  await page.getByRole("button", { name: "What if…" }).click();
  await page.getByLabel("Slots of gpu (now 1)").fill("2");
  await page.getByText("What if:").waitFor();
  await page.getByText(/steps wait .* for pools instead of/).waitFor();
  assert.match(page.url(), /pools=gpu=2|pools=gpu%3D2/);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "No longer suppose 2 slots in gpu" }).click();
  await page.getByText("What if:").waitFor({ state: "detached" });
});

test("data too old that is not drawn is counted", { timeout: 3 * timeout }, async () => {
  const one = { key: "lost", kind: "freshness", data_at: null, mended_at: null, only_if_slow: false, already: true };
  await browser.context.route("**/api/v1/forecast**", async (route) => {
    const answer = await route.fetch();
    const violations = Array.from({ length: 500 }, (_, i) => ({ ...one, key: `lost${i}`, at: new Date().toISOString() }));
    await route.fulfill({ response: answer, json: { ...(await answer.json()), violations, violations_total: 1234 } });
  });
  await go("/forecast?horizon=7d");
  await page.getByRole("heading", { name: "Data that will be too old 1,234" }).waitFor();
  await page.getByText("and 1,134 more").waitFor();
  await browser.context.unroute("**/api/v1/forecast**");
});

test("the lineage as it was before something happened", { timeout: 3 * timeout }, async () => {
  await made();
  const at = new Date().toISOString();
  await daemon.api("/assets/lost/materializations", { reason: "by hand" });
  const then = await daemon.api(`/lineage/status?at=${at}`);
  assert.equal(then.at, at);
  await go(`/lineage?at=${at}`);
  await page.getByRole("button", { name: /As of .*; another moment/ }).waitFor();
  await page.getByRole("button", { name: "Back to now" }).click();
  await page.getByRole("button", { name: "Show a past moment" }).waitFor();
  await go(`/assets?at=${at}`);
  await page.getByRole("link", { name: "lost", exact: true }).first().waitFor();
  await go("/assets?at=2020-01-01T00:00:00Z");
  await page.getByText(/forgotten/).first().waitFor();
});

test("while two others are being made it is asked for again", { timeout: 3 * timeout }, async () => {
  let refused = 0;
  await page.route("**/api/v1/forecast?*", (route) => (refused++ === 0 ? route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ title: "Two forecasts are being made", status: 503, detail: "ask again" }) }) : route.continue()));
  await go("/forecast?horizon=6h");
  await page.getByText("What this supposes").waitFor();
  assert.ok(refused > 1);
});
