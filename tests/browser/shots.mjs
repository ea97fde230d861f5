// Pages as pictures, to be looked at: in both themes, wide and narrow.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openBrowser } from "./browser.mjs";

const themes = (process.env.SCHEMES ?? "light,dark").split(",");
const sizes = (process.env.SIZES ?? "1440x900,390x844").split(",").map((size) => size.split("x").map(Number));

/** A browser that takes pictures into `folder`; says what the console and the layout complain about. */
export async function photographer(folder, only = "") {
  await mkdir(folder, { recursive: true });
  const { context, close } = await openBrowser();
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(20_000);
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && console.log(`${page.url()} ${message.type()}: ${message.text().slice(0, 300)}`));
  page.on("pageerror", (error) => console.log(`${page.url()} threw: ${error.message.slice(0, 300)}`));
  const wanted = (name) => new RegExp(only || ".").test(name);
  /** `act` brings the page where it is to be seen: opens a menu, scrolls. */
  async function take(name, address, act) {
    if (!wanted(name)) return;
    for (const colorScheme of themes) for (const [width, height] of sizes) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await page.goto(address);
      await page.waitForLoadState("networkidle", { timeout: Number(process.env.SETTLE ?? 1500) }).catch(() => {}); // an event stream never idles
      await act?.(page).catch((error) => console.log(`${name} at ${width}: ${error.message.split("\n")[0]}`));
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (beyond > 0) console.log(`${name} at ${width}: ${beyond} pixels wider than the window`);
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) });
    }
  }
  return { take, wanted, leave: () => page.goto("about:blank"), close };
}
