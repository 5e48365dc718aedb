// From a link to the outcome, and what holds for the whole page.

import assert from "node:assert/strict";
import { ENTRA, JANE, PRIVILEGED, USED, approval, outcome, preview, problem, second, soon } from "./answers.mjs";
import { tabTo } from "./browser.mjs";
import { DO, HEADLINE, LOOK, ONE, REAL, TWO, at, confirm, play, press, section, sent, unfolded } from "./play.mjs";

play("an_operator_opens_a_link_checks_it_confirms_and_reads_out_what_to_do", {
  real: "PAGE_STANDARD",
  how: { name: "standard-" },
  script: () => [{ on: LOOK, json: preview() }, { on: DO, json: outcome(), wait: 200 }],
}, async ({ page, server, tokens, accessible }) => {
  await page.goto(`${server.url}#approval=${tokens[0]}`);
  assert.equal(await page.evaluate(() => location.href), server.url, "the fragment is gone");
  await at(page, "check", "Is this right?");
  assert.equal(await section(page, "check").locator("details[open]").count(), 0, "the evidence is folded");
  if (!REAL) await accessible("1-check-folded");
  const said = await unfolded(page, "check");
  if (!REAL) {
    assert.equal(await page.locator("h1").textContent(), "Contoso: MFA reset, on call");
    for (const words of [
      "Jane Doe", JANE, "Not privileged: one approval is enough.", "HELP-42", "Phone call to the desk", "Verified by vera@contoso.example", "6 minutes ago", "CALL-17",
      "olga@contoso.example", "olga-2026", "https://on-call.contoso.example, trust domain on-call", "Will be revoked",
      "who signed in with a password, a hardware key", "in 12 minutes (", "Jane's iPhone",
      "Will be removed", "Entra's own re-register button keeps it, too", "A passkey stays in place", "signed out everywhere",
      "Afterwards they can register MFA again",
    ]) assert.ok(said.includes(words), words);
  }
  await accessible("1-check");

  await press(page, "Continue");
  await at(page, "confirm", "Confirm");
  const box = page.getByLabel("To confirm"), button = page.getByRole("button", { name: "Reset MFA now" });
  assert.ok(await button.isDisabled(), "nothing is typed");
  await box.fill("another.person@contoso.example");
  assert.ok(await button.isDisabled(), "another person is typed");
  await box.press("Enter");
  assert.equal(sent(server, DO).length, 0);
  const person = await page.locator("#confirm-person .upn").textContent();
  await box.fill(`  ${person.toUpperCase()} `);
  assert.ok(await button.isEnabled());
  await accessible("2-confirm");

  await press(page, "Reset MFA now");
  await at(page, "outcome", HEADLINE);
  const end = await section(page, "outcome").innerText();
  assert.ok(end.includes("Please go to https://aka.ms/mfasetup"));
  assert.match(end, /Stay on the line until they have registered\.[^]*Removed/);
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
  assert.match(await section(page, "outcome").innerText(), /was started before you asked for it: [^]* ago [^]*Asking again changed nothing/);
  await accessible("3-outcome");
});

play("the_question_about_the_passkey_has_to_be_answered_before_the_confirmation", {
  how: { name: "passkey-" },
  script: () => [{ on: LOOK, json: preview({ can_register: "no" }) }],
}, async ({ page, server, accessible }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "check", "Is this right?");
  assert.match(await section(page, "check").innerText(), /was a passkey on the lost phone\?[^]*Registered as: Passkey on the iPhone[^]*CANNOT register, unless they still have the method/);
  await accessible("1-check");
  await press(page, "Continue");
  assert.match(await page.locator("#passkey-next").textContent(), /Answer this first/);
  assert.equal(await page.evaluate(() => document.activeElement.value), "gone", "the question has the focus");
  await page.keyboard.press("Space");
  assert.match(await page.locator("#passkey-next").textContent(), /leaves the passkey in place[^]*Ask the approver for a new approval with passkeys:remove\./);
  await accessible("1-check-gone");
  await page.getByLabel("No, they still have").check();
  assert.match(await section(page, "check").innerText(), /Afterwards they can register MFA again with the passkey that they still have/);
  await press(page, "Continue");
  await at(page, "confirm");
  await press(page, "Back");
  await page.getByLabel("Yes, or they are not sure").check();
  await press(page, "Stop here");
  await at(page, "paste");
  assert.match(await section(page, "paste").innerText(), /Stopped. Nothing was changed. Ask the approver for passkeys:remove for jane.doe@contoso.example, ticket HELP-42\./);
});

const LEFT = { can_register: "no" };
for (const [sentence, label, go, heading, said, link] of [
  ["a_passkey_that_is_lost_and_was_not_removed_is_what_the_outcome_is_about", "Yes, or they are not sure", "Continue anyway",
    "They cannot register yet", /You answered that a passkey was on the lost phone[^]*Get a new approval with passkeys:remove[^]*said that a passkey was on the lost phone/, 1],
  ["a_person_who_still_has_the_passkey_is_told_to_register_with_it", "No, they still have", "Continue",
    "They can register with the passkey that they still have", /sign in with your password and your passkey[^]*Stay on the line[^]*said that they still have their passkey/, 1],
]) {
  play(sentence, {
    how: { name: `${link}-passkey-${go.length}-` },
    script: () => [{ on: LOOK, json: preview(LEFT) }, { on: DO, json: outcome(LEFT) }],
  }, async ({ page, server, accessible }) => {
    await page.goto(`${server.url}#approval=${ONE}`);
    await at(page, "check");
    await page.getByLabel(label).check();
    await press(page, go);
    await at(page, "confirm");
    await accessible("2-confirm");
    await page.getByLabel("To confirm").fill("HELP-42");
    await press(page, "Reset MFA now");
    await at(page, "outcome", heading);
    assert.match(await section(page, "outcome").innerText(), said);
    const links = section(page, "outcome").getByRole("link");
    assert.equal(await links.count(), link);
    assert.deepEqual(await links.first().evaluate((it) => [it.href, it.target, it.rel]), [ENTRA, "_blank", "noopener noreferrer"]);
    await accessible("3-outcome");
  });
}

play("on_a_phone_both_buttons_are_in_reach_without_scrolling_and_large_enough", {
  how: { size: { width: 360, height: 640 } },
  script: () => [{ on: LOOK, json: preview({ can_register: "no" }) }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "check");
  const inReach = async (...names) => {
    for (const name of names) {
      const box = await page.getByRole("button", { name }).boundingBox();
      assert.ok(box.height >= 44 && box.y >= 0 && box.y + box.height <= 640, `${name}: ${JSON.stringify(box)}`);
    }
  };
  await inReach("Continue", "Stop here");
  for (const choice of await page.locator(".choice").all()) assert.ok((await choice.boundingBox()).height >= 44);
  assert.ok((await page.locator("summary").first().boundingBox()).height >= 44);
  await tabTo(page, "Approved by");
  const summary = await page.locator("summary").boundingBox(), bar = await page.locator("#check .bar").boundingBox();
  assert.ok(summary.y + summary.height <= bar.y, "what has the focus is not behind the buttons");
  await page.getByLabel("No, they still have").check();
  await press(page, "Continue");
  await at(page, "confirm");
  await inReach("Reset MFA now", "Back");
});

play("an_answer_without_the_names_of_person_and_organisation_is_shown_as_well", {
  script: () => [{ on: LOOK, json: preview({ organisation: null, target_name: null, entra_url: null }) }, { on: DO, json: outcome({ state: "needs_human", target_name: null, entra_url: null }) }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "check");
  assert.equal(await page.locator("h1").textContent(), "MFA reset, on call");
  assert.equal(await page.locator("#check-person .who").textContent(), JANE);
  await confirm(page);
  await at(page, "outcome");
  assert.equal(await page.getByRole("link").count(), 0);
});

play("looking_and_going_back_change_nothing", {
  script: () => [{ on: LOOK, json: preview() }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "check");
  await press(page, "Continue");
  await page.getByLabel("To confirm").fill("HELP-42");
  await press(page, "Back");
  await at(page, "check");
  await press(page, "Stop here");
  await at(page, "paste");
  assert.match(await section(page, "paste").innerText(), /Stopped. Nothing was changed/);
});

const EVIL = "<img src=x onerror=\"window.hit=1\"><script>window.hit=1</script>";

play("texts_of_the_server_are_shown_as_text", {
  script: () => [
    { on: LOOK, json: preview({ organisation: EVIL, target_name: EVIL, entra_url: EVIL, target: EVIL, ticket: EVIL, privilege: EVIL, privileged: true, methods: [{ method: EVIL, label: EVIL, status: EVIL, why: EVIL }], warnings: [{ code: "x", text: EVIL }], approvals: [approval({ issuer: EVIL, kid: EVIL, owner: EVIL, domain: EVIL, target: EVIL, ticket: EVIL, approver: EVIL, amr: [EVIL], expires_at: EVIL, verification: [{ how: EVIL, verified_by: EVIL, verified_at: EVIL, reference: EVIL }] })] }) },
    { on: DO, ...problem(403, "frozen", EVIL, EVIL, { title: EVIL, retry: true, second_approval: false, reset: EVIL }) },
    { on: DO, json: outcome({ reset: EVIL, target_name: EVIL, entra_url: `javascript:window.hit=1//${EVIL}`, target: EVIL, note: EVIL, sessions: EVIL, register_at: EVIL, ticket: EVIL, claimed_at: EVIL, replayed: true, methods: [{ method: EVIL, label: EVIL, status: EVIL, why: EVIL }], warnings: [{ code: EVIL, text: EVIL }] }) },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  const harmless = async (name, least) => {
    const written = await unfolded(page, name);
    assert.ok(written.split("<img").length > least, `${name} shows it as it is`);
    assert.equal(await page.locator("img, main script, svg, iframe, a").count(), 0);
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
  await tabTo(page, "Approval 1: approved by");
  await page.keyboard.press("Enter");
  await page.getByText("olga-2026").first().waitFor();
  await tabTo(page, "Continue");
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
