// The desk: what stands in the way of a reset, as verifiers and approvers read it before they sign.

import assert from "node:assert/strict";
import { CASE, CONTACT, DRAFTS, PEOPLE, READ, approvalDraft, found, refusal, verification, verificationDraft } from "./desk-fake.mjs";
import { CALL, fillIn, findJane } from "./desk-verify.mjs";
import { at, play, press, said, signIn, signsIn } from "./desk-play.mjs";

const AGENT = signsIn(["Verifier"]), PHONE = { size: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
const ROLE = { privileged: true, privilege: "holds the role User Administrator" };
/** Whether a person sees all of it without a scroll, above the buttons that stay in view. */
const inView = (locator) => locator.evaluate((it) => {
  const { top, bottom } = it.getBoundingClientRect(), bar = it.closest("section").querySelector(".bar").getBoundingClientRect();
  return top >= 0 && bottom <= bar.top;
});

for (const [what, change, goesOn, words] of [
  ["a_privileged_person", ROLE, true, /Privileged: the person holds the role User Administrator\. Their reset takes two approvers in two systems; a passkey can be one/],
  ["a_privileged_person_where_nothing_can_come_of_it", { ...ROLE, can_go_on: false }, false, /User Administrator\. Administrators and approvers cannot be reset here\. There is nothing to verify/],
  ["a_person_who_was_just_reset", { obstacle: "The person was already reset.", obstacle_next: "Wait.", can_go_on: true }, true, /would be refused:\s+The person was already reset\.\s+What to do: Wait\./],
  ["a_person_whose_account_is_disabled", { obstacle: "The person's account is disabled.", obstacle_next: "Ask why.", can_go_on: false }, false, /account is disabled\.\s+What to do: Ask why\./],
]) {
  play(`an_agent_learns_before_they_verify_${what}_what_comes_of_it`, {
    how: { name: "desk-obstacle-" }, script: [...AGENT, { on: PEOPLE, json: found(change) }],
  }, async (visit) => {
    await findJane(visit);
    assert.match(await said(visit.page, "verify"), words);
    assert.equal(await visit.page.getByRole("button", { name: "Continue: see what you sign" }).count(), goesOn ? 1 : 0);
    await visit.accessible(`2-${what}`);
    await press(visit.page, "Another person");
    await at(visit.page, "find");
  });
}

play("an_agent_reads_before_they_sign_that_the_reset_would_be_refused", {
  how: { name: "desk-weak-", ...PHONE },
  script: [...AGENT, { on: PEOPLE, json: found() }, CALL, { on: DRAFTS, json: verificationDraft({ answer: { obstacle: "Only weak contacts.", obstacle_next: "Press Back, and verify them in one more way." } }) }],
}, async (visit) => {
  await findJane(visit);
  await fillIn(visit.page);
  await press(visit.page, "Continue: see what you sign");
  await at(visit.page, "sign", "What you sign");
  assert.match(await said(visit.page, "sign"), /would be refused:\s+Only weak contacts\.\s+What to do: Press Back, and verify them in one more way\./);
  assert.ok(await inView(visit.page.locator("#sign-body .notice.bad")), "without a scroll");
  const colours = await visit.page.locator("#sign .bar button").evaluateAll((all) => all.map((one) => [one.textContent, one.className]));
  assert.deepEqual(colours, [["Sign anyway", ""], ["Back", "main"]]);
  await visit.accessible("3-sign");
});

play("an_approver_may_try_what_would_be_refused_and_is_promised_nothing", {
  how: { name: "desk-try-", ...PHONE },
  script: [...signsIn(["Approver"]), { on: READ, json: verification({ preview: null, obstacle: "The person was already reset.", obstacle_next: "Wait." }) }, { on: DRAFTS, json: approvalDraft() }],
}, async (visit) => {
  const { page } = visit;
  await signIn(visit, `desk/${CASE}`);
  await at(page, "review", "Do you approve this reset?");
  assert.equal(await page.locator("#review .who").first().innerText(), "Jane Doe");
  assert.match(await said(page, "review"), /methods are not read while the reset would be refused/);
  await visit.accessible("1-review");
  await press(page, "Try to approve");
  await at(page, "sign", "What you sign");
  const words = await said(page, "sign");
  assert.match(words, /would be refused:\s+The person was already reset\.[^]*You sign:[^]*If it is not refused, the reset begins at once/);
  assert.doesNotMatch(words, /The reset then begins/);
  assert.deepEqual(await page.locator("#sign .main:visible").allInnerTexts(), ["Back"]);
  await visit.accessible("2-sign");
  await press(page, "Back");
  await at(page, "review");
});

play("each_time_is_in_the_zone_of_the_one_who_reads_it", {
  how: { name: "desk-zone-", timezoneId: "Europe/Berlin" },
  script: [
    ...AGENT,
    { on: PEOPLE, ...refusal(403, "desk_too_many", "You have looked up 20 people and phone numbers within an hour.", "This is possible again at 2026-11-29 11:16 UTC.") },
    { on: PEOPLE, json: found({ obstacle: "The person was already reset at 2026-11-29 23:12 UTC. Until 2026-11-30 00:12 UTC, another reset needs two approvers.", obstacle_next: "Wait.",
      hints: [{ code: "password_changed", text: "The password was changed.", at: "2026-07-01T10:00:59Z" }] }) },
    { on: CONTACT, ...refusal(403, "desk_too_many", "You have looked up 20 people and phone numbers within an hour.", "This is possible again at 2026-11-29 11:16 UTC.") },
  ],
}, async (visit) => {
  const { page } = visit;
  await signIn(visit, "desk?ticket=HELP-42");
  await page.getByLabel("The person's sign-in name").fill("jane.doe@contoso.example");
  await press(page, "Find");
  await at(page, "problem");
  assert.match(await said(page, "problem"), /20 people and phone numbers[^]*again at 29 Nov 2026, 12:16 CET\./);
  await visit.accessible("1-too-many");
  await press(page, "Back");
  await press(page, "Find");
  await at(page, "verify");
  const words = await said(page, "verify");
  assert.match(words, /reset at 30 Nov 2026, 00:12 CET\. Until 30 Nov 2026, 01:12 CET, another/);
  assert.match(words, /\(1 Jul 2026, 12:00 CEST\)/);
  await press(page, "Show the business phone");
  await page.locator("#contact-fault").waitFor();
  assert.match(await page.locator("#contact-fault").innerText(), /again at 29 Nov 2026, 12:16 CET/);
  assert.doesNotMatch(await page.locator("body").innerText(), /UTC/);
});

play("on_a_phone_what_is_missing_is_said_beside_its_question", {
  how: { name: "desk-missing-", ...PHONE }, script: [...AGENT, { on: PEOPLE, json: found() }, { on: PEOPLE, json: found() }],
}, async (visit) => {
  const { page } = visit;
  await findJane(visit);
  for (const [words, set, answer] of [
    ["Say what happened to their phone", "reason-set", "It was stolen"],
    ["Say whether they still have their passkey", "passkey-set", "They never had one"],
    ["Say how you verified them", "ways-set", "I saw them in person"],
  ]) {
    await page.getByRole("button", { name: "Continue: see what you sign" }).tap();
    const fault = page.locator("#verify-fault");
    assert.match(await fault.innerText(), new RegExp(words));
    assert.ok(await inView(fault), words);
    assert.equal(await fault.evaluate((it) => it.nextElementSibling.id), set);
    assert.equal(await page.locator(`#${set} [aria-invalid=true]:focus`).count(), 1, "it is marked");
    if (set === "reason-set") await visit.accessible("2-verify");
    await page.getByLabel(answer).check();
    assert.equal(await page.locator("[aria-invalid]").count(), 0);
    assert.ok(await fault.isHidden());
  }
  // The next person's form does not begin with it.
  await page.getByLabel("I saw them in person").uncheck();
  await press(page, "Continue: see what you sign");
  await press(page, "Another person");
  await page.getByLabel("The person's sign-in name").fill("jane.doe@contoso.example");
  await press(page, "Find");
  await at(page, "verify");
  assert.ok(await page.locator("#verify-fault").isHidden());
});
