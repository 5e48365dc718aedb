// A browser that records what must not happen: errors, violations of the policy, and requests to other servers.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SHOTS = fileURLToPath(new URL(process.env.PAGE_URL ? "shots/product/" : "shots/alone/", import.meta.url));
const PINNED = fileURLToPath(new URL("../../.tools/chromium/", import.meta.url));
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/** The pinned one in .tools/, with its own libraries and fonts; or the one at CHROMIUM. */
export function launch() {
  const own = process.env.CHROMIUM;
  if (own) return chromium.launch({ executablePath: own, args: FLAGS });
  return chromium.launch({
    executablePath: `${PINNED}chromium`,
    args: FLAGS,
    env: { ...process.env, LD_LIBRARY_PATH: `${PINNED}al2023/lib`, FONTCONFIG_PATH: `${PINNED}fonts` },
  });
}

export async function open(browser, url, how = {}) {
  const { name = "", size = { width: 1280, height: 900 }, scheme = "light", ...more } = how;
  const context = await browser.newContext({ viewport: size, colorScheme: scheme, locale: "en-GB", ...more });
  const seen = { errors: [], urls: [], secrets: [] };
  const origin = new URL(url).origin;
  // In every tab.
  context.on("weberror", (error) => seen.errors.push(error.error().message));
  context.on("console", (line) => {
    // The browser itself reports every status of 400 and more as a failed resource; that is no error of the page.
    const status = /^Failed to load resource: (the server responded with a status|net::ERR_)/.test(line.text());
    if (["error", "warning"].includes(line.type()) && !status) seen.errors.push(line.text());
  });
  await context.addInitScript(() => {
    window.broken = [];
    document.addEventListener("securitypolicyviolation", (event) =>
      window.broken.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
  });
  context.on("request", async (request) => {
    seen.urls.push(request.url());
    const headers = await request.allHeaders().catch(() => ({}));
    for (const [header, value] of Object.entries(headers)) {
      if (header !== "authorization" && /eyJ/.test(value)) seen.secrets.push(`${header} of ${request.url()}`);
    }
  });
  const page = await context.newPage();
  return {
    page,
    context,
    seen,
    /** There was no error, no approval in a URL, a header or a store, and no request to another server. */
    async leaksNothing() {
      assert.deepEqual(seen.errors, [], "console");
      assert.deepEqual(await page.evaluate(() => window.broken), [], "Content-Security-Policy");
      assert.deepEqual(seen.urls.filter((one) => new URL(one).origin !== origin), [], "another origin");
      assert.deepEqual(seen.urls.filter((one) => /eyJ|approval/.test(new URL(one).pathname + new URL(one).search)), [], "URLs");
      assert.deepEqual(seen.secrets, [], "headers");
      assert.equal(await page.evaluate(() => location.href + document.referrer), new URL("/", url).href);
      assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length), 0);
    },
    /** axe-core finds no violation, by default in light and in dark; pictures go to shots/. */
    async accessible(step, widths = [360, 1280], colours = ["light", "dark"]) {
      for (const colour of colours) {
        await page.emulateMedia({ colorScheme: colour });
        await page.evaluate(AXE);
        const { violations, passes } = await page.evaluate(() =>
          window.axe.run(document, { preload: false, resultTypes: ["violations"] }));
        assert.ok(passes.length > 10, "axe-core has looked");
        const found = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html + node.failureSummary).join("; ")}`);
        assert.deepEqual(found, [], `${step}, ${colour}`);
        for (const width of widths) {
          await page.setViewportSize({ width, height: 800 });
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(wide <= width, `${step} is ${wide} px wide at ${width}`);
          mkdirSync(SHOTS, { recursive: true });
          // As high as the page: what sticks to the bottom of the window would else be in the middle of the picture.
          await page.setViewportSize({ width, height: await page.evaluate(() => document.documentElement.scrollHeight) });
          await page.screenshot({ path: `${SHOTS}${name}${step}-${width}-${colour}.png` });
        }
      }
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize(size);
    },
    close: () => context.close(),
  };
}

/** Where the focus is, which a screen reader reads out. */
export function focused(page) {
  return page.evaluate(() => `${document.activeElement.tagName} ${document.activeElement.textContent.trim()}`);
}

/** Presses Tab until the element with this text or label has the focus, as a person without a mouse does. */
export async function tabTo(page, words) {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press("Tab");
    const [at, ring] = await page.evaluate(() => {
      const it = document.activeElement;
      const style = getComputedStyle(it);
      return [it.labels?.[0]?.textContent ?? it.textContent.trim(), style.outlineStyle !== "none" && style.outlineWidth !== "0px"];
    });
    if (at.startsWith(words)) {
      assert.ok(ring, `${words} shows that it has the focus`);
      return;
    }
  }
  assert.fail(`Tab does not reach ${words}`);
}
