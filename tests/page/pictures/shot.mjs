// Where a picture goes: into the folder PICTURES, or beside the other screenshots.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "../browser.mjs";
import { smaller } from "./smaller.mjs";

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
    const image = smaller(await page.screenshot({ animations: "disabled", caret: "hide" }));
    if (image.length > LARGEST) throw new Error(`${path} would have ${image.length} bytes`);
    writeFileSync(path, image);
  } finally {
    await browser.close();
  }
}
