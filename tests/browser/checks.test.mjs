// A failed check on the dashboard: how it stands against what is usual, waived with a reason, and seen on what is below; a retry that says how much first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeFindsNothing, daemon, go, open, page, stage, timeout } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const definitions = `name: checks
assets:
  - key: orders
    run: {command: [echo, loaded]}
    owners: [team:sales]
    runbook: https://wiki.example/orders
    checks:
      - {name: no_duplicates, run: {command: ["false"]}, blocking: true}
  - {key: revenue, deps: [orders], run: {command: [echo, made]}}
  - {key: items, run: {command: [echo, items made]}, checks: [{name: soft, run: {command: [sh, -c, "echo 12 rows wrong; exit 1"]}}]}
`;

stage(() => startDaemon(definitions));

test("a failed check is waived on the run's page, the retry says its count, and what is below says so", { timeout: 5 * timeout }, async () => {
  const { id } = await daemon.api("/runs", { select: "orders+" });
  await open(`/runs/${id}`);
  const cause = page.getByRole("region", { name: "Cause of failure" });
  await cause.getByText("no_duplicates").first().waitFor();
  await cause.getByText("team:sales").waitFor();
  await cause.getByRole("link", { name: "https://wiki.example/orders" }).waitFor();
  await axeFindsNothing("run");

  await cause.getByRole("button", { name: "Acknowledge…" }).click();
  await page.getByLabel("Note (optional)").fill("asked the supplier");
  await page.getByRole("button", { name: "I look after it" }).click();
  await cause.getByText("looks after it").waitFor();

  await cause.getByRole("button", { name: "Waive…" }).click();
  await page.getByLabel("Why? Others will see it.").fill("the supplier knows");
  await axeFindsNothing("waive");
  await page.getByRole("button", { name: "Let it pass as a warning" }).click();
  await cause.getByText("the supplier knows").waitFor();

  await cause.getByRole("button", { name: "Retry this…" }).click();
  const below = page.getByRole("menuitem", { name: "With downstream" });
  await below.getByText("2 steps").waitFor();
  await page.getByRole("menuitem", { name: "This step" }).getByText("1 step").waitFor();
  await below.click();
  await page.locator(".run-facts .strong", { hasText: "Succeeded" }).waitFor();

  await go("/assets/revenue");
  await page.getByText("Waived above").first().waitFor();
  await go("/assets");
  await page.getByText("waived above").first().waitFor();
  await go("/assets/orders?tab=checks");
  await page.locator(".check .tag", { hasText: "waived" }).waitFor();
  await page.locator(".check summary").click();
  await axeFindsNothing("checks");
  await page.getByRole("button", { name: "End the waiver of no_duplicates" }).first().click();
  await page.locator(".check .tag", { hasText: "waived" }).waitFor({ state: "detached" });
  assert.deepEqual((await daemon.api("/waivers")).items, []);
});

test("what a failing check printed is read on the run's page, and from the tab Checks; the overview names it", { timeout: 3 * timeout }, async () => {
  const { id } = await daemon.api("/runs", { select: "items" });
  await open(`/runs/${id}`);
  const cause = page.getByRole("region", { name: "Cause of failure" });
  await cause.getByText("12 rows wrong").first().waitFor();
  const log = page.getByRole("region", { name: "Log", exact: true });
  await log.getByText("12 rows wrong").first().waitFor();
  await axeFindsNothing("output of a check");
  await log.getByLabel("Output of").selectOption("Output of the step");
  await log.getByText("items made").waitFor();
  await go("/assets/items?tab=checks");
  await page.getByRole("link", { name: "Output", exact: true }).click();
  await log.getByText("12 rows wrong").first().waitFor();
  assert.equal(new URL(page.url()).searchParams.get("check"), "soft");
  await go("/");
  await page.locator(".need", { hasText: "soft" }).getByRole("link", { name: "See check" }).waitFor();
  await page.getByText(/\d checks? failed/).waitFor();
  assert.equal(await page.getByText("Nothing is wrong").count(), 0);
  await page.close();
});

test("what is not well is open on the tab Checks without a click", { timeout: 3 * timeout }, async () => {
  const { id } = await daemon.api("/runs", { select: "orders" });
  await open(`/runs/${id}`);
  await page.locator(".run-facts .strong", { hasText: /Failed|Succeeded/ }).waitFor();
  await go("/assets/orders?tab=checks");
  await page.getByText("Last result in run").waitFor();
  await page.locator("summary", { hasText: "no_duplicates" }).click();
  await page.getByText("Last result in run").waitFor({ state: "hidden" });
  await page.close();
});
