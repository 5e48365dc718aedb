// The desk: the agent who verifies, the approver who decides, and what the page does not do.

import assert from "node:assert/strict";
import { preview, running, soon } from "./answers.mjs";
import { tabTo } from "./browser.mjs";
import {
  APPROVAL, BEARER, CASE, CONTACT, DRAFT, DRAFTS, ENDED, OVER, PEOPLE, READ, REJECT, RELOADED, SESSION, SETTINGS, SIGN, TARGET, VERIFIED,
  approvalDraft, done, found, noted, refusal, reread, sha256, verification, verificationDraft,
} from "./desk-fake.mjs";
import { at, looked, microsoft, plain, play, press, said, signIn, signsIn, store } from "./desk-play.mjs";
import { CALL, fillIn, findJane } from "./desk-verify.mjs";

const REFERENCE = `desk:${APPROVAL}`;
const AGENT = signsIn(["Verifier"]), APPROVER = signsIn(["Approver"]);
const REJECTED = verification({ rejections: [{ at: soon(-2), by: "Sam", ticket: "HELP-42", reason: "Did not ask", case: CASE }] });
/** What concerns an approver only as long as nothing is decided. */
const UNDECIDED = /If approved|Approve before|What will happen|Will be removed|would be refused|Let the ticket/;

play("a_visitor_reads_what_this_is_and_whom_to_ask_and_nothing_is_sent_before_a_click", {
  how: { name: "desk-0-" },
}, async ({ page, url, server, accessible }) => {
  await page.goto(`${url}desk`);
  await at(page, "start", "Reset a person's MFA");
  await page.getByText("If Microsoft shows an error").click();
  assert.match(await said(page, "start"), /AADSTS50105[^]*Ask the administrators of Microsoft Entra/);
  await plain(page);
  await accessible("start");
  assert.deepEqual(server.requests.map((one) => one.url), ["/desk"]);
  await tabTo(page, "Sign in");
});

play("an_agent_finds_a_person_calls_them_signs_and_the_approver_is_next", {
  how: { name: "desk-agent-" },
  script: [
    ...AGENT,
    { on: PEOPLE, json: found({
      hints: [{ code: "password_changed", text: "The password was changed within the last 24 hours.", at: soon(-60) }],
      rejections: [{ at: soon(-200), by: "Sam Approver", ticket: "HELP-40", reason: "Did not ask for it" }],
    }), check: ({ body, headers }) => {
      assert.deepEqual(JSON.parse(body), { person: "jane.doe@contoso.example" });
      assert.equal(headers.authorization, `Bearer ${BEARER}`);
    } },
    { ...CALL, check: ({ body }) => assert.deepEqual(JSON.parse(body), { person: TARGET, contact: "business_phone" }) },
    { on: CONTACT, json: { contact: "mobile_phone", number: "+1 555 0199" } },
    { on: DRAFTS, json: verificationDraft(), check: ({ body }) => assert.deepEqual(JSON.parse(body), { verification: {
      ticket: "HELP-42", target: TARGET, scope: "mfa:reregister passkeys:remove", reason: "broken",
      evidence: [{ method: "phone_call", via: "desk" }, { method: "secure_message", via: "teams" }],
    } }) },
    { on: SETTINGS },
    { on: SIGN(DRAFT), json: noted(false), wait: 200, check: ({ body, headers }) => {
      assert.equal(headers.authorization, `Bearer ${BEARER}`);
      assert.deepEqual(Object.keys(JSON.parse(body)), ["code", "code_verifier"]);
    } },
    RELOADED(["Verifier"]),
    { on: `GET /desk/cases/${DRAFT}`, json: reread("mfa:reregister passkeys:remove") },
  ],
}, async (visit) => {
  const { page, url, entra, server, accessible } = visit;
  await signIn(visit, "desk?ticket=HELP-42");
  looked(entra.requests[0], url);
  await at(page, "find");
  assert.equal(page.url(), `${url}desk?ticket=HELP-42`, "the address is the agent's again");
  assert.deepEqual(await store(page), { "desk-bearer": BEARER });
  assert.equal(await page.getByLabel("Ticket").inputValue(), "HELP-42");
  await accessible("1-find");
  await page.getByLabel("The person's sign-in name").fill("jane.doe@contoso.example");
  await page.keyboard.press("Enter");
  await at(page, "verify");
  const facts = await said(page, "verify");
  for (const words of ["Jane Doe", "Marketing", "Designer", "Miriam Graham", "password was changed", "Sam Approver rejected ticket HELP-40", "Did not ask for it", "just double checking you requested an MFA reset"]) {
    assert.ok(facts.includes(words), words);
  }
  assert.equal(await page.locator("section#verify input[type=text]").count(), 0, "no number is typed");
  assert.ok(await page.getByLabel("I called their desk phone").isDisabled(), "the number was not shown");
  assert.equal(await page.getByRole("button", { name: "Show the mobile phone" }).count(), 0, "the business phone first");
  await accessible("2-verify");
  await press(page, "Continue: see what you sign");
  assert.match(await said(page, "verify"), /Say what happened to their phone/);
  await fillIn(page);
  assert.match(await said(page, "verify"), /\+1 555 0100/);
  await press(page, "Show the mobile phone");
  await page.getByText("+1 555 0199").waitFor();
  assert.doesNotMatch(await said(page, "verify"), /555 0100/, "one at a time");
  await page.getByLabel("They answered on Microsoft Teams").check();
  await page.getByText("Other choices", { exact: true }).click();
  await accessible("2-verify-filled");
  await press(page, "Continue: see what you sign");
  await at(page, "sign", "What you sign");
  assert.match(await said(page, "sign"), /You sign:\s+I have verified Jane Doe \(jane\.doe@contoso\.example\) for HELP-42 by a call to their desk phone and by a message on Microsoft Teams\. Broken device\.\s+Remove their MFA methods and passkeys, and sign them out everywhere\./);
  assert.match(await said(page, "sign"), /in (10|9) minutes/);
  await plain(page);
  await accessible("3-sign");
  await tabTo(page, "I have verified them: sign");
  await page.keyboard.press("Enter");
  await page.waitForURL(/authorize/);
  const { asked } = entra.requests[1];
  assert.equal(asked.prompt, "login");
  assert.equal(asked.login_hint, "vera@contoso.example");
  assert.equal(JSON.parse(asked.claims).id_token.acrs.value, "c1");
  await page.getByText("Sign in", { exact: true }).click();
  await at(page, "outcome", "Verified. The approver is next");
  assert.equal(sha256(JSON.parse(server.requests.at(-1).body).code_verifier), asked.code_challenge);
  assert.match(await said(page, "outcome"), /Copy this note into the ticket[^]*waits for an approver[^]*\/desk\/d{32}/);
  assert.deepEqual(await store(page), { "desk-bearer": BEARER });
  await plain(page);
  await accessible("4-verified");
  // A reload signs nothing again, and shows what was signed at its link.
  await page.reload();
  await at(page, "review", "A verification");
  assert.match(await said(page, "review"), /If approved, this will remove their MFA methods and passkeys, and sign them out everywhere\./);
  assert.equal(page.url(), `${url}desk/${DRAFT}`);
  assert.equal(server.requests.filter((one) => one.url.endsWith("/signature")).length, 1);
});

play("a_lost_phone_is_not_called_and_its_messages_do_not_count", {
  how: { name: "desk-lost-" },
  script: [...AGENT, { on: PEOPLE, json: found() }, CALL, { on: CONTACT, json: { contact: "mobile_phone", number: "+1 555 0199" } }, { on: DRAFTS, json: verificationDraft(), check: ({ body }) =>
    assert.equal(JSON.parse(body).verification.scope, "mfa:reregister passkeys:keep lockout:accept") }],
}, async (visit) => {
  const { page, accessible } = visit;
  await findJane(visit);
  await press(page, "Show the business phone");
  await press(page, "Show the mobile phone");
  await page.getByLabel("They answered on Signal").check();
  for (const reason of ["It is lost", "It was stolen"]) {
    await page.getByLabel(reason).check();
    const words = await said(page, "verify");
    assert.doesNotMatch(words, /555 0199|They answered on Signal|I called their mobile|Telegram\n|Show the mobile/);
    assert.match(words, /in other hands\. A call to the mobile, SMS, Signal and Telegram do not count/);
  }
  await page.getByText("Other choices", { exact: true }).click();
  assert.ok(await page.getByLabel("Keep their sessions").isDisabled(), "stolen: signed out everywhere");
  await page.getByLabel("Go ahead even if").check();
  await page.getByLabel("Yes: keep it").check();
  await page.getByLabel("I saw them on a video call").check();
  await accessible("2-verify");
  await press(page, "Continue: see what you sign");
  await at(page, "sign");
  assert.match(await said(page, "sign"), /on a video call\. Stolen device\.[^]*even if they cannot register/);
});

for (const [sentence, change] of [
  ["a_text_with_another_hash_than_the_server_says_is_not_signed", { answer: { nonce: "x".repeat(43) } }],
  ["a_text_about_another_person_is_not_signed", { about: { target: CASE } }],
  ["a_text_that_allows_more_than_was_asked_for_is_not_signed", { about: { scope: "mfa:reregister passkeys:remove lockout:accept" } }],
]) {
  play(sentence, {
    script: [...AGENT, { on: PEOPLE, json: found() }, CALL, { on: DRAFTS, json: verificationDraft(change) }],
  }, async (visit) => {
    await findJane(visit);
    await fillIn(visit.page);
    await press(visit.page, "Continue: see what you sign");
    await at(visit.page, "problem", "This cannot be signed");
    assert.equal(visit.entra.requests.length, 1);
  });
}

play("an_agent_learns_that_a_name_is_wrong_and_cannot_verify_themselves", {
  script: [
    ...AGENT, { on: PEOPLE, ...refusal(422, "target_not_found", "There is no such person.", "Correct it.") },
    { on: PEOPLE, json: found({ contacts: [], hints: [{ code: "yourself", text: "This is you. You cannot verify yourself.", at: null }] }) },
  ],
}, async (visit) => {
  const { page } = visit;
  await signIn(visit, "desk");
  await at(page, "find");
  await page.getByLabel("Ticket").fill("HELP 42");
  await press(page, "Find");
  assert.match(await said(page, "find"), /no blank, no #/);
  await page.getByLabel("Ticket").fill("");
  await press(page, "Find");
  assert.match(await said(page, "find"), /the ticket's number, such as HELP-42/);
  await page.getByLabel("Ticket").fill("HELP-42");
  await page.getByLabel("The person's sign-in name").fill("jane");
  await press(page, "Find");
  await at(page, "find");
  assert.match(await said(page, "find"), /has no person with this sign-in name/);
  await press(page, "Find");
  await at(page, "verify");
  assert.match(await said(page, "verify"), /This is you/);
  assert.equal(await page.getByRole("button", { name: "Continue: see what you sign" }).count(), 0);
});

play("an_approver_reads_the_verification_approves_and_sees_the_outcome", {
  how: { name: "desk-approver-" },
  script: [
    ...APPROVER, { on: READ, json: () => verification() },
    { on: DRAFTS, json: approvalDraft(), check: ({ body }) => assert.deepEqual(JSON.parse(body), { approval: { case: CASE, for_ticket: false } }) },
    { on: SETTINGS },
    { on: SIGN(APPROVAL), status: 202, json: running() },
    { on: ENDED, status: 202, json: running() },
    { on: ENDED, json: done() },
  ],
}, async (visit) => {
  const { page, url, entra, accessible } = visit;
  await signIn(visit, `desk/${CASE}`);
  await at(page, "review", "Do you approve this reset?");
  assert.equal(page.url(), `${url}desk/${CASE}`);
  const words = await said(page, "review");
  for (const one of ["Vera Verifier asks to reset the MFA of Jane Doe (jane.doe@contoso.example) for ticket HELP-42, because their device is broken", "A call to the person's desk phone", "6 minutes ago", "in 4 hours", "Now, in Microsoft Entra", "Jane's iPhone"]) {
    assert.ok(words.includes(one), one);
  }
  assert.ok(!words.includes(VERIFIED), "what was signed is folded");
  const sizes = await page.locator("#review-row button").evaluateAll((all) => all.map((one) => [one.offsetWidth, getComputedStyle(one).backgroundColor]));
  assert.deepEqual(sizes[0], sizes[1], "both are as easy");
  await plain(page);
  await accessible("1-review");
  await page.getByText("The exact text that was signed").click();
  assert.equal(await page.locator("#review-body pre").textContent(), VERIFIED);
  await press(page, "Approve");
  await at(page, "sign");
  assert.match(await said(page, "sign"), /I approve the MFA reset of Jane Doe \(jane\.doe@contoso\.example\) for HELP-42\. Broken device\. Vera Verifier has verified them/);
  await accessible("2-sign");
  await press(page, "I approve: sign");
  await page.waitForURL(/authorize/);
  assert.equal(entra.requests[1].asked.nonce.length, 43);
  await page.getByText("Sign in", { exact: true }).click();
  await at(page, "work");
  await at(page, "outcome", "Done: they can register MFA again");
  assert.match(await said(page, "outcome"), /aka\.ms\/mfasetup[^]*Removed/);
  assert.equal(page.url(), `${url}desk/${CASE}`);
  await plain(page);
  await accessible("3-outcome");
});

play("an_approver_rejects_with_a_reason", {
  how: { name: "desk-reject-" },
  script: [...APPROVER, { on: READ, json: verification({ rejections: [{ at: soon(-90), by: "Sam", ticket: "HELP-40", reason: null }] }) }, { on: REJECT, json: { rejected: true, note: "MFA re-registration was rejected by Sam. Reason: Call ### ####.", noted: true }, check: ({ body }) =>
    assert.deepEqual(JSON.parse(body), { reason: "Call 555 0100" }) }],
}, async (visit) => {
  const { page, accessible } = visit;
  await signIn(visit, `desk/${CASE}`);
  await at(page, "review");
  assert.match(await said(page, "review"), /Sam rejected ticket HELP-40/);
  await press(page, "Reject");
  await at(page, "reject-it");
  assert.doesNotMatch(await said(page, "reject-it"), /asks to reset/, "the question is in view on a phone");
  await press(page, "Reject");
  assert.match(await said(page, "reject-it"), /Say why/);
  await page.getByLabel("Why?").fill("Call 555 0100");
  await accessible("2-reject");
  await press(page, "Reject");
  await at(page, "outcome", "Rejected");
  assert.match(await said(page, "outcome"), /For the ticket[^]*was rejected by Sam\. Reason: Call ### ####[^]*Copy the note/);
  assert.doesNotMatch(await said(page, "outcome"), /555/, "what others read");
  await accessible("3-rejected");
});

for (const [sentence, end, heading, words] of [
  ["a_refusal_after_the_signature_says_what_to_do", refusal(403, "frozen", "Resets are frozen: an attack.", "Ask the security team to lift the freeze."), "Refused: frozen", /Resets are frozen: an attack[^]*What to do: Ask the security team/],
  ["an_outcome_that_is_not_complete_is_for_an_administrator", { json: done({ state: "needs_human", can_register: "unknown" }) }, "Not complete: an administrator has to finish it", /by hand in Microsoft Entra/],
]) {
  play(sentence, {
    how: { name: `desk-${heading.slice(0, 3)}-` },
    script: [...APPROVER, { on: READ, json: verification() }, { on: DRAFTS, json: approvalDraft() }, { on: SETTINGS }, { on: SIGN(APPROVAL), ...end }],
  }, async (visit) => {
    const { page, accessible } = visit;
    await signIn(visit, `desk/${CASE}`);
    await press(page, "Approve");
    await press(page, "I approve: sign");
    await microsoft(page, "Sign in");
    await at(page, end.json.state ? "outcome" : "problem", heading);
    assert.match(await said(page, end.json.state ? "outcome" : "problem"), words);
    await accessible("3-end");
  });
}

play("an_answer_that_is_lost_is_asked_for_again_with_the_same_signature", {
  script: [...APPROVER, { on: READ, json: verification() }, { on: DRAFTS, json: approvalDraft() }, { on: SETTINGS }, { on: SIGN(APPROVAL), drop: true }, { on: SIGN(APPROVAL), json: done() }],
}, async (visit) => {
  const { page, server } = visit;
  await signIn(visit, `desk/${CASE}`);
  await press(page, "Approve");
  await press(page, "I approve: sign");
  await microsoft(page, "Sign in");
  await at(page, "outcome", "Done: they can register MFA again");
  const [first, second] = server.requests.filter((one) => one.url.endsWith("/signature"));
  assert.equal(first.body, second.body);
});

play("what_was_approved_already_shows_how_it_ended_and_is_not_signed_again", {
  how: { name: "desk-approved-" },
  script: [...APPROVER, { on: READ, json: verification({ approved: true, preview: null, obstacle: "The person was reset a short time ago." }) }, { on: ENDED, json: done() }],
}, async (visit) => {
  const { page, accessible } = visit;
  await signIn(visit, `desk/${CASE}`);
  await at(page, "review", "Approved already");
  assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
  assert.doesNotMatch(await said(page, "review"), UNDECIDED);
  await accessible("1-review");
  await press(page, "Show how it ended");
  await at(page, "outcome", "Done: they can register MFA again");
});

play("an_agent_looks_whether_it_was_approved_and_how_it_ended", {
  how: { name: "desk-looks-" },
  script: [
    ...AGENT, { on: PEOPLE, json: found() }, CALL, { on: DRAFTS, json: verificationDraft() }, { on: SETTINGS }, { on: SIGN(DRAFT), json: noted(true) }, RELOADED(["Verifier"]),
    { on: `GET /desk/cases/${DRAFT}`, json: { ...reread("mfa:reregister passkeys:remove"), preview: null, approved: true } },
    { on: `GET /desk/cases/${DRAFT}/outcome`, json: done() },
  ],
}, async (visit) => {
  const { page, accessible } = visit;
  await findJane(visit);
  await fillIn(page);
  await press(page, "Continue: see what you sign");
  await press(page, "I have verified them: sign");
  await microsoft(page, "Sign in");
  await at(page, "outcome", "Verified. The approver is next");
  await press(page, "Has it been approved? Look");
  await at(page, "review", "Approved already");
  assert.match(await said(page, "review"), /This was approved\. Press the button to see how it ended\./);
  assert.doesNotMatch(await said(page, "review"), UNDECIDED);
  await accessible("5-approved");
  await press(page, "Show how it ended");
  await at(page, "outcome", "Done: they can register MFA again");
});

play("a_rejected_verification_offers_no_approval_after_a_reload", {
  how: { name: "desk-rejected-" },
  script: [...APPROVER, { on: READ, json: REJECTED }, RELOADED(["Approver"]), { on: READ, json: REJECTED }],
}, async (visit) => {
  const { page, accessible } = visit;
  await signIn(visit, `desk/${CASE}`);
  for (const time of ["first", "reloaded"]) {
    await at(page, "review", "Rejected already");
    assert.match(await said(page, "review"), /can no longer be approved[^]*verified again/);
    assert.doesNotMatch(await said(page, "review"), UNDECIDED);
    assert.equal(await page.getByRole("button", { name: /Approve|Reject/ }).count(), 0, time);
    if (time === "first") await page.reload();
  }
  await accessible("1-review");
});

play("an_approver_signs_a_reference_for_the_ticket_and_copies_it", {
  how: { name: "desk-ticket-", permissions: ["clipboard-read", "clipboard-write"] },
  script: [
    ...APPROVER, { on: READ, json: verification({ for_ticket: true, preview: null, obstacle: "The person holds a role: one approval is not enough.", obstacle_next: "Add an approval." }) },
    { on: DRAFTS, json: approvalDraft({ channel: "webhook" }), check: ({ body }) => assert.deepEqual(JSON.parse(body), { approval: { case: CASE, for_ticket: true } }) },
    { on: SETTINGS }, { on: SIGN(APPROVAL), json: { reference: REFERENCE } },
  ],
}, async (visit) => {
  const { page, accessible } = visit;
  await signIn(visit, `desk/${CASE}`);
  await at(page, "review");
  assert.match(await said(page, "review"), /would be refused[^]*one approval is not enough[^]*What to do: Add an approval/);
  await page.getByText("Let the ticket start the reset").click();
  await accessible("1-review");
  await press(page, "Approve for the ticket");
  await at(page, "sign");
  assert.match(await said(page, "sign"), /This alone changes nothing[^]*The ticket system begins the reset/);
  await accessible("2-sign");
  await press(page, "I approve: sign");
  await microsoft(page, "Sign in");
  await at(page, "outcome", "Approved for the ticket");
  assert.match(await said(page, "outcome"), /desk:a{32}[^]*counts for 90 minutes/);
  await press(page, "Copy the reference");
  await page.getByText("Copied.").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), REFERENCE);
  await plain(page);
  await accessible("3-reference");
});

for (const [forTicket, words] of [[true, /cannot reset them\. Approve for the ticket, below/], [false, /cannot reset them\. It takes two approvals of two systems, and a passkey can give one\. If another approver has one, send them this link/]]) {
  play(`a_privileged_person_is_not_approved_on_the_page_${forTicket ? "but_for_the_ticket" : "where_no_ticket_takes_references"}`, {
    how: { name: "desk-privileged-" },
    script: [...APPROVER, { on: READ, json: verification({ for_ticket: forTicket, preview: preview({ approvals: [], privileged: true, privilege: "holds the role Global Administrator" }) }) }],
  }, async (visit) => {
    await signIn(visit, `desk/${CASE}`);
    await at(visit.page, "review", forTicket ? "Do you approve this reset?" : "This page cannot reset this person");
    assert.match(await said(visit.page, "review"), words);
    assert.equal(await visit.page.getByRole("button", { name: "Approve", exact: true }).count(), 0);
    assert.equal(await visit.page.getByText("Let the ticket start the reset").count(), forTicket ? 1 : 0);
    await visit.accessible(`1-review-${forTicket}`);
  });
}

for (const [link, isShown] of [["{url}#passkey=sam-phone&target=jane", true], ["javascript:alert(1)", false], ["nonsense", false], [undefined, false]]) {
  play(`an_approver_with_a_passkey_is_led_to_its_page_and_to_no_other_kind_of_address_such_as_${link}`, {
    how: { name: "desk-passkey-" },
    script: [...APPROVER, { on: READ, json: verification({ with_passkey: link && link.replace("{url}", "http://127.0.0.1:1/") }) }],
  }, async (visit) => {
    await signIn(visit, `desk/${CASE}`);
    await at(visit.page, "review");
    const shown = visit.page.getByRole("link", { name: "Approve with your passkey" });
    assert.equal(await shown.count(), isShown ? 1 : 0);
    if (!isShown) return;
    assert.equal(await shown.getAttribute("href"), "http://127.0.0.1:1/#passkey=sam-phone&target=jane");
    assert.equal(await shown.getAttribute("rel"), "noopener noreferrer");
    await visit.accessible("1-review");
  });
}

play("a_text_that_begins_the_reset_is_not_signed_for_a_reference", {
  script: [...APPROVER, { on: READ, json: verification({ for_ticket: true }) }, { on: DRAFTS, json: approvalDraft() }],
}, async (visit) => {
  await signIn(visit, `desk/${CASE}`);
  await visit.page.getByText("Let the ticket start the reset").click();
  await press(visit.page, "Approve for the ticket");
  await at(visit.page, "problem", "This cannot be signed");
  assert.equal(visit.entra.requests.length, 1);
});

play("a_verifier_who_opens_the_approvers_link_reads_it_and_cannot_approve", {
  how: { name: "desk-verifier-reads-" },
  script: [...AGENT, { on: READ, json: verification({ preview: null }) }],
}, async (visit) => {
  await signIn(visit, `desk/${CASE}`);
  await at(visit.page, "review", "A verification");
  assert.doesNotMatch(await said(visit.page, "review"), /are not read/, "an approver sees their methods");
  assert.match(await said(visit.page, "review"), /An approver decides/);
  assert.equal(await visit.page.getByRole("button", { name: /Approve|Reject/ }).count(), 0);
  await visit.accessible("1-review");
});

play("an_approver_without_a_link_is_told_to_open_the_one_in_the_ticket", {
  how: { name: "desk-no-link-" },
  script: APPROVER,
}, async (visit) => {
  await signIn(visit, "desk?ticket=HELP-42");
  await at(visit.page, "problem", "This is the agents' page");
  assert.match(await said(visit.page, "problem"), /Open the approver's link in the ticket \(the one without \?ticket=\)/);
  await visit.accessible("1");
});

play("a_person_without_a_role_is_told_whom_to_ask", {
  how: { name: "desk-no-role-" },
  script: [{ on: SETTINGS }, { on: SESSION, ...refusal(403, "desk_role_missing", "Your account does not have the role Verifier or Approver.", "Ask the administrators.", false, "You may not do this") }],
}, async (visit) => {
  await signIn(visit, "desk");
  await at(visit.page, "problem", "You may not do this");
  assert.match(await said(visit.page, "problem"), /does not have the role[^]*What to do: Ask the administrators/);
  assert.deepEqual(await store(visit.page), {});
  await visit.accessible("1");
});

play("a_session_that_is_over_leads_back_to_where_the_person_was", {
  how: { name: "desk-over-" },
  script: [...APPROVER, { on: READ, json: verification() }, { on: DRAFTS, ...OVER }, ...APPROVER, { on: READ, json: verification() }],
}, async (visit) => {
  const { page, url, accessible } = visit;
  await signIn(visit, `desk/${CASE}`);
  await press(page, "Approve");
  await at(page, "start");
  assert.match(await said(page, "start"), /What you typed is gone; what you signed is kept/);
  assert.deepEqual(await store(page), {});
  await accessible("1");
  await press(page, "Sign in again");
  await microsoft(page, "Sign in");
  await at(page, "review");
  assert.equal(page.url(), `${url}desk/${CASE}`);
});

play("a_manager_vouches_for_their_own_person_and_is_asked_for_nothing_else", {
  how: { name: "desk-manager-" },
  script: [
    ...signsIn(["Manager"]),
    { on: PEOPLE, ...refusal(403, "verifier_not_manager", "Microsoft Entra does not name you as the manager of this person.", "Check the spelling.", false, "You are not their manager") },
    { on: PEOPLE, json: found({ job_title: null, manager: null, contacts: [] }) },
    { on: DRAFTS, json: verificationDraft(), check: ({ body }) => assert.deepEqual(JSON.parse(body), { verification: {
      ticket: "HELP-42", target: TARGET, scope: "mfa:reregister passkeys:remove", reason: "lost", evidence: [{ method: "manager_attestation" }],
    } }) },
    { on: SETTINGS },
    { on: SIGN(DRAFT), json: noted(true) },
  ],
}, async (visit) => {
  const { page, accessible } = visit;
  await signIn(visit, "desk?ticket=HELP-42");
  await at(page, "find");
  await page.getByLabel("The person's sign-in name").fill("alex.wilber@contoso.example");
  await press(page, "Find");
  await at(page, "problem");
  assert.match(await said(page, "problem"), /you are not their manager/);
  await press(page, "Back");
  await page.getByLabel("The person's sign-in name").fill("jane.doe@contoso.example");
  await press(page, "Find");
  await at(page, "verify", "Verify this person");
  const facts = await said(page, "verify");
  assert.match(facts, /Jane Doe[^]*Marketing/);
  for (const words of ["Not in the directory", "phone", "Contact them", "Microsoft Teams"]) {
    assert.ok(!facts.replace("phone or security key", "").includes(words), words);
  }
  await page.getByLabel("It is lost").check();
  await page.getByLabel("No, or they are not sure").check();
  await page.getByLabel("I am their manager").check();
  await accessible("vouch");
  await press(page, "Continue: see what you sign");
  await at(page, "sign");
  assert.match(await said(page, "sign"), /I have verified Jane Doe [^]* as their manager\./);
  await press(page, "I vouch for them: sign");
  await microsoft(page, "Sign in");
  await at(page, "outcome", "Verified. The approver is next");
  assert.equal(await page.getByRole("button", { name: /approved/ }).count(), 0, "a manager sees only what they sign");
});
