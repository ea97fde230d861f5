// A check that fails partition by partition: "Waive…" proposes the partition that it is opened at.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeFindsNothing, daemon, go, open, page, stage, timeout } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const definitions = `name: waivers
assets:
  - key: sales
    partitions: {static: [eu, us]}
    run: {command: [echo, loaded]}
    checks:
      - {name: complete, run: {command: ["false"]}, blocking: true}
`;

stage(() => startDaemon(definitions));

const ended = () => page.locator(".run-facts .strong", { hasText: "Failed" }).waitFor();
const waived = async () => (await daemon.api("/waivers")).items.map((item) => item.partition);

async function waive(choose) {
  await page.getByRole("button", { name: "Waive…" }).click();
  const where = page.getByRole("group", { name: "Where" });
  await choose(where);
  await page.getByLabel("Why? Others will see it.").fill("it is known");
  await axeFindsNothing("waive in a partition");
  await page.getByRole("button", { name: "Let it pass as a warning" }).click();
  await where.waitFor({ state: "hidden" });
}

test("a failure is waived in the partition where it is, or in all", { timeout: 5 * timeout }, async () => {
  for (const partition of ["us", "eu"]) {
    const { id } = await daemon.api("/runs", { select: "sales", partitions: [partition] });
    await open(`/runs/${id}`);
    await ended();
  }
  await waive((where) => where.getByRole("button", { name: "Only in eu", pressed: true }).waitFor());
  await page.getByText("it is known").first().waitFor();
  assert.deepEqual(await waived(), ["eu"]);

  await go("/assets/sales?tab=checks");
  await waive(async (where) => {
    await where.getByRole("button", { name: "Only in us", pressed: true }).waitFor();
    await where.getByRole("button", { name: "In all partitions" }).click();
  });
  assert.deepEqual(await waived(), [null, "eu"]);
  await page.getByRole("button", { name: "End the waiver of complete in eu" }).first().click();
  await page.getByRole("button", { name: "End the waiver of complete in eu" }).first().waitFor({ state: "detached" });
  assert.deepEqual(await waived(), [null]);
  await page.close();
});
