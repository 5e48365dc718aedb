// The desk: what stands in the way of a reset, as a verifier reads it before they sign.

import assert from "node:assert/strict";
import { DRAFTS, PEOPLE, found, verificationDraft } from "./desk-fake.mjs";
import { CALL, fillIn, findJane } from "./desk-verify.mjs";
import { at, play, press, said, signsIn } from "./desk-play.mjs";

const AGENT = signsIn(["Verifier"]);

for (const [what, change, goesOn, words] of [
  ["a_privileged_person", { privileged: true, privilege: "holds the role User Administrator" }, true, /Privileged: the person holds the role User Administrator\. Their reset takes two approvers/],
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
  how: { name: "desk-weak-" },
  script: [...AGENT, { on: PEOPLE, json: found() }, CALL, { on: DRAFTS, json: verificationDraft({ answer: { obstacle: "Only weak contacts.", obstacle_next: "Verify in one more way." } }) }],
}, async (visit) => {
  await findJane(visit);
  await fillIn(visit.page);
  await press(visit.page, "Continue: see what you sign");
  await at(visit.page, "sign", "What you sign");
  assert.match(await said(visit.page, "sign"), /would be refused:\s+Only weak contacts\.\s+What to do: Verify in one more way\./);
  await visit.accessible("3-sign");
});
