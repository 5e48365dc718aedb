// After the confirmation: lost answers, waiting, refusals, and how each outcome is shown.

import assert from "node:assert/strict";
import { EXPIRED, RESET, outcome, preview, problem, running, soon, waiting } from "./answers.mjs";
import { DO, HEADLINE, LOOK, ONE, OTHER, READ, REAL, at, confirm, play, press, section, sent } from "./play.mjs";

play("an_answer_that_is_lost_is_asked_for_again_and_nothing_is_done_twice", {
  real: "PAGE_LOST",
  how: { name: "lost-" },
  script: () => [
    { on: LOOK, json: preview() },
    { on: DO, json: outcome(), drop: true, wait: 100 },
    { on: DO, json: outcome({ replayed: true }), wait: 1500 },
  ],
}, async ({ page, server, tokens, accessible }) => {
  if (REAL) {
    let first = true;
    await page.route("**/resets", async (route) => {
      if (!first) return route.continue();
      first = false;
      await route.fetch();
      return route.abort("connectionreset");
    });
  }
  await page.goto(`${server.url}#approval=${tokens[0]}`);
  await confirm(page);
  await at(page, "work", "Working on it");
  await page.getByText("The answer was lost").waitFor();
  assert.match(await page.locator("#work-now").textContent(), /nothing is done twice/);
  if (!REAL) await accessible("3-work");
  await at(page, "outcome", HEADLINE);
  assert.match(await section(page, "outcome").innerText(), /connection was lost[^]*did the reset once/);
});

play("a_line_that_breaks_before_the_answer_shows_the_outcome_too", {
  script: () => [
    { on: LOOK, json: preview() },
    { on: DO, drop: "unsaid", wait: 100 },
    { on: DO, json: outcome({ replayed: true }) },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await confirm(page);
  await at(page, "outcome", HEADLINE);
  assert.equal(sent(server, DO).length, 2);
  assert.doesNotMatch(await section(page, "outcome").innerText(), /was started before/);
});

play("a_reset_that_was_begun_before_this_page_asked_for_it_is_shown_as_such", {
  script: () => [
    { on: LOOK, json: preview() },
    { on: DO, drop: true, wait: 100 },
    { on: DO, json: outcome({ replayed: true, claimed_at: soon(-7) }) },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await confirm(page);
  await at(page, "outcome", HEADLINE);
  assert.match(await section(page, "outcome").innerText(), /before you asked for it: 7 minutes ago[^]*If it was not you who started it, tell your security team/);
});

play("when_the_service_cannot_be_reached_the_page_says_so_and_that_nothing_was_changed", {
  script: () => [
    { on: LOOK, status: 429, json: "Too Many Requests" },
    { on: LOOK, status: 502, json: "<html>" },
    { on: LOOK, status: 403, json: "Forbidden" },
    { on: LOOK, json: preview() },
    { on: DO, status: 429, json: "" },
    { on: DO, json: outcome() },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  for (const heading of [
    "Not now: the service takes no requests", "Not now: the service does not answer", "An answer that is not from this service",
  ]) {
    await at(page, "problem", heading);
    assert.match(await section(page, "problem").innerText(), /Nothing was changed: this was only a check/);
    await press(page, "Try again");
  }
  await confirm(page);
  await page.getByText("The service takes no requests just now.").waitFor();
  await at(page, "outcome", HEADLINE);
  assert.doesNotMatch(await section(page, "outcome").innerText(), /connection was lost/);
});

play("after_a_lost_answer_a_foreign_answer_is_no_proof_that_nothing_was_done", {
  script: () => [
    { on: LOOK, json: preview() },
    { on: DO, drop: true, wait: 100 },
    { on: DO, status: 403, json: "<html>" },
    { on: DO, json: outcome({ replayed: true }) },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await confirm(page);
  await at(page, "problem", "An answer that is not from this service");
  const said = await section(page, "problem").innerText();
  assert.match(said, /not known whether the reset was done[^]*nothing is done twice/);
  assert.doesNotMatch(said, /Nothing was changed/);
  await press(page, "Try again");
  await at(page, "outcome", HEADLINE);
});

play("a_reset_that_was_accepted_is_never_called_refused_because_asking_for_it_fails", {
  script: () => [
    { on: LOOK, json: preview() },
    { on: DO, status: 202, json: running() },
    { on: READ, ...problem(404, "no_such_reset", "No such reset.", "Use the approval of that reset.") },
    { on: READ, json: outcome({ replayed: true }) },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await confirm(page);
  await at(page, "problem", "It is not known how it ended");
  assert.match(await section(page, "problem").innerText(), /70311fe3[^]*goes on by itself/);
  await press(page, "Try again");
  await at(page, "outcome", HEADLINE);
});

play("a_refusal_after_the_confirmation_says_that_nothing_was_changed", {
  script: () => [{ on: LOOK, json: preview() }, { on: DO, ...EXPIRED }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await confirm(page);
  await at(page, "problem", "Refused: the approval has expired");
  assert.match(await section(page, "problem").innerText(), /Nothing was changed by this/);
});

play("a_running_reset_stays_on_the_page_when_another_link_is_opened", {
  script: () => [{ on: LOOK, json: preview() }, { on: DO, status: 202, json: running() }, { on: READ, json: outcome({ replayed: true }), wait: 1500 }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await confirm(page);
  await at(page, "work");
  await page.evaluate((hash) => { location.hash = hash; }, `#approval=${OTHER}`);
  await page.waitForFunction(() => location.hash === "");
  await at(page, "outcome", HEADLINE);
});

play("when_no_answer_comes_the_page_offers_to_try_again", {
  script: () => [{ on: LOOK, drop: true }, { on: LOOK, json: preview() }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "problem", "No answer");
  assert.match(await section(page, "problem").innerText(), /Nothing was changed/);
  await press(page, "Try again");
  await at(page, "check");
});

play("a_reset_that_outlasts_the_answer_is_waited_for", {
  real: "PAGE_SLOW",
  how: { name: "slow-" },
  script: () => [
    { on: LOOK, json: preview() },
    { on: DO, status: 202, json: running(), headers: { "retry-after": "30" } },
    { on: READ, json: outcome({ replayed: true }), wait: 500 },
  ],
}, async ({ page, server, tokens }) => {
  await page.goto(`${server.url}#approval=${tokens[0]}`);
  await confirm(page);
  await at(page, "work", "Working on it");
  await page.getByText("The reset is running.").waitFor({ timeout: 60_000 });
  assert.match(await section(page, "work").innerText(), /even if you close this page[^]*This reset is called/);
  await at(page, "outcome", HEADLINE);
});

play("a_reset_that_is_not_done_yet_is_looked_up_until_it_is", {
  how: { name: "long-" },
  script: () => [
    { on: LOOK, json: preview() },
    { on: DO, status: 202, json: waiting(), headers: { "retry-after": "30" } },
    { on: READ, status: 202, json: waiting() },
    { on: READ, drop: true },
    { on: READ, status: 202, json: running(), wait: 1500 },
    { on: READ, json: outcome({ replayed: true }) },
  ],
}, async ({ page, server, accessible }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await confirm(page);
  await at(page, "work", "Working on it");
  await page.getByText("The reset is accepted, and waits.").waitFor();
  assert.match(await section(page, "work").innerText(), /Microsoft Entra does not answer[^]*even if you close this page[^]*70311fe3/);
  await page.getByText("The server cannot be reached just now").waitFor();
  await page.getByText("The reset is running.").waitFor({ timeout: 20_000 });
  assert.match(await section(page, "work").innerText(), /Still to do/);
  await accessible("3-work");
  await press(page, "Look again now");
  await at(page, "outcome", HEADLINE);
  assert.doesNotMatch(await section(page, "outcome").innerText(), /was started before|connection was lost/);
});

play("a_wait_that_ends_in_a_refusal_offers_the_second_approval", {
  script: () => [
    { on: LOOK, json: preview() },
    { on: DO, status: 202, json: waiting() },
    { on: READ, json: { reset: RESET, state: "refused", code: "privileged_role", ticket: "HELP-42", note: "MFA re-registration was refused. This request changed nothing. One approval is not enough." } },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await confirm(page);
  await at(page, "problem", "A second approval is needed");
  assert.ok(await page.getByLabel("Second approval").isVisible());
});

for (const [sentence, change, heading, kind, words, sentences] of [
  ["a_person_who_cannot_register_yet_is_not_sent_to_register", { can_register: "no" }, "They cannot register yet", "care", /If they still have the passkey, send them to https:\/\/aka.ms\/mfasetup. If not, first get an approval with passkeys:remove/, 0],
  ["when_it_depends_on_what_is_left_it_says_so", { can_register: "unknown" }, "Done, but they may not be able to register", "care", /They can try/, 1],
  ["a_reset_that_needs_a_person_is_not_called_done",
    { state: "needs_human", can_register: "yes", sessions: "failed", methods: [{ method: "Mobile phone", label: "ending in 12", status: "failed", why: "Microsoft Graph kept failing" }] },
    "Not complete: an administrator has to finish it", "bad", /Failed[^]*kept failing[^]*NOT revoked/, 0],
  ["a_reset_that_was_given_up_is_not_called_done",
    { state: "needs_human", methods: undefined, can_register: undefined, register_at: undefined, sessions: undefined, warnings: undefined, note: "MFA re-registration was NOT done. Nothing was removed." },
    "Not complete: an administrator has to finish it", "bad", /Nothing was removed/, 0],
  ["a_state_that_the_page_does_not_know_is_not_called_done", { state: "dreaming" }, "An outcome that this page does not know", "bad", /dreaming|HELP-42/, 0],
]) {
  play(sentence, {
    how: { name: `${kind}-${change.state ?? change.can_register}-` },
    script: () => [{ on: LOOK, json: preview() }, { on: DO, json: outcome(change) }],
  }, async ({ page, server, accessible }) => {
    await page.goto(`${server.url}#approval=${ONE}`);
    await confirm(page);
    await at(page, "outcome", heading);
    assert.equal(await section(page, "outcome").getAttribute("class"), kind);
    assert.match(await section(page, "outcome").innerText(), words);
    assert.equal(await page.locator(".say").count(), sentences);
    await accessible("3-outcome");
  });
}

play("a_passing_refusal_offers_to_try_again_and_does_the_same_again", {
  script: () => [
    { on: LOOK, json: preview() },
    { on: DO, ...problem(503, "ledger_unavailable", "The database of this service does not answer.", "Send the same request again later. Nothing is done twice.", { retry: true }), headers: { "retry-after": "30" } },
    { on: DO, json: outcome() },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await confirm(page);
  await at(page, "problem", "Not now: the database does not answer");
  assert.match(await section(page, "problem").innerText(), /Nothing is done twice[^]*wait 30 seconds/);
  await press(page, "Try again");
  await at(page, "outcome");
});
