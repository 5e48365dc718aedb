// Where a picture goes: into the folder PICTURES, or beside the other screenshots.

import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "../browser.mjs";

const INTO = process.env.PICTURES || fileURLToPath(new URL("../shots/pictures/", import.meta.url));
const LARGEST = 150_000;

/** Opens a page on a screen of this size, twice as fine, and writes what `show` leaves on it into a file of this name. */
export async function picture(name, viewport, show) {
  const browser = await launch();
  try {
    const context = await browser.newContext({ viewport, deviceScaleFactor: 2, colorScheme: "light", locale: "en-GB" });
    const page = await context.newPage();
    await show(page);
    mkdirSync(INTO, { recursive: true });
    const path = join(INTO, `${name}.png`);
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ ...viewport, height });
    await page.screenshot({ path, animations: "disabled", caret: "hide" });
    const { size } = statSync(path);
    if (size > LARGEST) throw new Error(`${path} has ${size} bytes`);
  } finally {
    await browser.close();
  }
}
