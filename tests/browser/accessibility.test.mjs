import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { openBrowser } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

let daemon, browser, page, failed;

before(async () => {
  daemon = await startDaemon();
  await writeFile(join(daemon.directory, "broken"), "");
  failed = (await daemon.api("/runs", { select: "flaky+" })).id;
  browser = await openBrowser();
  page = await browser.context.newPage();
  page.setDefaultTimeout(120_000);
  page.setDefaultNavigationTimeout(120_000);
  await page.goto(`${daemon.url}/runs/${failed}`);
  await page.locator(".run-facts .strong", { hasText: "Failed" }).waitFor();
});
after(async () => {
  await browser?.close();
  await daemon?.stop();
});

const pages = () => ({
  overview: ["/", "How it has been"], lineage: ["/lineage?asset=flaky", "Used by"], catalog: ["/assets", "after_flaky"], asset: ["/assets/flaky", "About"], runs: ["/runs", `#${failed}`],
  run: [`/runs/${failed}`, "the disk is on fire"], automation: ["/automation", "Past ticks"], sensors: ["/automation?tab=sensors", "No sensors"], automated: ["/automation?tab=assets", "No asset is materialized by itself"], queue: ["/queue", "Pools"], definitions: ["/definitions", "Imports"], audit: ["/audit", "Who"],
  health: ["/health", "Daemon"], settings: ["/settings", "Theme"],
});

for (const scheme of ["light", "dark"]) {
  test(`axe finds nothing on the pages in the ${scheme} theme`, async (t) => {
    await page.emulateMedia({ colorScheme: scheme });
    for (const [name, [path, landmark]] of Object.entries(pages())) {
      await t.test(name, async () => {
        await page.goto(daemon.url + path, { waitUntil: "domcontentloaded" });
        await page.getByText(landmark).first().waitFor();
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"] }));
        assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((node) => `${node.target.join(" ")} ${node.failureSummary?.split("\n")[1] ?? ""}`).join(" | ")}`), []);
      });
    }
  });
}
