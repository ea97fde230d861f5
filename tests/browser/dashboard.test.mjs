import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { daemon, go, open, page, stage, timeout } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

stage(startDaemon);

const state = (key, wanted) => page.locator(`[data-testid=lineage-nodes] li[data-key="${key}"][data-state="${wanted}"]`).waitFor({ state: "attached" });
const status = (word) => page.locator(".run-facts .strong", { hasText: word }).waitFor();

/** How many pixels of the lineage canvas have the theme's colour of that name. */
const pixels = (name) => page.evaluate((role) => {
  const probe = document.createElement("i");
  probe.style.color = `var(--${role})`;
  document.body.append(probe);
  const [r, g, b] = getComputedStyle(probe).color.match(/\d+/g).map(Number);
  probe.remove();
  const canvas = document.querySelector(".lineage-canvas canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let i = 0; i < data.length; i += 4) if (Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 12) found++;
  return found;
}, name);

async function pixelsAppear(name) {
  for (const end = Date.now() + timeout; Date.now() < end;) {
    const found = await pixels(name);
    if (found > 20) return found;
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  throw new Error(`no pixel of --${name} appeared`);
}

/** Presses Materialize on an asset's page and follows the toast to the run. */
async function materialize(key) {
  await open(`/assets/${key}`);
  await page.getByTestId("materialize").click();
  await page.locator(".mantine-Notification-root a").first().click();
  await page.waitForURL(/\/runs\/\d+/);
}

test("materialize from the lineage page and watch the colours change", async () => {
  await open("/lineage?select=" + encodeURIComponent("raw_events+"));
  await state("raw_events", "never");
  assert.equal(await pixels("ok"), 0);
  await page.getByRole("button", { name: "Materialize 3 assets" }).click();
  await state("raw_events", "materializing");
  await pixelsAppear("run");
  await state("clean_events", "never");
  await daemon.open("gate_raw");
  for (const key of ["raw_events", "clean_events", "report"]) await state(key, "materialized");
  await pixelsAppear("ok");
  await page.close();
});

test("read a live log while the step runs", async () => {
  await materialize("talker");
  await status("Running");
  const log = page.getByRole("log");
  await log.getByText("first line").waitFor();
  assert.equal(await log.getByText("last line").count(), 0);
  const colour = await log.getByText("first line").evaluate((element) => getComputedStyle(element).color);
  assert.notEqual(colour, await log.evaluate((element) => getComputedStyle(element).color), "the green of the terminal is shown");
  await daemon.open("gate_talker");
  await log.getByText("last line").waitFor();
  await status("Succeeded");
  await page.close();
});

test("cancel a run from its page", async () => {
  await materialize("sleeper");
  await page.getByRole("log").getByText("asleep").waitFor();
  await page.getByRole("button", { name: "Cancel run" }).click();
  await status("Canceled");
  await page.getByText(/^Canceled by /).waitFor();
  await page.getByRole("button", { name: /Retry from failure/ }).waitFor();
  const id = page.url().match(/runs\/(\d+)/)[1];
  assert.equal((await daemon.api(`/runs/${id}`)).status, "canceled");
  await page.close();
});

test("a failed run opens on its cause, and retry runs exactly what failed and was skipped", async () => {
  await writeFile(join(daemon.directory, "broken"), "");
  const { id } = await daemon.api("/runs", { select: "flaky+" });
  await open(`/runs/${id}`);
  await status("Failed");
  const cause = page.getByRole("region", { name: "Cause of failure" });
  await cause.getByText("the disk is on fire").waitFor();
  await cause.getByRole("button", { name: "after_flaky" }).waitFor();
  await rm(join(daemon.directory, "broken"));
  await page.getByRole("button", { name: "Retry from failure (2)" }).click();
  await page.waitForURL((url) => /\/runs\/\d+/.test(url.pathname) && !url.pathname.endsWith(`/${id}`));
  await status("Succeeded");
  assert.equal(await page.getByRole("region", { name: "Cause of failure" }).count(), 0);
  const again = page.url().match(/runs\/(\d+)/)[1];
  const steps = (await daemon.api(`/runs/${again}/steps`)).items;
  assert.deepEqual(steps.map((step) => [step.key, step.status]), [["flaky", "succeeded"], ["after_flaky", "succeeded"]]);
  await page.close();
});

test("the filter, the selection and the tab live in the address", async () => {
  await open("/assets?select=" + encodeURIComponent("group:risk"));
  await page.getByText("2 assets", { exact: true }).waitFor();
  await page.getByRole("cell").getByRole("link", { name: "after_flaky" }).click();
  await page.waitForURL(/\/assets\/after_flaky/);
  await page.getByRole("link", { name: "History" }).click();
  await page.waitForURL(/tab=history/);
  await page.goBack();
  await page.waitForURL((url) => url.searchParams.get("select") === "group:risk");
  await page.close();
});

test("Ctrl-K finds an asset and opens it", async () => {
  await open("/");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Find an asset").fill("clean");
  await page.locator("#finder-list [data-selected]", { hasText: "clean_events" }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/assets\/clean_events/);
  await page.close();
});

test("the log shows one level, and a line's number leads back to that line", async () => {
  await materialize("chatty");
  await status("Succeeded");
  const log = page.getByRole("log");
  await log.getByText("plain").waitFor();
  await page.getByLabel("Level").selectOption("warning");
  await log.getByText("plain").waitFor({ state: "detached" });
  assert.deepEqual(await log.locator(".log-line > span").allTextContents(), ["12:00:04 WARNING slow", "12:00:05 ERROR broken pipe"]);
  const link = await log.getByRole("link", { name: "6", exact: true }).getAttribute("href");
  await go(link);
  await page.locator(".log-line[data-marked]", { hasText: "broken pipe" }).waitFor();
  assert.equal(await page.getByLabel("Level").inputValue(), "warning");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download the log" }).click();
  const text = await readFile(await (await download).path(), "utf8");
  assert.equal(text.split("\n").filter((line) => line !== "").length, 6, "the whole log, whatever is shown of it");
  await page.close();
});

test("a waiting step says what it waits for", async () => {
  await daemon.api("/runs", { select: "queued" });
  const { id } = await daemon.api("/runs", { select: "behind" });
  await open(`/runs/${id}`);
  await page.locator(".gantt-row", { hasText: /waits for pool one/ }).waitFor();
  await page.locator(".gantt-row", { hasText: /waits for pool one/ }).click();
  await page.locator(".log-none", { hasText: /Waits for\s*pool one/ }).waitFor();
  await daemon.open("gate_queued");
  await status("Succeeded");
  await page.close();
});

test("the filter completes a tag and an owner", async () => {
  await open("/lineage");
  const field = page.getByLabel("Filter the lineage");
  await field.fill("tag:dom");
  await page.getByRole("option", { name: "domain=growth" }).click();
  assert.equal(await field.inputValue(), "tag:domain=growth");
  await field.fill("owner:te");
  await page.getByRole("option", { name: "team:growth" }).click();
  await field.press("Enter");
  await page.waitForURL((url) => url.searchParams.get("select") === "owner:team:growth");
  await state("report", "materialized");
  await page.close();
});
