// How approvals come into the page, and when it asks for a second one.

import assert from "node:assert/strict";
import { EXPIRED, LOCKED_OUT, PRIVILEGED, approval, outcome, preview, problem, second, soon, token } from "./answers.mjs";
import { focused } from "./browser.mjs";
import { DO, HEADLINE, LOOK, ONE, OTHER, REAL, TWO, at, confirm, play, press, section, unfolded } from "./play.mjs";

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
  assert.match(await unfolded(page, "problem"), /jane|grace[^]*one approval is not enough[^]*What to do: Verify the person in a second way[^]*For[^]*, ticket [^]*Approved by[^]*olga/);
  await accessible("0-refused");
  const box = page.getByLabel("Second approval");
  await box.fill(tokens[0]);
  await press(page, "Check again with both");
  assert.match(await page.locator("#second-fault").textContent(), /first approval again/);
  await box.fill(`here it is:\n${server.url}#approval=${tokens[1]}\n`);
  await press(page, "Check again with both");
  await at(page, "check", "Is this right?");
  const said = await unfolded(page, "check");
  assert.match(said, /Privileged: needs a second approval because the person [^]*You have both approvals\.[^]*Approval 1: approved by[^]*trust domain on-call[^]*Approval 2: approved by[^]*trust domain security/);
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

// The server decides, not the code: a page with a list of its own would fail in two of these.
for (const [sentence, given, status, code, second_approval, heading] of [
  ["of_one_approval_shows_the_form_if_a_second_one_may_help", [ONE], 403, "privileged_role", true, "A second approval is needed"],
  ["of_one_approval_shows_no_form_if_a_second_one_cannot_help", [ONE], 403, "privileged_role", false, "Refused: the person holds a privileged role"],
  ["of_two_approvals_shows_the_form_if_another_second_one_may_help", [ONE, TWO], 403, "frozen", true, "Refused: frozen"],
  ["of_two_approvals_shows_no_form_if_another_second_one_cannot_help", [ONE, TWO], 403, "frozen", false, "Refused: frozen"],
  ["of_http_itself_shows_the_form_beside_two_approvals", [ONE, TWO], 413, "too_large", undefined, "Refused: too large"],
]) {
  play(`a_refusal_${sentence}`, {
    script: () => [{ on: LOOK, ...problem(status, code, "It is refused.", "Do something about it.", { second_approval }) }],
  }, async ({ page, server }) => {
    await page.goto(`${server.url}#${given.map((one) => `approval=${one}`).join("&")}`);
    await at(page, "problem", heading);
    assert.equal(await page.locator("#second-form").isVisible(), second_approval !== false);
  });
}

for (const [given, from] of [[[ONE], "the approver"], [[ONE, TWO], "both approvers"]]) {
  play(`a_person_who_could_not_register_is_asked_about_the_passkey_before_${from.replace(" ", "_")}`, {
    how: { name: `locked-out-${given.length}-` },
    script: () => [{ on: LOOK, ...LOCKED_OUT }],
  }, async ({ page, server, accessible }) => {
    await page.goto(`${server.url}#${given.map((one) => `approval=${one}`).join("&")}`);
    await at(page, "problem", "Refused: the person could not register afterwards");
    const said = await section(page, "problem").innerText();
    assert.match(said, /iPhone[^]*What to do: Ask the person: do you still have the passkey\?/);
    assert.ok(said.includes(`Then ask ${from} for`), said);
    assert.match(said, /It is gone[^]*passkeys:remove[^]*They still have it[^]*passkeys:keep[^]*It is gone and has to stay[^]*lockout:accept/);
    assert.doesNotMatch(said, /whether they still have it/);
    assert.equal(await page.locator("#second-form").isVisible(), false);
    await accessible("0-refused");
  });
}

play("an_approval_that_was_checked_too_often_is_replaced_or_waited_for", {
  script: () => [{ on: LOOK, ...problem(403, "too_many_previews", "There were too many previews of this approval within an hour.", "Start the reset, or get a new approval.", { second_approval: false }) }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "problem", "Refused: there were too many previews");
  const said = await section(page, "problem").innerText();
  // The page starts no reset that it has not checked.
  assert.doesNotMatch(said, /Start the reset/);
  assert.match(said, /What to do: Ask the approver for a new approval, and check that one\.[^]*If it was not you who checked[^]*security team/);
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
  assert.match(await unfolded(page, "problem"), /approval that is shown below is good[^]*olga-2026/);
  await page.getByLabel("Both approvals").fill(`${TWO}\n${ONE}`);
  await press(page, "Check again with both");
  await at(page, "check");
});

play("an_operator_who_comes_back_to_the_page_does_not_find_the_approval", {
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
  assert.match(await unfolded(page, "check"), /Expires\s+in 9 minutes/i);
});

play("an_approval_that_expires_while_the_operator_reads_is_pointed_out", {
  script: () => [{ on: LOOK, json: preview({ approvals: [approval({ expires_at: soon(0.03) })] }) }],
}, async ({ page, server }) => {
  await page.goto(`${server.url}#approval=${ONE}`);
  await at(page, "check");
  assert.equal(await page.locator("#late").isVisible(), false);
  await page.getByText("An approval has expired. Get a new one.").waitFor();
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
  assert.match(await page.locator("#paste-fault").textContent(), /There is no approval in this text/);
  assert.match(await focused(page), /^TEXTAREA/);
  await accessible("0-paste-fault");
  const wrapped = ONE.match(/.{1,60}/g).join("\n");
  for (const [at_, pasted] of [`  ${ONE}\n`, `${wrapped}\n`, `Here: **${ONE}**.`, `approval:${ONE}.`, `\u201c[${ONE}]\u201d,`, `one: ${server.url}#approval=${ONE}\nand ${TWO}, thanks`].entries()) {
    await box.fill(pasted);
    await press(page, "Check, and change nothing yet");
    await at(page, "check");
    if (at_ < 5) await press(page, "Stop here");
    assert.equal(await box.inputValue(), "", "it does not stay in the box");
  }
});

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
  assert.match(await page.locator("#paste-fault").textContent(), /approval in this link is incomplete/);
  assert.match(await focused(page), /^TEXTAREA/);
  assert.equal(await page.evaluate(() => location.href), server.url);
  assert.equal(await page.getByText("loaded again").isVisible(), false);
});
