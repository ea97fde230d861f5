import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { axeFindsNothing, daemon, go, open, page, stage } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

let failed;

stage(startDaemon, async () => {
  await writeFile(join(daemon.directory, "broken"), "");
  failed = (await daemon.api("/runs", { select: "flaky+" })).id;
  await open(`/runs/${failed}`);
  await page.locator(".run-facts .strong", { hasText: "Failed" }).waitFor();
});

const pages = () => ({
  overview: ["/", "How it has been"], lineage: ["/lineage?asset=flaky", "Used by"], catalog: ["/assets", "after_flaky"], asset: ["/assets/flaky", "About"], runs: ["/runs", `#${failed}`],
  run: [`/runs/${failed}`, "the disk is on fire"], automation: ["/automation", "Past ticks"], sensors: ["/automation?tab=sensors", "No sensors"], automated: ["/automation?tab=assets", "No asset is materialized by itself"], queue: ["/queue", "Pools"], definitions: ["/definitions", "Imports"], audit: ["/audit", "Who"],
  health: ["/health", "Daemon"], settings: ["/settings", "Theme"],
});

for (const theme of ["light", "dark"]) {
  test(`axe finds nothing on the pages in the ${theme} theme`, async (t) => {
    for (const [name, [path, landmark]] of Object.entries(pages())) {
      await t.test(name, async () => {
        await go(path);
        await page.getByText(landmark).first().waitFor();
        await axeFindsNothing(name, [theme]);
      });
    }
  });
}
