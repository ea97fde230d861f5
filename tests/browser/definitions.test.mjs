// The definitions page: changed files are planned there and applied; it has the versions that served and how any two differ.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { axeFindsNothing, daemon, go, open, page, stage, timeout } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const asset = (key, command) => `  - {key: ${key}, run: {plugin: exec, command: ["${command}"]}}\n`;
const head = "name: plans\ndefinitions: {apply: manual}\nassets:\n";
stage(() => startDaemon(head + asset("kept", "true") + asset("gone", "true")));

const see = (text) => page.getByText(text).first().waitFor();

test("changed files wait, their plan is shown, and applied", { timeout: 3 * timeout }, async () => {
  await open("/definitions");
  await see("As in the files");
  await writeFile(`${daemon.directory}/assetd.yaml`, head + asset("kept", "false") + asset("fresh", "true"));
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await see("The files have changed");
  await page.getByRole("button", { name: "Close" }).click();
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

const versions = () => page.getByRole("table", { name: "Versions" });
const comparison = () => page.getByRole("region", { name: "Comparison" });
const row = (version) => versions().getByRole("row").filter({ has: page.getByRole("link", { name: `Version ${version}`, exact: true }) });

async function apply(yaml) {
  await writeFile(`${daemon.directory}/assetd.yaml`, yaml);
  const { id } = await daemon.api("/definitions/plan", {});
  await daemon.api("/definitions/apply", { plan: id });
}

test("a version shows what it changed, and the list has a new one at once", { timeout: 3 * timeout }, async () => {
  await row(2).getByText("+1 ~1 −1").waitFor();
  await row(2).getByText("serves").waitFor();
  await row(2).getByRole("link").click();
  await page.waitForURL((url) => url.searchParams.get("version") === "2");
  for (const text of ["1 added, 1 changed, 1 removed", "fresh", "gone", "run.command", '["false"]']) await comparison().getByText(text).first().waitFor();
  assert.equal(await comparison().getByLabel("compared with").inputValue(), "1");
  await axeFindsNothing("what a version changed");

  await apply(head + asset("kept", "true") + asset("gone", "true"));  // as in the beginning
  await row(3).getByText("serves").waitFor();
  assert.equal(await row(2).getByText("serves").count(), 0, "one version serves");
});

test("a version is compared with any other, and the first has nothing before it", { timeout: 3 * timeout }, async () => {
  await row(3).getByText("+1 ~1 −1").click();  // the row is a way as well
  await page.waitForURL((url) => url.searchParams.get("version") === "3");
  await comparison().getByText("1 added, 1 changed, 1 removed").waitFor();
  await comparison().getByLabel("compared with").selectOption("1");
  await page.waitForURL((url) => url.searchParams.get("against") === "1");
  await comparison().getByText("Nothing that the definitions say differs.").waitFor();
  await row(1).getByRole("link").click();
  await comparison().getByText("It is the first version: nothing was before it.").waitFor();
  await axeFindsNothing("the first version");

  await go("/definitions?version=1&against=2");
  await comparison().getByText("1 added, 1 changed, 1 removed").waitFor();
  assert.equal(await comparison().getByLabel("compared with").inputValue(), "2");
  await go("/definitions?version=3&against=99");
  await comparison().getByRole("alert").waitFor();  // nobody knows version 99
});

test("versions fit on a phone", { timeout: 2 * timeout }, async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await go("/definitions?version=2");
  await comparison().getByText("1 added, 1 changed, 1 removed").waitFor();
  await row(3).getByText("serves").waitFor();
  const beyond = await page.evaluate(() => [document.documentElement, document.querySelector(".page"), ...document.querySelectorAll(".definition-versions [role=table], .definition-versions [role=cell]")]
    .filter((element) => element.scrollWidth > element.clientWidth).map((element) => `${element.className} ${element.textContent.slice(0, 40)}`));
  assert.deepEqual(beyond, []);
  await page.close();
});
