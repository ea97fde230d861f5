// The definitions page: changed files are planned there and applied.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { openBrowser } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const timeout = 60_000;
const asset = (key, command) => `  - {key: ${key}, run: {plugin: exec, command: ["${command}"]}}\n`;
const head = "name: plans\ndefinitions: {apply: manual}\nassets:\n";
let daemon, browser, page;

before(async () => {
  daemon = await startDaemon(head + asset("kept", "true") + asset("gone", "true"));
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await daemon?.stop();
});

const see = (text) => page.getByText(text).first().waitFor();

test("changed files wait, their plan is shown, and applied", { timeout: 3 * timeout }, async () => {
  page = await browser.context.newPage();
  page.setDefaultTimeout(timeout);
  await page.goto(daemon.url + "/definitions", { waitUntil: "domcontentloaded" });
  await see("As in the files");
  await writeFile(`${daemon.directory}/assetd.yaml`, head + asset("kept", "false") + asset("fresh", "true"));
  await page.getByRole("button", { name: "Reload" }).click();
  await see("The files have changed");
  await see("1 to add, 1 to change, 1 to remove");
  await page.getByRole("button", { name: "Show the plan" }).click();
  const plan = page.getByRole("region", { name: "Plan" });
  for (const text of ["fresh", "gone", "run.command", '["false"]', "2 assets are to be computed anew"]) await plan.getByText(text).first().waitFor();
  await plan.getByRole("button", { name: "Apply" }).click();
  await see("As in the files");
  await plan.waitFor({ state: "detached" });
  assert.equal((await daemon.api("/definitions")).version, "2");
});
