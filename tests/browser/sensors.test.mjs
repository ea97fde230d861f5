// Sensors on the dashboard: what was found and what was not, a dry run, a look by hand, a pause.
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { axeFindsNothing, daemon, open, page, stage, timeout } from "./browser.mjs";
import { startDaemon } from "./daemon.mjs";

const definitions = `name: sensors
assets:
  - {key: loaded, run: {plugin: exec, command: [echo, loaded]}}
sensors:
  - {name: broken, run: {command: [/bin/false]}, every: 1h, select: loaded}
  - {name: landing, file: {glob: "in/*.json", settle: 0s}, every: 1s, select: loaded}
  - {name: pushed, webhook: {secret: "\${secret:NONE}"}, select: loaded}
`;

stage(() => startDaemon(definitions));

const looks = () => page.getByRole("table", { name: "Past looks" });

test("a file that lands is found, and the page shows its run", { timeout: 3 * timeout }, async () => {
  await open("/automation?sensor=landing");
  await looks().getByText("Nothing").first().waitFor();
  mkdirSync(`${daemon.directory}/in`, { recursive: true });
  writeFileSync(`${daemon.directory}/in/one.json`, "{}");
  await looks().getByText("Fired").first().waitFor();
  await looks().getByRole("link").first().click();
  await page.getByText("sensor landing").first().waitFor();
});

test("a dry run says what would be done and does nothing; evaluate now says what came of it", { timeout: 3 * timeout }, async () => {
  await open("/automation?sensor=landing");
  await page.getByRole("button", { name: "Dry run" }).click();
  await page.getByRole("dialog").getByText("It would ask for nothing.").waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Evaluate now" }).click();
  await page.getByText("no file is new").first().waitFor();
});

test("a failure stands on top with its reason, a pause with who and why, and axe finds nothing", { timeout: 4 * timeout }, async () => {
  await open("/automation?tab=sensors&sensor=broken");
  await page.getByText("exit code 1").first().waitFor();
  await page.getByRole("button", { name: "Pause…" }).click();
  await page.getByLabel("Why? Others will see it.").fill("it is being mended");
  await page.getByRole("button", { name: "Pause broken" }).click();
  await page.getByText("it is being mended").first().waitFor();
  await page.getByRole("button", { name: "Resume" }).waitFor();
  await axeFindsNothing("sensors");
});
