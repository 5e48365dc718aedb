// A person on call makes a passkey on their phone, and approves with it. Chromium's own virtual authenticator is the phone;
// what it has signed is verified here by other code than the product's.

import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { after, before, test } from "node:test";
import { JANE, outcome, preview, problem, second } from "./answers.mjs";
import { launch, open } from "./browser.mjs";
import { fake, withPasskeys } from "./fake.mjs";
import { DO, HEADLINE, LOOK, REAL, at, confirm, press, section } from "./play.mjs";

const OLGA = "olga.oncall@contoso.example", VERA = "vera.desk@contoso.example";
const PHONE = { size: { width: 320, height: 640 }, isMobile: true, hasTouch: true };
const SETTINGS = {
  name: "passkeys", iss: "https://passkeys.contoso.example", rp_id: "localhost", algorithms: ["ES256", "Ed25519", "RS256"],
  on_call: "https://mfa.contoso.example/resets", ticket: null, tenants: [],
};

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

/** A phone that recognises its owner, unless told otherwise. */
async function phone(visit, more = {}) {
  const cdp = await visit.context.newCDPSession(visit.page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options: {
    protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
    automaticPresenceSimulation: true, ...more,
  } });
  return { cdp, authenticatorId };
}
// A passkey needs a domain: the address 127.0.0.1 is none.
const named = (url) => url.replace("127.0.0.1", "localhost");

/** A test on a phone against the fake, with these settings and this script. */
function onPhone(sentence, { settings = {}, script = [], authenticator, desk }, body) {
  if (REAL) return;
  test(sentence, { timeout: 120_000 }, async () => {
    let url = "";
    const server = await fake(script, withPasskeys(() => ({ ...SETTINGS, origin: new URL(url).origin, ...settings }), desk));
    url = named(server.url);
    const visit = await open(browser, url, { name: "passkey-", ...PHONE });
    try {
      const device = await phone(visit, authenticator);
      await body({ ...visit, server, url, device });
      assert.deepEqual(visit.seen.errors, [], "console");
      assert.deepEqual(await visit.page.evaluate(() => window.broken), [], "Content-Security-Policy");
      assert.deepEqual(visit.seen.urls.filter((one) => new URL(one).origin !== new URL(url).origin), [], "another origin");
      assert.deepEqual(visit.seen.secrets, [], "headers");
      assert.equal(await visit.page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length), 0);
      assert.deepEqual(server.faults(), [], "script");
    } finally {
      await visit.close();
      await server.close();
    }
  });
}

async function enrol({ page, url }, kid = "olga-phone") {
  await page.goto(`${url}passkey`);
  await page.getByLabel("Your sign-in name").fill(OLGA);
  await page.getByLabel("A name for the passkey").fill(kid);
  await page.getByRole("button", { name: "Make the passkey" }).click();
  await page.locator("#made").waitFor();
  return page.locator("#line").textContent();
}
async function fill(page, target = JANE) {
  await page.getByLabel("Ticket", { exact: true }).fill("HELP-42");
  await page.getByLabel("Sign-in name of the person to reset").fill(target);
  await page.getByLabel("What happened to their device?").selectOption("It is lost");
  await page.getByLabel("Ask them: was a passkey on it?").selectOption("Yes, or they are not sure: remove their passkeys");
  await page.getByLabel("How were they verified?").selectOption("Phone call to their desk phone");
  await page.getByLabel("Where was the contact from?").selectOption("The company directory");
  await page.getByLabel("Sign-in name of the person who verified them").fill(VERA);
  await page.getByLabel("How many minutes ago?").fill("6");
}
/** The public key and the id in a line of policy.toml. */
function inLine(line) {
  const member = (name) => line.match(new RegExp(`\\b${name} = "([^"]*)"`))?.[1];
  const jwk = Object.fromEntries(["kty", "crv", "x", "y", "n", "e"].map((name) => [name, member(name)]).filter(([, text]) => text));
  return { jwk, alg: member("alg"), owner: member("owner"), credential: member("credential") };
}
/** As `reregister check` prints it. */
function checkNumber(line) {
  const { jwk, alg, credential } = inLine(line);
  const parts = [jwk.kty, alg, jwk.crv, jwk.x, jwk.y, jwk.n, jwk.e, credential].filter(Boolean);
  return sha256(parts.join(" ")).toString("hex").slice(0, 20).match(/.{4}/g).join(" ");
}
const json = (part) => JSON.parse(Buffer.from(part, "base64url"));
const sha256 = (data) => createHash("sha256").update(data).digest();

/** Whether the passkey of this line has signed this token, by Node's own cryptography. */
function verified(token, line, origin) {
  const [header, claims, third] = token.split(".");
  const { authenticator_data, client_data, signature } = json(third);
  const client = json(client_data), data = Buffer.from(authenticator_data, "base64url");
  assert.equal(client.type, "webauthn.get");
  assert.equal(client.origin, origin);
  assert.equal(client.challenge, sha256(`${header}.${claims}`).toString("base64url"));
  assert.deepEqual(data.subarray(0, 32), sha256("localhost"));
  assert.equal(data[32] & 5, 5, "a person was there, and was verified");
  const { jwk } = inLine(line);
  const signed = Buffer.concat([data, sha256(Buffer.from(client_data, "base64url"))]);
  const digest = jwk.crv === "Ed25519" ? null : "sha256";
  assert.ok(verify(digest, signed, createPublicKey({ key: jwk, format: "jwk" }), Buffer.from(signature, "base64url")));
  return [json(header), json(claims)];
}

let bearer;
const keeps = (seen) => { bearer = seen.headers.authorization.slice("Bearer ".length); };

onPhone("a_person_on_call_makes_a_passkey_and_approves_a_reset_with_it_on_a_phone", {
  script: [{ on: LOOK, json: preview(), check: keeps }, { on: DO, json: outcome() }],
}, async ({ page, url, server, seen, accessible }) => {
  await page.goto(`${url}passkey`);
  await accessible("0-enrol", [320]);
  const line = await enrol({ page, url });
  const { alg, owner, credential } = inLine(line);
  assert.match(line, /^key\.olga-phone = \{ owner = "[^"]+", credential = "[\w-]{22,}", public_key = \{ .* \} \}$/);
  assert.equal(owner, OLGA);
  assert.equal(await page.locator("#number").textContent(), checkNumber(line));
  assert.match(await page.locator("#admin").innerText(), /\[issuers\.passkeys\][^]*check number/);
  await accessible("1-enrolled", [320]);
  assert.equal(server.requests.filter((one) => one.method !== "GET").length, 0, "nothing is sent");

  await page.getByRole("link", { name: "Approve a reset with this passkey" }).click();
  await at(page, "paste");
  assert.equal(await page.getByLabel("Name of your passkey").inputValue(), "olga-phone");
  assert.equal(await page.getByLabel("Your own sign-in name").inputValue(), OLGA);
  assert.equal(await page.locator("#paste-fault:visible").count(), 0);
  await press(page, "Sign, and check it here");
  assert.match(await page.locator("#pk-fault").textContent(), /Type the ticket/);
  await fill(page);
  const sentence = await page.locator("#pk-sentence").textContent();
  for (const words of [OLGA, JANE, "HELP-42", "it is lost", "remove their passkeys", "phone call to their desk phone", VERA, "6 minutes ago", "15 minutes"]) {
    assert.ok(sentence.includes(words), words);
  }
  await accessible("2-approve", [320]);
  await press(page, "Sign, and check it here");
  await at(page, "check", "Is this right?");
  assert.equal(await page.locator("#paste-text").inputValue(), "");

  const [header, claims] = verified(bearer, line, new URL(url).origin);
  assert.deepEqual(header, { alg: "WebAuthn", kid: "olga-phone", typ: "mfa-approval+jwt" });
  assert.ok(["ES256", "Ed25519"].includes(alg), alg);
  assert.ok(credential.length >= 22);
  const { iat, exp, jti, verification: [evidence], ...rest } = claims;
  assert.deepEqual(rest, {
    iss: SETTINGS.iss, aud: SETTINGS.on_call, txn: "HELP-42", sub: JANE, act: { sub: OLGA },
    scope: "mfa:reregister passkeys:remove", reason: "lost",
  });
  assert.equal(exp - iat, 900);
  assert.ok(Math.abs(iat * 1000 - Date.now()) < 60_000 && jti.length === 36);
  assert.deepEqual(evidence, {
    method: "phone_call", via: "desk", contact_source: "company_directory", verified_by: VERA, verified_at: iat - 360,
  });

  await confirm(page);
  await at(page, "outcome", HEADLINE);
  assert.match(await section(page, "outcome").innerText(), /Stay on the line/);
  assert.deepEqual(seen.urls.filter((one) => /eyJ/.test(one)), []);
});

onPhone("a_link_of_the_desk_fills_the_form_in_and_the_passkey_signs_what_is_shown", {
  script: [{ on: LOOK, json: preview(), check: keeps }],
}, async ({ page, url, accessible }) => {
  const line = await enrol({ page, url });
  const { credential } = inLine(line), at5 = Math.floor(Date.now() / 1000) - 300;
  const link = new URLSearchParams({
    passkey: "olga-phone", credential, approver: OLGA, for: "on_call", ticket: "HELP-42", target: JANE, reason: "lost",
    scope: "mfa:reregister passkeys:remove sessions:keep lockout:accept", how: "phone_call", via: "mobile", contact: "company_directory",
    also: "in_person// secure_message/teams/phone_book telepathy// phone_call/desk/a_dream", verifier: VERA, verified_at: String(at5),
  });
  await page.goto(`${url}#${link}`);
  await at(page, "paste");
  assert.match(await page.locator("#pk-filled").innerText(), /A link has filled this in/);
  const sentence = await page.locator("#pk-sentence").textContent();
  for (const words of [OLGA, JANE, "HELP-42", "it is lost", "remove their passkeys", "stay signed in", "could not register afterwards: reset all the same", "mobile phone", "; and in person; and message on teams, contact from a phone book, by " + VERA, "5 minutes ago"]) {
    assert.ok(sentence.includes(words), words);
  }
  await accessible("4-from-the-desk", [320]);
  await press(page, "Sign, and check it here");
  await at(page, "check", "Is this right?");
  const [, claims] = verified(bearer, line, new URL(url).origin);
  assert.equal(claims.scope, "mfa:reregister passkeys:remove sessions:keep lockout:accept");
  assert.equal(claims.verification[0].via, "mobile");
  assert.deepEqual(claims.verification.map((one) => one.method), ["phone_call", "in_person", "secure_message"], "what was shown");
  assert.deepEqual(claims.verification.slice(1).map(({ via, contact_source }) => [via, contact_source]), [[undefined, undefined], ["teams", "phone_book"]]);
  for (const one of claims.verification) {
    assert.equal(one.verified_at, at5, "the time of the link, to the second");
    assert.equal(one.verified_by, VERA);
  }

  // After a theft they are signed out everywhere, whatever the link says.
  link.set("reason", "stolen");
  await page.goto("about:blank");
  await page.goto(`${url}#${link}`);
  await at(page, "paste");
  assert.match(await page.locator("#pk-sentence").textContent(), /it was stolen[^]*sign them out everywhere/);
  assert.equal(await page.getByLabel("Their sessions").isDisabled(), true);

  // What a link says that the form does not know is left to the approver.
  link.set("reason", "<b>"); link.set("how", "telepathy"); link.set("ticket", "x".repeat(99));
  await page.goto("about:blank");
  await page.goto(`${url}#${link}`);
  await press(page, "Sign, and check it here");
  assert.match(await page.locator("#pk-fault").textContent(), /Type the ticket/);
  assert.equal(await page.getByLabel("What happened to their device?").inputValue(), "");

  // A link without a case takes the notice away, and with it all that an earlier link filled in.
  await page.evaluate((bookmark) => { location.hash = bookmark; }, `passkey=olga-phone&approver=${OLGA}`);
  await page.locator("#pk-filled").waitFor({ state: "hidden" });
  for (const label of ["Ticket", "Sign-in name of the person to reset", "Sign-in name of the person who verified them"]) {
    assert.equal(await page.getByLabel(label, { exact: true }).inputValue(), "", label);
  }
});

for (const name of ["ES256", "Ed25519", "RS256"]) {
  onPhone(`a_passkey_with_${name}_prints_a_key_that_verifies_what_it_signs`, {
    settings: { algorithms: [name] },
    script: [{ on: LOOK, ...problem(403, "privileged_role", "The person holds a role.", "Add a second approval.") , check: keeps }],
  }, async ({ page, url, seen }) => {
    let line;
    try { line = await enrol({ page, url }); } catch (error) {
      const words = await page.locator("#fault").textContent();
      // Not every authenticator has every algorithm.
      assert.match(words, /none of the algorithms/, String(error));
      assert.notEqual(name, "ES256");
      return;
    }
    assert.equal(inLine(line).alg, name);
    // Chromium advises to offer ES256 and RS256 always.
    seen.errors = seen.errors.filter((one) => !one.includes("pubKeyCredParams is missing"));
    await page.getByRole("link", { name: "Approve a reset with this passkey" }).click();
    await fill(page);
    await press(page, "Sign, and check it here");
    await at(page, "problem");
    verified(bearer, line, new URL(url).origin);
  });
}

onPhone("an_approval_for_a_ticket_or_a_colleague_is_shown_to_be_copied_and_is_sent_nowhere", {
  settings: { ticket: "https://mfa.contoso.example/webhooks", tenants: [["contoso", "7d6f5c4b-3a29-4180-9c7e-6b5a49382716"], ["fabrikam", "a2000000-0000-4000-8000-00000000000b"]] },
}, async ({ page, url, server }) => {
  const line = await enrol({ page, url });
  await page.getByRole("link", { name: "Approve a reset with this passkey" }).click();
  await fill(page);
  await page.getByLabel("Tenant").selectOption("fabrikam");
  await press(page, "Sign, and copy it");
  await page.locator("#pk-token").waitFor();
  const [, onCall] = verified(await page.locator("#pk-token").inputValue(), line, new URL(url).origin);
  assert.deepEqual([onCall.aud, onCall.tid], [SETTINGS.on_call, "a2000000-0000-4000-8000-00000000000b"]);
  await page.getByLabel("Where the approval goes").selectOption("Into a ticket");
  assert.equal(await page.locator("#pk-token:visible").count(), 0, "what was changed is signed anew");
  assert.equal(await page.locator("#pk-sign:visible").count(), 0);
  await press(page, "Sign, and copy it");
  await page.locator("#pk-token").waitFor();
  const [, ticket] = verified(await page.locator("#pk-token").inputValue(), line, new URL(url).origin);
  assert.equal(ticket.aud, "https://mfa.contoso.example/webhooks");
  assert.equal(server.requests.filter((one) => one.method !== "GET").length, 0);
});

onPhone("a_phone_that_does_not_recognise_its_owner_signs_nothing", {}, async ({ page, url, device, server }) => {
  await enrol({ page, url });
  await device.cdp.send("WebAuthn.setUserVerified", { authenticatorId: device.authenticatorId, isUserVerified: false });
  await page.getByRole("link", { name: "Approve a reset with this passkey" }).click();
  await fill(page);
  await press(page, "Sign, and check it here");
  await page.locator("#pk-fault:visible").waitFor();
  assert.match(await page.locator("#pk-fault").textContent(), /Nothing was signed/);
  assert.equal(server.requests.filter((one) => one.method !== "GET").length, 0);
});

onPhone("a_page_at_an_address_that_the_passkeys_are_not_for_says_so", { settings: { rp_id: "mfa.contoso.example" } }, async ({ page, url }) => {
  await page.goto(`${url}passkey`);
  await page.getByLabel("Your sign-in name").fill(OLGA);
  await page.getByLabel("A name for the passkey").fill("olga-phone");
  await page.getByRole("button", { name: "Make the passkey" }).click();
  await page.locator("#fault:visible").waitFor();
  assert.match(await page.locator("#fault").textContent(), /do not work at this address/);
});

onPhone("a_page_that_is_open_at_another_address_than_passkeys_sign_at_names_the_right_one", {
  settings: { origin: "https://mfa.contoso.example" },
}, async ({ page, url, accessible }) => {
  await page.goto(`${url}passkey`);
  assert.match(await page.locator("#fault").innerText(), /Open this page at https:\/\/mfa\.contoso\.example\/passkey\./);
  await accessible("5-enrol-elsewhere", [320]);
  await page.goto(`${url}#passkey=olga-phone&approver=${OLGA}`);
  await at(page, "paste");
  const fault = page.locator("#pk-fault");
  assert.match(await fault.innerText(), /do not count at this address\. Open this page at https:\/\/mfa\.contoso\.example\/\./);
  await fill(page);
  await press(page, "Sign, and copy it");
  assert.match(await fault.innerText(), /Open this page at/, "nothing is signed");
  assert.equal(await page.locator("#pk-token:visible").count(), 0);
});

onPhone("a_link_that_only_accepts_a_lock_out_says_nothing_of_a_passkey", {}, async ({ page, url }) => {
  await page.goto(`${url}#${new URLSearchParams({ passkey: "olga-phone", approver: OLGA, target: JANE, scope: "mfa:reregister lockout:accept" })}`);
  await at(page, "paste");
  assert.equal(await page.getByLabel("Ask them: was a passkey on it?").inputValue(), "none");
  assert.equal(await page.getByLabel("If they could not register afterwards").inputValue(), "lockout:accept");
});

onPhone("a_person_without_an_approval_is_shown_the_way_to_the_desk", {
  desk: "https://mfa.contoso.example/desk",
}, async ({ page, url, accessible }) => {
  await page.goto(url);
  await at(page, "paste");
  const way = page.getByRole("link", { name: "on the page of the service desk" });
  assert.equal(await way.getAttribute("href"), "https://mfa.contoso.example/desk");
  await accessible("6-way-to-the-desk", [320]);
});

onPhone("without_the_link_the_names_are_typed_and_the_phone_finds_the_passkey", {
  script: [{ on: LOOK, json: preview({ approvals: [second()] }), check: keeps }],
}, async ({ page, url }) => {
  const line = await enrol({ page, url });
  await page.goto(url);
  await at(page, "paste");
  await page.getByText("Approve with a passkey").click();
  await fill(page);
  await page.getByLabel("Your own sign-in name").fill(OLGA);
  await page.getByLabel("Name of your passkey").fill("olga-phone");
  await press(page, "Sign, and check it here");
  await at(page, "check");
  verified(bearer, line, new URL(url).origin);
});

// Against the product: the phone has the passkey that is in its policy.
if (REAL) test("the_product_accepts_what_a_passkey_of_a_browser_has_signed", { timeout: 120_000 }, async () => {
  const { credential, private_key: privateKey, owner, target } = JSON.parse(process.env.PAGE_PASSKEY);
  const url = named(new URL("/", REAL).href);
  const visit = await open(browser, url, { name: "passkey-", ...PHONE });
  const { page, accessible } = visit;
  try {
    const { cdp, authenticatorId } = await phone(visit);
    await cdp.send("WebAuthn.addCredential", { authenticatorId, credential: {
      credentialId: credential, isResidentCredential: true, rpId: "localhost", privateKey, signCount: 0,
      userHandle: Buffer.from("olga").toString("base64"),
    } });
    await page.goto(`${url}passkey`);
    await accessible("0-enrol", [320]);
    await page.goto(url);
    await page.getByText("Approve with a passkey").click();
    await fill(page, target);
    await page.getByLabel("Your own sign-in name").fill(owner);
    await page.getByLabel("Name of your passkey").fill("olga-phone");
    await press(page, "Sign, and check it here");
    await at(page, "check", "Is this right?");
    await accessible("3-check", [320]);
    await confirm(page);
    await at(page, "outcome");
    assert.match(await section(page, "outcome").innerText(), /What was done/);
    // The same approval is over: a second try is made with a new one.
    await press(page, "Start with another approval");
    await fill(page, target);
    await press(page, "Sign, and check it here");
    await at(page, "problem");
    assert.match(await section(page, "problem").innerText(), /cooling_down/);
    assert.deepEqual(visit.seen.errors, [], "console");
    assert.deepEqual(await page.evaluate(() => window.broken), [], "Content-Security-Policy");
  } finally {
    await visit.close();
  }
});
