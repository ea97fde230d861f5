// Versions on the dashboard: why an asset is stale, down to the cause; what was reused; what changed since it worked and whom a failure concerns.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { axeFindsNothing, daemon, go, page, stage, timeout } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const definitions = `name: versions
assets:
  - {key: raw, owners: ["team:raw"], run: {plugin: exec, command: [sh, -c, "test ! -e broken"]}}
  - {key: mid, deps: [raw], skip_if_unchanged: true, run: {plugin: exec, command: [sh, -c, "test ! -e broken"]}}
  - {key: top, deps: [mid], owners: ["team:top"], freshness: {within: 2h}, run: {plugin: exec, command: [echo, made]}}
exposures:
  - {name: weekly_board, type: dashboard, owner: Ada, url: "https://bi.example/board", depends_on: [top]}
`;

stage(() => startDaemon(definitions));

/** Asks for a run and sees it to its end on its own page. */
async function run(body, state) {
  const { id } = await daemon.api("/runs", body);
  await go(`/runs/${id}`);
  await page.locator(".run-facts .strong", { hasText: state }).waitFor();
  return id;
}

test("a step that is unchanged says which run it stands on", { timeout: 3 * timeout }, async () => {
  const first = await run({ select: "*" }, "Succeeded");
  await run({ select: "mid or top" }, "Succeeded");
  await page.getByText(`reused the data of run ${first}`).first().waitFor();
});

test("a stale asset shows the way to the cause, and what it was made from", { timeout: 3 * timeout }, async () => {
  const cause = await run({ select: "raw" }, "Succeeded");
  await go("/assets/top");
  const why = page.getByRole("region", { name: "Why it is stale" });
  await why.getByRole("link", { name: "mid", exact: true }).waitFor();
  await why.getByText("raw has newer data").waitFor();
  assert.equal(await why.getByRole("link", { name: cause }).count(), 1, "the run that brought the data is a click away");
  await page.getByText("Data version", { exact: true }).waitFor();
  await axeFindsNothing("a stale asset");
});

test("a failed run says what changed since it worked and whom it concerns", { timeout: 3 * timeout }, async () => {
  await writeFile(join(daemon.directory, "broken"), "");
  await run({ select: "mid", force: true }, "Failed");
  const cause = page.getByRole("region", { name: "Cause of failure" });
  await cause.getByText("Changed since it last succeeded").waitFor();
  await cause.locator("dd", { hasText: "has other data" }).waitFor();
  await cause.getByText("Owners: team:top").waitFor();
  await cause.getByText("Next deadline:").waitFor();
  assert.equal(await cause.getByText("Seen in").locator("xpath=.").innerText(), "Seen in weekly_board (dashboard), Ada");
  assert.equal(await cause.getByRole("link", { name: "weekly_board" }).getAttribute("href"), "https://bi.example/board");
  await axeFindsNothing("the cause of a failure");
});
