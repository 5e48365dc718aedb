// What people do at the desk, each in a browser of their own, with the function itself behind the page:
// tests/function/desk.rs starts it beside a simulated tenant, which has a sign-in page, and runs this file.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { open } from "./browser.mjs";
import { at, browser, plain, press, said, store } from "./desk-play.mjs";

const { DESK_URL, LOGIN_URL, DESK_PASSKEY } = process.env;
const JANE = "jane.doe@contoso.example", BOB = "bob.brooks@contoso.example", KIM = "kim.larsen@contoso.example", TINA = "tina.torres@contoso.example";
const PHONE = { size: { width: 390, height: 844 }, scheme: "dark", isMobile: true, hasTouch: true };
const DESKTOP = { size: { width: 1280, height: 900 }, scheme: "light" };

/** A journey of several people. */
function journey(sentence, name, how, body) {
  test(sentence, { timeout: 120_000 }, async () => {
    const visits = [];
    /** A browser for this person, at an address of the desk. */
    const visitor = async (who, path) => {
      const visit = await open(browser, DESK_URL, { name: `${name}-${who.toLowerCase()}-`, ...how });
      visits.push(visit);
      visit.page.setDefaultTimeout(20_000);
      await visit.page.goto(DESK_URL + path);
      await at(visit.page, "start");
      await look(visit, "0-start", how);
      await press(visit.page, "Sign in");
      await microsoft(visit.page, who);
      return { ...visit, look: (step) => look(visit, step, how) };
    };
    try {
      await body(visitor);
      for (const { page, seen } of visits) {
        await press(page, "Sign out of this page");
        await at(page, "start");
        assert.deepEqual(await store(page), {});
        assert.equal(await page.evaluate(() => localStorage.length + document.cookie.length), 0);
        assert.deepEqual(seen.errors, [], "console");
        const origins = new Set(seen.urls.map((one) => new URL(one).origin));
        assert.deepEqual([...origins].sort(), [DESK_URL, LOGIN_URL].sort(), "no other origin");
        assert.deepEqual(seen.secrets, [], "headers");
      }
    } finally {
      for (const visit of visits) await visit.close();
    }
  });
}

/** axe-core finds nothing, nothing is too wide, and no word is for programmers alone. */
async function look({ page, accessible }, step, { size, scheme }) {
  await plain(page);
  await accessible(step, [size.width], [scheme]);
}
/** Signs in at Microsoft. Each sign-in is a later one than the last: Entra counts in seconds, and no person is as fast. */
async function microsoft(page, who) {
  await page.waitForURL(`${LOGIN_URL}/**`);
  await page.waitForFunction((last) => Date.now() > last + 1000, signedIn);
  await page.getByRole("button", { name: `Sign in as ${who}` }).click();
  signedIn = Date.now();
}
let signedIn = 0;

/** A verifier verifies a person. Gives the path of the link for the approver. */
async function verify({ page, look }, person, reason) {
  await at(page, "find", "Whom do you verify?");
  await look("1-find");
  await page.getByLabel("The person's sign-in name").fill(person);
  await press(page, "Find");
  await at(page, "verify", "Verify this person");
  await press(page, "Show the business phone");
  await page.getByText("+1 425").waitFor();
  await page.getByLabel("I called their desk phone").check();
  await page.getByLabel(reason).check();
  await page.getByLabel("No, or they are not sure").check();
  await look("2-verify");
  await press(page, "Continue: see what you sign");
  await at(page, "sign", "What you sign");
  assert.match(await said(page, "sign"), /by a call to their desk phone, number ending in \d\d\./);
  await look("3-sign");
  await press(page, "I have verified them: sign");
  await microsoft(page, "Vera");
  await at(page, "outcome", "Verified. The approver is next");
  await look("4-verified");
  const words = await said(page, "outcome");
  assert.match(words, /The ticket has a note/);
  return new URL(words.match(/http\S+\/desk\/[0-9a-f]{32}/)[0]).pathname;
}

// One after the other: Vera signs in them all, and nobody signs two texts within a second.
describe("the desk", () => {

journey("on_a_phone_a_verifier_verifies_and_an_approver_approves", "phone", PHONE, async (visitor) => {
  const vera = await visitor("Vera", "/desk?ticket=HELP-42");
  const link = await verify(vera, JANE, "It is lost");

  const { page, look } = await visitor("Sam", link);
  await at(page, "review", "Do you approve this reset?");
  const words = await said(page, "review");
  for (const one of ["vera.desk@contoso.example asks to reset the MFA of Jane Doe (jane.doe@contoso.example) for ticket HELP-42, because their device is lost", "A call to the person's desk phone, with contact details from the company directory, number ending in 50", "Will be removed"]) {
    assert.ok(words.includes(one), `${one}: ${words}`);
  }
  await look("1-review");
  await press(page, "Approve");
  await at(page, "sign", "What you sign");
  await look("2-sign");
  await press(page, "I approve: sign");
  await microsoft(page, "Sam");
  await at(page, "outcome", "Done: they can register MFA again");
  assert.match(await said(page, "outcome"), /aka\.ms\/mfasetup/);
  await look("3-outcome");
  await page.reload();
  await at(page, "review", "Approved already");
  await look("4-reloaded");
  await press(page, "Show how it ended");
  await at(page, "outcome", "Done: they can register MFA again");
});

journey("on_a_desktop_an_approver_rejects_and_another_one_cannot_approve", "desktop", DESKTOP, async (visitor) => {
  const vera = await visitor("Vera", "/desk?ticket=HELP-43");
  const link = await verify(vera, KIM, "It was stolen");

  // Ada reads it before Sam decides.
  const ada = await visitor("Ada", link);
  await at(ada.page, "review", "Do you approve this reset?");
  const { page, look } = await visitor("Sam", link);
  await at(page, "review", "Do you approve this reset?");
  await look("1-review");
  await press(page, "Reject");
  await at(page, "reject-it", "Reject this reset");
  await page.getByLabel("Why?").fill("I called her: she did not ask");
  await look("2-reject");
  await press(page, "Reject");
  await at(page, "outcome", "Rejected");
  await look("3-rejected");

  await press(ada.page, "Approve");
  await at(ada.page, "problem", "Rejected already");
  await ada.look("1-too-late");
  await ada.page.reload();
  await at(ada.page, "review", "Rejected already");
  assert.match(await said(ada.page, "review"), /Sam Approver rejected ticket HELP-43[^]*she did not ask/);
  assert.equal(await ada.page.getByRole("button", { name: /Approve|Reject/ }).count(), 0);
  await ada.look("2-rejected");
});

journey("an_approver_signs_with_the_passkey_of_their_phone_on_the_page_that_the_desk_leads_to", "passkey", PHONE, async (visitor) => {
  const vera = await visitor("Vera", "/desk?ticket=HELP-45");
  const link = await verify(vera, TINA, "It is lost");
  const sam = await visitor("Sam", link);
  await at(sam.page, "review", "Do you approve this reset?");
  const way = await sam.page.getByRole("link", { name: "Approve with your passkey" }).getAttribute("href");
  await sam.look("1-review");

  const { origin, credential, private_key: privateKey } = JSON.parse(DESK_PASSKEY);
  assert.equal(new URL(way).origin, origin);
  const phone = await open(browser, origin, { name: "passkey-phone-", ...PHONE });
  const { page, context, seen } = phone;
  try {
    const cdp = await context.newCDPSession(page);
    await cdp.send("WebAuthn.enable");
    const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options: {
      protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      automaticPresenceSimulation: true,
    } });
    await cdp.send("WebAuthn.addCredential", { authenticatorId, credential: {
      credentialId: credential, isResidentCredential: true, rpId: "localhost", privateKey, signCount: 0,
      userHandle: Buffer.from("sam").toString("base64"),
    } });
    await page.goto(way);
    await at(page, "paste");
    assert.match(await page.locator("#pk-sentence").textContent(), /tina\.torres[^]*HELP-45/);
    await look(phone, "2-form", PHONE);
    await press(page, "Sign, and check it here");
    await at(page, "check", "Is this right?");
    await press(page, "Continue");
    await at(page, "confirm");
    await page.getByLabel("To confirm").fill("HELP-45");
    await press(page, "Reset MFA now");
    await at(page, "outcome", "Done: they can register MFA again");
    await look(phone, "3-outcome", PHONE);
    assert.deepEqual([seen.errors, seen.secrets], [[], []]);
    assert.deepEqual([...new Set(seen.urls.map((one) => new URL(one).origin))], [origin]);
  } finally {
    await phone.close();
  }
});

journey("a_wrong_account_a_reload_back_and_a_second_tab_sign_nothing_twice", "detours", PHONE, async (visitor) => {
  const vera = await visitor("Vera", "/desk?ticket=HELP-44");
  const link = await verify(vera, BOB, "It is broken");

  const { page, context, look } = await visitor("Sam", link);
  const toSign = async (tab) => {
    await at(tab, "review", "Do you approve this reset?");
    await press(tab, "Approve");
    await at(tab, "sign", "What you sign");
  };
  // A second tab is signed in by itself; Microsoft knows the browser.
  const tab = await context.newPage();
  await tab.goto(DESK_URL + link);
  await at(tab, "start");
  await press(tab, "Sign in");
  await toSign(tab);

  // Another approver's account is taken.
  await toSign(page);
  await press(page, "I approve: sign");
  await microsoft(page, "Ada");
  await at(page, "problem");
  assert.match(await said(page, "problem"), /does not count as the signature[^]*sign in as sam[^]*This signature did not start a reset/);
  await look("1-wrong-account");
  await page.reload();
  // What was to be signed is gone with the page.
  await toSign(page);
  await page.reload();
  await toSign(page);
  await press(page, "I approve: sign");
  await page.waitForURL(`${LOGIN_URL}/**`);
  await page.goBack();
  const section = page.locator("section#review, section#sign").locator("visible=true");
  await section.waitFor();
  if (await section.getAttribute("id") === "review") await toSign(page);

  await press(page, "I approve: sign");
  await microsoft(page, "Sam");
  await at(page, "outcome", "Done: they can register MFA again");
  await page.goBack();
  await page.waitForURL(`${LOGIN_URL}/**`);
  await page.goForward();
  await at(page, "review", "Approved already");

  await press(tab, "I approve: sign");
  await microsoft(tab, "Sam");
  // The same reset answers: nothing is done twice, which the tenant shows.
  await at(tab, "outcome", "Done: they can register MFA again");
});

});
