// One test of the desk's page in a real browser, and the steps that tests have in common.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { focused, launch, open } from "./browser.mjs";
import { BEARER, SESSION, SETTINGS, fakeEntra, session, sha256 } from "./desk-fake.mjs";
import { DESK, fake } from "./fake.mjs";

export let browser;
before(async () => { if (!process.env.PAGE_URL) browser = await launch(); });
after(() => browser?.close());

const WIDTHS = [320, 1280];
const isDesk = (url) => /^\/desk(\/[^/]*)?(\?.*)?$/.test(url) && !["/desk/settings", "/desk/sessions"].includes(url);

/** A test against the fakes. What must hold at each step is checked at each navigation, and at the end. */
export function play(sentence, { script = [], how = {} }, body) {
  if (process.env.PAGE_URL) return; // the product has no desk there
  test(sentence, { timeout: 120_000 }, async () => {
    const entra = await fakeEntra();
    let url = "";
    const settings = (given) => () => ({
      organisation: "Contoso", authorize: entra.authorize, client_id: "6f1c0000-0000-4000-8000-000000000000",
      redirect_uri: `${url}desk`, claims: JSON.stringify({ id_token: { acrs: { essential: true, value: "c1" } } }), ...given,
    });
    const server = await fake(script.map((one) => (one.on === SETTINGS ? { ...one, json: settings(one.json) } : one)), { page: DESK, isAt: isDesk });
    url = server.url;
    const visit = await open(browser, url, how);
    try {
      await body({ ...visit, server, entra, url, accessible: (step) => visit.accessible(step, WIDTHS) });
      await safe(visit, url, entra);
      assert.deepEqual(server.faults(), [], "script");
      for (const { url: asked, headers } of server.requests) {
        assert.equal(headers.referer, undefined);
        assert.equal(headers.cookie, undefined);
        if (!isDesk(asked)) assert.doesNotMatch(asked, /code|state|bearer/);
      }
      for (const { headers } of entra.requests) assert.equal(headers.referer, undefined);
    } finally {
      await visit.close();
      await server.close();
      await entra.close();
    }
  });
}

/** Nothing went elsewhere, and nothing is kept but what the page says. */
async function safe({ page, seen }, url, entra) {
  const origins = [new URL(url).origin, new URL(entra.authorize).origin];
  assert.deepEqual(seen.errors, [], "console");
  assert.deepEqual(await page.evaluate(() => window.broken), [], "Content-Security-Policy");
  assert.deepEqual(seen.urls.filter((one) => !origins.includes(new URL(one).origin)), [], "another origin");
  const kept = await store(page);
  assert.deepEqual(Object.keys(kept).filter((name) => !["desk-bearer", "desk-sign-in"].includes(name)), []);
  if (kept["desk-bearer"]) assert.equal(kept["desk-bearer"], BEARER);
  assert.equal(await page.evaluate(() => localStorage.length + document.cookie.length), 0);
  assert.equal(await page.evaluate(() => location.hash + document.referrer), "");
}
export const store = (page) => page.evaluate(() => Object.fromEntries(Object.entries(sessionStorage)));
export const microsoft = (page, link) => page.waitForURL(/authorize/).then(() => page.getByText(link, { exact: true }).click());

/** What a sign-in that looks sends to Entra. */
export function looked({ asked, query }, url) {
  assert.deepEqual(Object.keys(asked).sort(), ["client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_mode", "response_type", "scope", "state"]);
  assert.equal(asked.redirect_uri, `${url}desk`);
  assert.equal(asked.response_mode, "fragment");
  assert.equal(asked.code_challenge_method, "S256");
  assert.ok(query.includes("scope=openid%20profile"));
  for (const one of [asked.state, asked.nonce, asked.code_challenge]) assert.match(one, /^[\w-]{43}$/);
}

/** The steps of the script for a sign-in that looks, which checks what the page redeems. */
export const signsIn = (roles, change) => [{ on: SETTINGS }, {
  on: SESSION, json: session(roles, change),
  check: ({ body, headers }) => {
    assert.equal(headers.authorization, undefined);
    const { code, code_verifier, random, ...more } = JSON.parse(body);
    assert.deepEqual([code, more], ["the-code", {}]);
    assert.match(code_verifier, /^[\w-]{43}$/);
    assert.match(random, /^[\w-]{43}$/);
  },
}];
export async function signIn({ page, url, entra, server }, path) {
  await page.goto(url + path);
  await at(page, "start");
  await press(page, "Sign in");
  await microsoft(page, "Sign in");
  await page.locator("section#start").waitFor({ state: "hidden" });
  await page.waitForFunction(() => !location.hash);
  const { asked } = entra.requests.at(-1);
  const sent = server.requests.filter((one) => one.method === "POST" && one.url === "/desk/sessions").at(-1);
  if (sent) {
    const { random, code_verifier } = JSON.parse(sent.body);
    assert.equal(asked.nonce, sha256(`view${random}`));
    assert.equal(asked.code_challenge, sha256(code_verifier));
  }
}
export async function at(page, name, heading) {
  await page.locator(`section#${name}`).waitFor({ timeout: 30_000 });
  const words = await page.locator(`section#${name} h2`).textContent();
  if (heading) {
    assert.equal(words, heading);
    assert.equal(await focused(page), `H2 ${heading}`, "the heading has the focus");
  }
  assert.equal(await page.locator("section:visible").count(), 1, "one step at a time");
}
export const said = (page, name) => page.locator(`section#${name}`).innerText();
export const press = (page, name) => page.getByRole("button", { name, exact: true }).locator("visible=true").click();
/** The visible text has none of the words that only programmers use. */
export async function plain(page) {
  assert.doesNotMatch(await page.locator("body").evaluate((body) => [...body.children].filter((one) => one.tagName !== "SCRIPT").map((one) => one.innerText).join(" ").replace(/\{.*\}/g, "")),
    /\b(issuer|claim|nonce|draft|case)s?\b/i);
}
