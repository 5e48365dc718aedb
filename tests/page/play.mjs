// One test of the on-call page in a real browser, and the steps that tests have in common.
//
// By itself the page plays against fake.mjs. Against the product, which is then at PAGE_URL, it takes the approvals of
// PAGE_STANDARD, PAGE_PRIVILEGED (two, with a space between), PAGE_EXPIRED, PAGE_LOST and PAGE_SLOW (other standard
// people; the last one takes longer than an answer may), and runs what needs no script. tests/function/page.rs does that.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RESET, token } from "./answers.mjs";
import { focused, launch, open } from "./browser.mjs";
import { fake } from "./fake.mjs";

export const REAL = process.env.PAGE_URL;
export const HEADLINE = "Done: they can register MFA again";
export const [ONE, TWO, OTHER] = ["one", "two", "other"].map((name) => token(name));
export const LOOK = "POST /resets/preview", DO = "POST /resets", READ = `GET /resets/${RESET}`;

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

/** A test against the fake, and with `real` also against the product. */
export function play(sentence, { script, how = {}, real }, body) {
  if (REAL && !real) return;
  test(sentence, { timeout: 120_000 }, async () => {
    const tokens = REAL ? (process.env[real] ?? assert.fail(`${real} is not set`)).split(/\s+/) : [ONE, TWO];
    const server = REAL ? { url: new URL("/", REAL).href, requests: [], faults: () => [], close() {} } : await fake(script());
    const visit = await open(browser, server.url, how);
    try {
      await body({ ...visit, server, tokens });
      await visit.leaksNothing();
      assert.deepEqual(server.faults(), [], "script");
      for (const { url, headers } of server.requests) {
        assert.doesNotMatch(url, /eyJ|approval/);
        assert.equal(headers.referer, undefined);
      }
    } finally {
      await visit.close();
      await server.close();
    }
  });
}

export const section = (page, name) => page.locator(`section#${name}`);
export async function at(page, name, heading) {
  await section(page, name).waitFor({ timeout: 60_000 });
  const words = await section(page, name).locator("h2").textContent();
  if (heading) assert.equal(words, heading);
  assert.equal(await focused(page), `H2 ${words}`, "the heading has the focus");
  assert.equal(await page.locator("section:visible").count(), 1, "one step at a time");
}
/** Unfolds what is folded in a section, and gives all of its text. */
export async function unfolded(page, name) {
  await section(page, name).locator("details").evaluateAll((all) => { for (const one of all) one.open = true; });
  return section(page, name).innerText();
}
export const press = (page, name) => page.getByRole("button", { name, exact: true }).locator("visible=true").click();
export async function confirm(page, words, passkey = "No, they still have") {
  await at(page, "check");
  const upn = await page.locator("#check-person .upn").textContent();
  // A real person may have a passkey.
  const asked = page.locator("#check-passkey:visible");
  if (await asked.count()) await asked.getByLabel(passkey).check();
  await press(page, "Continue");
  await at(page, "confirm");
  await page.getByLabel("To confirm").fill(words ?? upn);
  await press(page, "Reset MFA now");
}
export const sent = (server, on) => server.requests.filter((one) => `${one.method} ${one.url}` === on);
