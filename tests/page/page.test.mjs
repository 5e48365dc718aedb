// The on-call page in a real browser.
//
// By itself it plays against fake.mjs. Against the product, which is then at PAGE_URL, it takes the approvals of
// PAGE_STANDARD, PAGE_PRIVILEGED (two, with a space between), PAGE_EXPIRED, PAGE_LOST and PAGE_SLOW (other standard
// people; the last one takes longer than an answer may), and runs what needs no script. tests/function/page.rs does that.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  EXPIRED, JANE, PRIVILEGED, RESET, USED, approval, outcome, preview, problem, running, second, soon, token, waiting,
} from "./answers.mjs";
import { focused, launch, open, tabTo } from "./browser.mjs";
import { fake } from "./fake.mjs";

const REAL = process.env.PAGE_URL;
const HEADLINE = "Done: they can register MFA again";
const [ONE, TWO, OTHER] = ["one", "two", "other"].map((name) => token(name));
const LOOK = "POST /resets/preview", DO = "POST /resets", READ = `GET /resets/${RESET}`;

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

/** A test against the fake, and with `real` also against the product. */
function play(sentence, { script, how = {}, real }, body) {
  if (REAL && !real) return;
  test(sentence, { timeout: 120_000 }, async () => {
    const tokens = REAL ? (process.env[real] ?? assert.fail(`${real} is not set`)).split(/\s+/) : [ONE, TWO];
    const server = REAL ? { url: new URL("/", REAL).href, requests: [], faults: () => [], close() {} } : await fake(script());
    const visit = await open(browser, server.url, how);
    try {
      await body({ ...visit, server, tokens });
      await visit.innocent();
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

const section = (page, name) => page.locator(`section#${name}`);
async function at(page, name, heading) {
  await section(page, name).waitFor({ timeout: 60_000 });
  const words = await section(page, name).locator("h2").textContent();
  if (heading) assert.equal(words, heading);
  assert.equal(await focused(page), `H2 ${words}`, "the heading has the focus");
  assert.equal(await page.locator("section:visible").count(), 1, "one step at a time");
}
const press = (page, name) => page.getByRole("button", { name, exact: true }).locator("visible=true").click();
async function confirm(page, words) {
  await at(page, "check");
  await press(page, "Yes, go on to confirm");
  await at(page, "confirm");
  await page.getByLabel("To confirm").fill(words ?? (await page.locator(".who").first().textContent()));
  await press(page, "Reset MFA now");
}
const sent = (server, on) => server.requests.filter((one) => `${one.method} ${one.url}` === on);

play("a_stranger_with_a_link_looks_confirms_and_reads_out_what_to_do", {
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
      "Will be removed", "Require re-register MFA leaves it", "A passkey stays in place", "signed out everywhere",
      "Afterwards they can register MFA again",
    ]) assert.ok(said.includes(words), words);
  }
  await accessible("1-check");

  await press(page, "Yes, go on to confirm");
  await at(page, "confirm", "Confirm");
  const box = page.getByLabel("To confirm"), button = page.getByRole("button", { name: "Reset MFA now" });
  assert.ok(await button.isDisabled(), "nothing is typed");
  await box.fill("somebody.else@contoso.example");
  assert.ok(await button.isDisabled(), "somebody else is typed");
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

play("a_passkey_that_would_stand_in_the_way_is_said_before_it_is_too_late", {
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

play("a_second_link_that_is_opened_where_one_is_asked_for_comes_beside_the_first", {
  script: () => [
    { on: LOOK, ...PRIVILEGED },
    { on: LOOK, json: preview(), check: (it) => assert.deepEqual([it.headers.authorization, it.body], [`Bearer ${ONE}`, JSON.stringify({ approvals: [TWO] })]) },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "problem", "A second approval is needed");
  await page.evaluate((hash) => { location.hash = hash; }, `#approval=${TWO}`);
  await at(page, "check");
  assert.equal(await page.evaluate(() => location.href), server.url);
});

play("a_privileged_person_takes_a_second_approval_which_is_pasted", {
  real: "PAGE_PRIVILEGED",
  how: { name: "privileged-" },
  script: () => [
    { on: LOOK, ...PRIVILEGED },
    { on: LOOK, json: preview({ privileged: true, privilege: "holds the role Global Administrator", approvals: [approval(), second()] }) },
    { on: DO, json: outcome({ privileged: true }) },
  ],
}, async ({ page, server, tokens, accessible }) => {
  await page.goto(`${server.url}#approval=${tokens[0]}`);
  await at(page, "problem", "A second approval is needed");
  assert.match(await section(page, "problem").innerText(), /jane|grace[^]*one approval is not enough[^]*What to do: Add a second approval[^]*For[^]*, ticket [^]*Approved by[^]*olga/);
  await accessible("0-refused");
  const box = page.getByLabel("Second approval");
  await box.fill(tokens[0]);
  await press(page, "Check again with both");
  assert.match(await page.locator("#second-fault").textContent(), /first approval once more/);
  await box.fill(`here it is:\n${server.url}#approval=${tokens[1]}\n`);
  await press(page, "Check again with both");
  await at(page, "check", "Is this right?");
  const said = await section(page, "check").innerText();
  assert.match(said, /Privileged: the person [^]*Approval 1[^]*trust domain on-call[^]*Approval 2[^]*trust domain security/);
  await accessible("1-check");
  await confirm(page, REAL ? undefined : "help-42");
  await at(page, "outcome", HEADLINE);
  for (const one of server.requests.filter((it) => it.body)) {
    assert.deepEqual(JSON.parse(one.body), { approvals: [TWO] });
    assert.equal(one.headers["content-type"], "application/json");
  }
  if (!REAL) assert.equal(server.requests.filter((it) => it.body).length, 2);
});

play("two_approvals_in_one_link_are_both_sent", {
  script: () => [{ on: LOOK, json: preview({ approvals: [approval(), second()] }), check: (it) => assert.deepEqual(JSON.parse(it.body), { approvals: [TWO] }) }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}&approval=${TWO}`);
  await at(page, "check");
});

play("a_second_approval_that_does_not_fit_is_replaced_and_not_added", {
  script: () => [
    { on: LOOK, ...problem(403, "approvals_one_domain", "The person holds a role, and both approvals are from one trust domain.", "Get two approvals.") },
    { on: LOOK, json: preview(), check: (it) => assert.deepEqual(JSON.parse(it.body), { approvals: [OTHER] }) },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}&approval=${TWO}`);
  await at(page, "problem", "Refused: both approvals come from one trust domain");
  await page.getByLabel("Second approval").fill(OTHER);
  await press(page, "Check again with both");
  await at(page, "check");
});

play("an_expired_approval_says_what_to_do_next", {
  real: "PAGE_EXPIRED",
  how: { name: "expired-" },
  script: () => [{ on: LOOK, ...EXPIRED }],
}, async ({ page, server, tokens, accessible }) => {
  await page.goto(`${server.url}#approval=${tokens[0]}`);
  await at(page, "problem", "Refused: the approval has expired");
  assert.match(await section(page, "problem").innerText(), /expired[^]*What to do: Get a new approval/);
  assert.equal(await page.locator("#second-form").isVisible(), false);
  assert.equal(await page.getByRole("button", { name: "Try again" }).count(), 0);
  await accessible("0-refused");
  await press(page, "Discard this, and start over");
  await at(page, "paste", "Paste the approval");
});

play("an_approval_that_was_used_shows_how_that_ended", {
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
  assert.match(await section(page, "outcome").innerText(), /connection was lost[^]*took it once/);
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
  assert.doesNotMatch(await section(page, "outcome").innerText(), /was begun before/);
});

play("what_was_begun_before_it_was_asked_for_here_says_so_whatever_was_lost", {
  script: () => [
    { on: LOOK, json: preview() },
    { on: DO, drop: true, wait: 100 },
    { on: DO, json: outcome({ replayed: true, claimed_at: soon(-7) }) },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await confirm(page);
  await at(page, "outcome", HEADLINE);
  assert.match(await section(page, "outcome").innerText(), /before you asked for it: 7 minutes ago[^]*If that was not you, tell your security team/);
});

play("when_the_door_is_shut_it_says_so_and_that_nothing_was_changed", {
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

play("after_a_lost_answer_nobody_elses_answer_says_that_nothing_was_done", {
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

const past = token("past", Date.now() / 1000 - 60);
play("of_two_approvals_the_one_that_still_lasts_is_kept_beside_a_new_one", {
  script: () => [
    { on: LOOK, ...PRIVILEGED },
    { on: LOOK, ...problem(401, "approval_invalid", "The approval is not valid.", "Get a new approval.", { approvals: [approval()] }) },
    { on: LOOK, json: preview(), check: (it) => assert.deepEqual([it.headers.authorization, it.body], [`Bearer ${TWO}`, JSON.stringify({ approvals: [ONE] })]) },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${past}&approval=${TWO}`);
  await at(page, "problem", "Refused: the person holds a privileged role");
  await page.getByLabel("Second approval").fill(OTHER);
  await press(page, "Check again with both");
  await at(page, "problem", "Refused: the approval is not valid");
  assert.match(await section(page, "problem").innerText(), /one that is shown below is good[^]*olga-2026/);
  await page.getByLabel("Both approvals").fill(`${TWO}\n${ONE}`);
  await press(page, "Check again with both");
  await at(page, "check");
});

play("who_leaves_the_page_and_comes_back_does_not_find_the_approval", {
  script: () => [{ on: LOOK, json: preview() }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "check");
  // As a browser does that keeps a page for the way back.
  await page.evaluate(() => {
    window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
    window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
  });
  await at(page, "paste");
  assert.match(await section(page, "paste").innerText(), /has forgotten the approval/);
  assert.equal((await page.locator("#check-yes").isVisible()), false);
});

play("a_clock_that_is_wrong_here_changes_no_time_on_the_page", {
  script: () => [{
    on: LOOK, headers: { date: new Date(Date.now() + 3 * 3600_000).toUTCString() },
    json: preview({ approvals: [approval({ expires_at: soon(3 * 60 + 9.5) })] }),
  }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "check");
  assert.match(await section(page, "check").innerText(), /Expires\s+in 9 minutes/i);
});

play("who_reads_until_the_approval_has_expired_is_told", {
  script: () => [{ on: LOOK, json: preview({ approvals: [approval({ expires_at: soon(0.03) })] }) }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "check");
  assert.equal(await page.locator("#late").isVisible(), false);
  await page.getByText("An approval has expired meanwhile").waitFor();
});

play("what_runs_is_not_put_aside_for_another_link", {
  script: () => [{ on: LOOK, json: preview() }, { on: DO, status: 202, json: running() }, { on: READ, json: outcome({ replayed: true }), wait: 1500 }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await confirm(page);
  await at(page, "work");
  await page.evaluate((hash) => { location.hash = hash; }, `#approval=${OTHER}`);
  await page.waitForFunction(() => location.hash === "");
  await at(page, "outcome", HEADLINE);
});

play("when_no_answer_comes_at_all_nothing_is_claimed_and_trying_again_is_offered", {
  script: () => [{ on: LOOK, drop: true }, { on: LOOK, json: preview() }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "problem", "No answer");
  assert.match(await section(page, "problem").innerText(), /Nothing was changed/);
  await press(page, "Try again");
  await at(page, "check");
});

play("what_takes_longer_than_an_answer_may_is_waited_for", {
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
  await page.getByText("It is being done.").waitFor({ timeout: 60_000 });
  assert.match(await section(page, "work").innerText(), /also if you close this page[^]*This reset is called/);
  await at(page, "outcome", HEADLINE);
});

play("what_is_not_done_yet_is_asked_after_until_it_is", {
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
  await page.getByText("It is accepted, and waits to be done.").waitFor();
  assert.match(await section(page, "work").innerText(), /Microsoft Entra does not answer[^]*also if you close this page[^]*70311fe3/);
  await page.getByText("The server cannot be reached just now").waitFor();
  await page.getByText("It is being done.").waitFor({ timeout: 20_000 });
  assert.match(await section(page, "work").innerText(), /Still to do/);
  await accessible("3-work");
  await press(page, "Look again now");
  await at(page, "outcome", HEADLINE);
  assert.doesNotMatch(await section(page, "outcome").innerText(), /was begun before|connection was lost/);
});

play("a_wait_that_ends_in_a_refusal_offers_the_second_approval", {
  script: () => [
    { on: LOOK, json: preview() },
    { on: DO, status: 202, json: waiting() },
    { on: READ, json: { reset: RESET, state: "refused", code: "privileged_role", ticket: "HELP-42", note: "MFA re-registration was refused. One approval is not enough." } },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await confirm(page);
  await at(page, "problem", "A second approval is needed");
  assert.ok(await page.getByLabel("Second approval").isVisible());
});

for (const [sentence, change, heading, kind, words, sentences] of [
  ["somebody_who_cannot_register_yet_is_not_sent_to_register", { can_register: "no" }, "They cannot register yet", "care", /If they still have the passkey, send them to https:\/\/aka.ms\/mfasetup. If not, do not/, 0],
  ["when_it_depends_on_what_is_left_it_says_so", { can_register: "unknown" }, "Done, but they may not be able to register", "care", /They can try/, 1],
  ["what_a_person_has_to_look_at_is_not_called_done",
    { state: "needs_human", can_register: "yes", sessions: "failed", methods: [{ method: "Mobile phone", label: "ending in 12", status: "failed", why: "Microsoft Graph kept failing" }] },
    "Not complete: a person has to look", "bad", /Failed[^]*kept failing[^]*NOT revoked/, 0],
  ["what_was_given_up_is_not_called_done",
    { state: "needs_human", methods: undefined, can_register: undefined, register_at: undefined, sessions: undefined, warnings: undefined, note: "MFA re-registration is NOT done: a person has to look. Nothing was removed." },
    "Not complete: a person has to look", "bad", /Nothing was removed/, 0],
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
    { on: DO, ...problem(503, "ledger_unavailable", "The ledger does not answer.", "Send the same again later; nothing is done twice.", { retry: true }), headers: { "retry-after": "30" } },
    { on: DO, json: outcome() },
  ],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await confirm(page);
  await at(page, "problem", "Not now: the ledger does not answer");
  assert.match(await section(page, "problem").innerText(), /nothing is done twice[^]*wait 30 seconds/);
  await press(page, "Try again");
  await at(page, "outcome");
});

play("an_approval_is_pasted_as_it_is_or_wrapped_by_a_terminal_or_in_a_link", {
  how: { name: "paste-" },
  script: () => [
    ...Array(5).fill({ on: LOOK, json: preview(), check: (it) => assert.equal(it.headers.authorization, `Bearer ${ONE}`) }),
    { on: LOOK, json: preview(), check: (it) => assert.deepEqual([it.headers.authorization, it.body], [`Bearer ${ONE}`, JSON.stringify({ approvals: [TWO] })]) },
  ],
}, async ({ page, server, accessible }) => {
  await page.goto(server.url);
  await at(page, "paste", "Paste the approval");
  await accessible("0-paste");
  const box = page.getByLabel("Approval, or the link with it", { exact: true });
  await box.fill("good morning");
  await press(page, "Check, and change nothing yet");
  assert.match(await page.locator("#paste-fault").textContent(), /There is no approval in this/);
  assert.match(await focused(page), /^TEXTAREA/);
  await accessible("0-paste-fault");
  const wrapped = ONE.match(/.{1,60}/g).join("\n");
  for (const [at_, pasted] of [`  ${ONE}\n`, `${wrapped}\n`, `Here: **${ONE}**.`, `approval:${ONE}.`, `\u201c[${ONE}]\u201d,`, `one: ${server.url}#approval=${ONE}\nand ${TWO}, thanks`].entries()) {
    await box.fill(pasted);
    await press(page, "Check, and change nothing yet");
    await at(page, "check");
    if (at_ < 5) await press(page, "No, stop here");
    assert.equal(await box.inputValue(), "", "it does not stay in the box");
  }
});

play("what_the_server_says_is_shown_as_text", {
  script: () => [
    { on: LOOK, json: preview({ target: EVIL, ticket: EVIL, privilege: EVIL, privileged: true, methods: [{ method: EVIL, label: EVIL, status: EVIL, why: EVIL }], warnings: [{ code: "x", text: EVIL }], approvals: [approval({ issuer: EVIL, kid: EVIL, owner: EVIL, domain: EVIL, target: EVIL, ticket: EVIL, approver: EVIL, amr: [EVIL], expires_at: EVIL, verification: [{ how: EVIL, verified_by: EVIL, verified_at: EVIL, reference: EVIL }] })] }) },
    { on: DO, ...problem(403, "frozen", EVIL, EVIL, { title: EVIL, retry: true, reset: EVIL }) },
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

play("it_is_done_by_keyboard_alone", {
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

play("a_link_opened_in_the_same_tab_begins_anew_and_its_fragment_is_gone", {
  script: () => [{ on: LOOK, json: preview() }, { on: LOOK, json: preview({ target: "other@contoso.example" }), check: (it) => assert.equal(it.headers.authorization, `Bearer ${OTHER}`) }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "check");
  await page.evaluate((hash) => { location.hash = hash; }, `#approval=${OTHER}`);
  await page.getByText("other@contoso.example").waitFor();
  assert.equal(await page.evaluate(() => location.href), server.url);
  await page.reload();
  await at(page, "paste", "Paste the approval");
  assert.match(await section(page, "paste").innerText(), /loaded again, and has forgotten the approval/);
});

play("a_link_that_is_cut_off_says_so_and_changes_nothing", {
  script: () => [],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE.slice(0, 40)}`);
  await page.locator("#paste-fault").waitFor();
  assert.match(await page.locator("#paste-fault").textContent(), /no whole approval in the link/);
  assert.match(await focused(page), /^TEXTAREA/);
  assert.equal(await page.evaluate(() => location.href), server.url);
  assert.equal(await page.getByText("loaded again").isVisible(), false);
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

play("without_javascript_it_says_how_to_do_it_in_a_terminal", {
  how: { javaScriptEnabled: false },
  script: () => [],
}, async ({ page, server }) => {
  await page.goto(server.url);
  assert.match(await page.locator("main").innerText(), /needs JavaScript[^]*curl -sS -X POST "\$URL\/resets\/preview"/);
});

const EVIL = "<img src=x onerror=\"window.hit=1\"><script>window.hit=1</script>";
