// The store is gone under a daemon that runs: each page says so once, in words, and what to do.
import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { axeFindsNothing, daemon, go, open, page, stage } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const why = "was removed or replaced while it was in use";
const latched = async () => (await daemon.api("/project")).latched;

stage(startDaemon, async () => {
  const stream = (await fetch(`${daemon.url}/api/v1/events`)).body.getReader();
  // Moved, not removed: at once, whatever is being written into it just then.
  await rename(join(daemon.directory, ".assetd"), join(daemon.directory, "gone"));
  await daemon.api("/runs", { select: "chatty" }).catch(() => {});
  while (!(await latched())) await Promise.race([stream.read(), daemon.api("/runs", { select: "chatty" }).catch(() => {})]);
  await stream.cancel();
});

test("the overview says what is wrong and since when, in times of this place", async () => {
  await open("/");
  const needs = page.locator(".overview-needs");
  await needs.getByText("Nothing is being started").waitFor();
  const text = await needs.innerText();
  assert.doesNotMatch(text, /\dT\d\d:\d\d|^–$/m);
  assert.doesNotMatch(text, /Nothing is wrong/);
  await axeFindsNothing("overview of a latched store");
});

test("the health page says it once", async () => {
  await go("/health");
  const state = page.locator(".panel").first();
  await state.getByText("A write was refused").waitFor();
  assert.equal((await state.innerText()).split(why).length - 1, 1);
  await axeFindsNothing("health of a latched store");
  await page.close();
});
