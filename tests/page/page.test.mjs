// From a link to the outcome, and what holds for the whole page.

import assert from "node:assert/strict";
import { JANE, PRIVILEGED, USED, approval, outcome, preview, problem, second, soon } from "./answers.mjs";
import { tabTo } from "./browser.mjs";
import { DO, HEADLINE, LOOK, ONE, REAL, TWO, at, confirm, play, press, section, sent } from "./play.mjs";

play("an_operator_opens_a_link_checks_it_confirms_and_reads_out_what_to_do", {
  real: "PAGE_STANDARD",
  how: { name: "standard-" },
  script: () => [{ on: LOOK, json: preview() }, { on: DO, json: outcome(), wait: 200 }],
}, async ({ page, server, tokens, accessible }) => {
  await page.goto(`${server.url}#approval=${tokens[0]}`);
  assert.equal(await page.evaluate(() => location.href), server.url, "the fragment is gone");
  await at(page, "check", "Is this right?");
  const said = await section(page, "check").innerText();
  if (!REAL) {
    for (const words of [
      JANE, "Standard: not privileged", "HELP-42", "Phone call to the desk", "Verified by vera@contoso.example", "6 minutes ago", "CALL-17",
      "olga@contoso.example", "olga-2026", "https://on-call.contoso.example, trust domain on-call", "Will be revoked",
      "who signed in with a password, a hardware key", "in 12 minutes (", "Jane's iPhone",
      "Will be removed", "Require re-register MFA in Entra keeps it, too", "A passkey stays in place", "signed out everywhere",
      "Afterwards they can register MFA again",
    ]) assert.ok(said.includes(words), words);
  }
  await accessible("1-check");

  await press(page, "Yes, go on to confirm");
  await at(page, "confirm", "Confirm");
  const box = page.getByLabel("To confirm"), button = page.getByRole("button", { name: "Reset MFA now" });
  assert.ok(await button.isDisabled(), "nothing is typed");
  await box.fill("somebody.else@contoso.example");
  assert.ok(await button.isDisabled(), "another person is typed");
  await box.press("Enter");
  assert.equal(sent(server, DO).length, 0);
  const person = await page.locator(".who").first().textContent();
  await box.fill(`  ${person.toUpperCase()} `);
  assert.ok(await button.isEnabled());
  await accessible("2-confirm");

  await press(page, "Reset MFA now");
  await at(page, "outcome", HEADLINE);
  const end = await section(page, "outcome").innerText();
  assert.ok(end.includes("Please go to https://aka.ms/mfasetup"));
  assert.match(end, /Removed/);
  await accessible("3-outcome");
  if (REAL) return;
  assert.equal(await section(page, "outcome").getAttribute("class"), "good");
  for (const one of server.requests.slice(1)) {
    assert.equal(one.headers.authorization, `Bearer ${ONE}`);
    assert.equal(one.body, "");
  }
});

play("an_approval_that_was_used_shows_the_outcome_of_its_reset", {
  real: "PAGE_STANDARD",
  how: { name: "replay-" },
  script: () => [{ on: LOOK, ...USED }, { on: DO, json: outcome({ replayed: true, claimed_at: soon(-3) }) }],
}, async ({ page, server, tokens, accessible }) => {
  await page.goto(`${server.url}#approval=${tokens[0]}`);
  await at(page, "problem", "This approval was used already");
  await press(page, "Show how it ended");
  await at(page, "outcome", HEADLINE);
  assert.match(await section(page, "outcome").innerText(), /was begun before you asked for it: [^]* ago [^]*Asking again changed nothing/);
  await accessible("3-outcome");
});

play("a_passkey_that_would_prevent_registration_is_shown_before_the_confirmation", {
  how: { name: "passkey-" },
  script: () => [{ on: LOOK, json: preview({ can_register: "no" }) }],
}, async ({ page, server, accessible }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "check", "Is this right?");
  assert.match(await section(page, "check").innerText(), /could NOT register yet[^]*do you still have your passkey \(Passkey on the iPhone\)\?[^]*No, or not sure: stop[^]*passkeys:remove\./);
  await accessible("1-check");
  await press(page, "They have it: go on to confirm");
  await at(page, "confirm");
  await press(page, "Back, change nothing");
  await press(page, "They do not: stop here");
  await at(page, "paste");
  assert.match(await section(page, "paste").innerText(), /Stopped. Nothing was changed. If it was for the passkey, ask for: jane.doe@contoso.example, ticket HELP-42, with passkeys:remove/);
});

play("looking_and_going_back_change_nothing", {
  script: () => [{ on: LOOK, json: preview() }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "check");
  await press(page, "Yes, go on to confirm");
  await page.getByLabel("To confirm").fill("HELP-42");
  await press(page, "Back, change nothing");
  await at(page, "check");
  await press(page, "No, stop here");
  await at(page, "paste");
  assert.match(await section(page, "paste").innerText(), /Stopped. Nothing was changed/);
});

const EVIL = "<img src=x onerror=\"window.hit=1\"><script>window.hit=1</script>";

play("texts_of_the_server_are_shown_as_text", {
  script: () => [
    { on: LOOK, json: preview({ target: EVIL, ticket: EVIL, privilege: EVIL, privileged: true, methods: [{ method: EVIL, label: EVIL, status: EVIL, why: EVIL }], warnings: [{ code: "x", text: EVIL }], approvals: [approval({ issuer: EVIL, kid: EVIL, owner: EVIL, domain: EVIL, target: EVIL, ticket: EVIL, approver: EVIL, amr: [EVIL], expires_at: EVIL, verification: [{ how: EVIL, verified_by: EVIL, verified_at: EVIL, reference: EVIL }] })] }) },
    { on: DO, ...problem(403, "frozen", EVIL, EVIL, { title: EVIL, retry: true, second_approval: false, reset: EVIL }) },
    { on: DO, json: outcome({ reset: EVIL, target: EVIL, note: EVIL, sessions: EVIL, register_at: EVIL, ticket: EVIL, claimed_at: EVIL, replayed: true, methods: [{ method: EVIL, label: EVIL, status: EVIL, why: EVIL }], warnings: [{ code: EVIL, text: EVIL }] }) },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  const harmless = async (name, least) => {
    const written = await section(page, name).innerText();
    assert.ok(written.split("<img").length > least, `${name} shows it as it is`);
    assert.equal(await page.locator("img, main script, svg, iframe").count(), 0);
    assert.equal(await page.evaluate(() => window.hit), undefined);
  };
  await at(page, "check");
  await harmless("check", 10);
  await confirm(page, EVIL);
  await at(page, "problem");
  await harmless("problem", 4);
  await press(page, "Try again");
  await at(page, "outcome");
  await harmless("outcome", 8);
});

play("the_page_works_by_keyboard_alone", {
  script: () => [
    { on: LOOK, ...PRIVILEGED },
    { on: LOOK, json: preview({ approvals: [approval(), second()] }) },
    { on: DO, json: outcome() },
  ],
}, async ({ page, server }) => {
  await page.goto(server.url);
  await tabTo(page, "Approval, or the link");
  await page.keyboard.insertText(ONE);
  await tabTo(page, "Check, and change nothing yet");
  await page.keyboard.press("Enter");
  await at(page, "problem");
  await tabTo(page, "Second approval");
  await page.keyboard.insertText(TWO);
  await tabTo(page, "Check again with both");
  await page.keyboard.press("Space");
  await at(page, "check");
  await tabTo(page, "Yes, go on to confirm");
  await page.keyboard.press("Enter");
  await at(page, "confirm");
  await tabTo(page, "To confirm");
  await page.keyboard.type("help-42");
  await page.keyboard.press("Enter");
  await at(page, "outcome");
  await tabTo(page, "Copy the sentence");
});

for (const [allowed, permissions] of [["and_where_the_clipboard_is_allowed", ["clipboard-read", "clipboard-write"]], ["and_where_it_is_not", []]]) {
  play(`the_sentence_is_copied_${allowed}`, {
    how: { permissions },
    script: () => [{ on: LOOK, json: preview() }, { on: DO, json: outcome() }],
  }, async ({ page, server, context }) => {
    await page.goto(`${server.url}#approval=${ONE}`);
    await confirm(page);
    await at(page, "outcome");
    if (!permissions.length) await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
    await press(page, "Copy the sentence");
    await page.getByText("Copied.").waitFor();
    await context.grantPermissions(["clipboard-read"]);
    if (permissions.length) assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^Please go to https:\/\/aka\.ms\/mfasetup/);
  });
}

play("without_javascript_the_page_shows_the_commands_for_a_terminal", {
  how: { javaScriptEnabled: false },
  script: () => [],
}, async ({ page, server }) => {
  await page.goto(server.url);
  assert.match(await page.locator("main").innerText(), /needs JavaScript[^]*curl -sS -X POST "\$URL\/resets\/preview"/);
});
