// Signing in at the desk: what comes back in the address, what a tab keeps, and what the page never takes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { soon } from "./answers.mjs";
import {
  APPROVAL, BEARER, CASE, CONTACT, DRAFT, DRAFTS, OVER, PEOPLE, READ, RELOADED, SESSION, SETTINGS, SIGN,
  approvalDraft, done, found, noted, refusal, session, verification, verificationDraft,
} from "./desk-fake.mjs";
import { at, microsoft, play, press, said, signIn, signsIn, store } from "./desk-play.mjs";
import { DESK } from "./fake.mjs";

const APPROVER = signsIn(["Approver"]), AGENT = signsIn(["Verifier"]);
const STATE = "s".repeat(43);
const apis = (server) => server.requests.filter((one) => !/^\/desk(\/[^/]*)?(\?.*)?$/.test(one.url) || one.url === "/desk/settings").map((one) => one.url);
const put = (page, name, value) => page.evaluate(([key, text]) => sessionStorage.setItem(key, text), [name, value]);

for (const [name, fragment] of [
  ["no_state", "#code=abc"], ["an_unknown_state", `#code=abc&state=${STATE}`], ["an_error_with_an_unknown_state", `#error=access_denied&error_description=%3Cscript%3E&state=${STATE}`],
  ["bytes_that_cannot_be_decoded", "#code=%E0%A4%A&state=%"], ["markup", "#%3Cimg%20src=x%20onerror=alert(1)%3E"], ["an_approval", "#approval=eyJhbGciOiJFUzI1NiJ9.e30.x"],
  ["a_state_that_comes_twice", `#code=abc&state=${STATE}&state=${STATE}`], ["nothing_after_its_sign", "#"],
]) {
  for (const path of ["desk", `desk/${CASE}`]) {
    play(`a_fragment_with_${name}_at_${path.slice(0, 5)}${path.length > 5}_is_gone_at_once_and_nothing_is_sent`, {}, async ({ page, url, server }) => {
      await page.goto(url + path + fragment);
      await at(page, "start");
      assert.equal(page.url(), url + path);
      assert.doesNotMatch(await page.locator("body").innerText(), /abc|script|img|approval=|access_denied/);
      assert.deepEqual(apis(server), []);
    });
  }
}

play("a_fragment_with_an_unknown_state_asks_nothing_with_a_session_either_and_leaves_the_sign_in_that_is_waited_for", {
  script: [...APPROVER, { on: READ, json: verification() }, RELOADED(["Approver"]), { on: READ, json: verification() }],
}, async (visit) => {
  const { page, url, server } = visit;
  await signIn(visit, `desk/${CASE}`);
  await at(page, "review");
  const before = server.requests.length, waits = JSON.stringify({ state: STATE, verifier: STATE, back: "/desk", random: STATE });
  await put(page, "desk-sign-in", waits);
  await page.evaluate((state) => { location.hash = `code=abc&state=${state}`; }, "x".repeat(43));
  await page.waitForFunction(() => !location.hash);
  await at(page, "review");
  await page.goto("about:blank");
  await page.goto(`${url}desk/${CASE}#code=abc&state=${"x".repeat(43)}`);
  await at(page, "start");
  assert.deepEqual(server.requests.slice(before).map((one) => one.url), [`/desk/${CASE}`]);
  assert.equal((await store(page))["desk-sign-in"], waits);
  await press(page, "Start again");
  await at(page, "review");
});

for (const [link, words] of [["Token", ""], ["Twice", ""], ["Response", ""], ["Cancel", "You did not complete the sign-in. Nothing was signed."], ["Broken", "Microsoft could not sign you in"]]) {
  play(`coming_back_with_${link.toLowerCase()}_sends_no_code`, {
    how: { name: `desk-${link}-` }, script: [{ on: SETTINGS }],
  }, async ({ page, url, server, accessible }) => {
    await page.goto(`${url}desk?ticket=HELP-42`);
    await press(page, "Sign in");
    await microsoft(page, link);
    await at(page, "start");
    assert.equal(page.url(), `${url}desk?ticket=HELP-42`);
    assert.ok((await said(page, "start")).includes(words));
    assert.doesNotMatch(await said(page, "start"), /declined/, "what came is not shown");
    assert.deepEqual(apis(server), ["/desk/settings"]);
    assert.deepEqual(await store(page), {});
    if (words) await accessible("start");
  });
}

play("a_sign_in_that_was_cancelled_leads_an_approver_back_to_the_verification", {
  script: [...APPROVER, { on: READ, json: verification() }, { on: DRAFTS, json: approvalDraft() }, { on: SETTINGS }, RELOADED(["Approver"]), { on: READ, json: verification() }],
}, async (visit) => {
  const { page, server } = visit;
  await signIn(visit, `desk/${CASE}`);
  await press(page, "Approve");
  await press(page, "I approve: sign");
  await microsoft(page, "Cancel");
  await at(page, "start");
  await press(page, "Try again");
  await at(page, "review", "Do you approve this reset?");
  assert.equal(server.requests.filter((one) => one.url.endsWith("/signature")).length, 0);
});

play("a_code_in_the_query_is_dropped_and_a_ticket_is_kept", {}, async ({ page, url, server }) => {
  for (const [given, kept] of [["desk?code=abc&state=x", "desk"], [`desk/${CASE}?code=abc&ticket=A-1`, `desk/${CASE}`], ["desk?ticket=HELP-42&code=abc", "desk?ticket=HELP-42"], ["desk?ticket=%3Cb%3E", "desk"]]) {
    await page.goto(url + given);
    await at(page, "start");
    assert.equal(page.url(), url + kept);
  }
  await page.goto(`${url}desk/xyz?code=abc`);
  await at(page, "problem", "This link is incomplete");
  assert.equal(page.url(), `${url}desk/xyz`);
  assert.deepEqual(apis(server), []);
});

for (const [name, change] of [
  ["its_own_address_as_the_way_back", { back: "https://evil.example/desk" }], ["a_draft_that_is_none", { draft: "../x" }], ["a_verifier_that_is_none", { verifier: "<b>" }], ["no_object", null],
]) {
  play(`a_kept_sign_in_with_${name}_is_not_used`, {}, async ({ page, url, server }) => {
    await page.goto(`${url}desk`);
    await put(page, "desk-sign-in", change === null ? "[1" : JSON.stringify({ state: STATE, verifier: STATE, back: "/desk", random: STATE, ...change }));
    await page.goto("about:blank");
    await page.goto(`${url}desk#code=abc&state=${STATE}`);
    await at(page, "start");
    assert.deepEqual(apis(server), []);
  });
}

play("a_tab_that_forgot_its_session_signs_nothing_and_says_start_again", {
  how: { name: "desk-forgot-" },
}, async ({ page, url, server, accessible }) => {
  await page.goto(`${url}desk`);
  await put(page, "desk-sign-in", JSON.stringify({ state: STATE, verifier: STATE, back: `/desk/${CASE}`, draft: APPROVAL }));
  await page.goto("about:blank");
  await page.goto(`${url}desk#code=abc&state=${STATE}`);
  await at(page, "start");
  assert.equal(page.url(), `${url}desk/${CASE}`);
  assert.match(await said(page, "start"), /This tab has lost your sign-in\. Nothing was signed[^]*Start again/);
  assert.deepEqual(apis(server), []);
  await accessible("start");
});

play("another_tab_and_a_second_return_sign_nothing_twice", {
  script: [...APPROVER, { on: READ, json: verification() }, { on: DRAFTS, json: approvalDraft() }, { on: SETTINGS }, { on: SIGN(APPROVAL), json: done() }, RELOADED(["Approver"]), RELOADED(["Approver"]), { on: READ, json: verification({ approved: true }) }],
}, async (visit) => {
  const { page, url, server, entra, context } = visit;
  await signIn(visit, `desk/${CASE}`);
  await press(page, "Approve");
  const main = page.getByRole("button", { name: "I approve: sign" });
  await main.dblclick().catch(() => {});
  await page.waitForURL(/authorize/);
  assert.equal(entra.requests.length, 2, "one sign-in for two clicks");
  const { state } = entra.requests[1].asked, back = `${url}desk#code=the-code&state=${state}`;
  const other = await context.newPage();
  await other.goto(back);
  await at(other, "start");
  assert.match(await said(other, "start"), /This page was not expecting a sign-in\. Nothing was signed\. Start again/);
  await other.close();
  await page.getByText("Sign in", { exact: true }).click();
  await at(page, "outcome");
  await page.goto("about:blank");
  await page.goto(back);
  await at(page, "start");
  await page.reload();
  await at(page, "problem", "This is the agents' page");
  await page.goto(`${url}desk/${CASE}`);
  await at(page, "review", "Approved already");
  assert.equal(server.requests.filter((one) => one.url.endsWith("/signature")).length, 1);
});

play("after_back_from_microsoft_the_buttons_work_again", {
  script: [...APPROVER, { on: READ, json: verification() }, { on: DRAFTS, json: approvalDraft() }, { on: SETTINGS }, RELOADED(["Approver"]), { on: READ, json: verification() }],
}, async (visit) => {
  const { page } = visit;
  await signIn(visit, `desk/${CASE}`);
  await press(page, "Approve");
  await press(page, "I approve: sign");
  await page.waitForURL(/authorize/);
  await page.goBack();
  await at(page, "review");
  assert.ok(await page.getByRole("button", { name: "Approve" }).isEnabled());
  await page.evaluate(() => { document.getElementById("approve").disabled = true; window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })); });
  assert.ok(await page.getByRole("button", { name: "Approve" }).isEnabled());
  // It is removed when it is used; until then it holds no more than this.
  assert.deepEqual(Object.keys(JSON.parse((await store(page))["desk-sign-in"])).sort(), ["back", "draft", "state", "verifier"]);
});

play("an_agent_who_comes_back_from_microsofts_page_by_the_browsers_button_is_told_that_nothing_was_signed", {
  how: { name: "desk-back-" },
  script: [{ on: SETTINGS }, ...AGENT, { on: PEOPLE, json: found() }, { on: DRAFTS, json: verificationDraft() }, { on: SETTINGS }, RELOADED(["Verifier"])],
}, async (visit) => {
  const { page, url, accessible } = visit;
  const back = async () => { await page.waitForURL(/authorize/); await page.goBack(); await at(page, "start"); };
  await page.goto(`${url}desk?ticket=HELP-42`);
  await press(page, "Sign in");
  await back();
  assert.match(await said(page, "start"), /You did not complete the sign-in\. Nothing was signed\.(?! What you typed)/);
  assert.deepEqual(await store(page), {});
  await press(page, "Try again");
  await microsoft(page, "Sign in");
  await at(page, "find");
  await page.getByLabel("The person's sign-in name").fill("jane.doe@contoso.example");
  await press(page, "Find");
  for (const label of ["It is broken", "They never had one", "I saw them in person"]) await page.getByLabel(label).check();
  await press(page, "Continue: see what you sign");
  await press(page, "I have verified them: sign");
  await back();
  assert.match(await said(page, "start"), /You did not complete the sign-in\. Nothing was signed\. What you typed is gone: find the person again\./);
  assert.deepEqual(await store(page), { "desk-bearer": BEARER });
  await accessible("start");
  await press(page, "Try again");
  await at(page, "find", "Whom do you verify?");
});

play("what_is_waited_for_is_forgotten_before_the_code_is_sent", {
  script: [{ on: SETTINGS }, { on: SESSION, json: session(["Verifier"]), wait: 1500 }],
}, async ({ page, url }) => {
  await page.goto(`${url}desk`);
  await press(page, "Sign in");
  await page.waitForURL(/authorize/);
  await page.getByText("Sign in", { exact: true }).click();
  await page.locator("section#wait").waitFor();
  assert.deepEqual(await store(page), {});
  assert.equal(page.url(), `${url}desk`);
  await at(page, "find");
});

play("a_session_that_is_over_when_the_signature_arrives_asks_to_sign_in_again", {
  script: [...AGENT, { on: PEOPLE, json: found() }, { on: DRAFTS, json: verificationDraft() }, { on: SETTINGS }, { on: SIGN(DRAFT), ...OVER }],
}, async (visit) => {
  const { page } = visit;
  await signIn(visit, "desk?ticket=HELP-42");
  await page.getByLabel("The person's sign-in name").fill("jane.doe@contoso.example");
  await press(page, "Find");
  for (const label of ["It is broken", "They never had one", "I saw them in person"]) await page.getByLabel(label).check();
  await press(page, "Continue: see what you sign");
  await at(page, "sign", "What you sign");
  assert.match(await said(page, "sign"), /in person\. Broken device/);
  await press(page, "I have verified them: sign");
  await microsoft(page, "Sign in");
  await at(page, "start");
  assert.match(await said(page, "start"), /before your signature arrived\. Sign in again, and look whether it is signed/);
  assert.deepEqual(await store(page), {});
});

play("a_draft_that_expires_while_it_is_read_is_not_signed", {
  how: { name: "desk-late-" },
  script: [...APPROVER, { on: READ, json: verification() }, { on: DRAFTS, json: approvalDraft({ answer: { expires_at: soon(-1) } }) }],
}, async (visit) => {
  await signIn(visit, `desk/${CASE}`);
  await press(visit.page, "Approve");
  await at(visit.page, "sign");
  assert.ok(await visit.page.getByRole("button", { name: "I approve: sign" }).isDisabled());
  assert.match(await visit.page.locator("#late").innerText(), /ten minutes for signing are over/);
  await visit.accessible("2-sign");
});

for (const [name, change] of [["person", { about: { target: CASE } }], ["hash", { answer: { nonce: "x".repeat(43) } }], ["scope", { about: { scope: "mfa:reregister lockout:accept" } }]]) {
  play(`an_approval_with_another_${name}_than_the_one_that_was_read_is_not_signed`, {
    script: [...APPROVER, { on: READ, json: verification() }, { on: DRAFTS, json: approvalDraft(change) }],
  }, async (visit) => {
    await signIn(visit, `desk/${CASE}`);
    await press(visit.page, "Approve");
    await at(visit.page, "problem", "This cannot be signed");
    assert.equal(visit.entra.requests.length, 1);
  });
}

play("the_address_that_microsoft_leads_back_to_must_be_this_page", {
  script: [{ on: SETTINGS, json: { redirect_uri: "https://desk.contoso.example/desk" } }],
}, async ({ page, url, entra }) => {
  await page.goto(`${url}desk`);
  await press(page, "Sign in");
  await at(page, "problem");
  assert.match(await said(page, "problem"), /The desk is at https:\/\/desk\.contoso\.example\/desk/);
  assert.equal(entra.requests.length, 0);
});

const HTML = "<img src=x onerror=\"document.title='broken'\"><b>bold</b>";
play("text_from_the_server_never_becomes_markup", {
  how: { name: "desk-markup-" },
  script: [
    ...signsIn(["Verifier", "Approver"], { name: HTML }),
    { on: PEOPLE, json: found({ name: HTML, department: HTML, job_title: HTML, manager: HTML, hints: [{ code: "external", text: HTML, at: null }], rejections: [{ at: soon(-5), by: HTML, ticket: HTML, reason: HTML }] }) },
    { on: CONTACT, json: { contact: "business_phone", number: HTML } },
    { on: DRAFTS, json: verificationDraft() }, { on: SETTINGS }, { on: SIGN(DRAFT), json: { ...noted(false), note: HTML } },
    RELOADED(["Verifier", "Approver"]),
    { on: READ, json: verification({ verifier: HTML, evidence: [HTML], obstacle: HTML, rejections: [{ at: HTML, by: HTML, ticket: HTML, reason: HTML }],
      preview: { ...verification().preview, target_name: HTML, methods: [{ method: HTML, label: HTML, status: HTML, why: HTML }], warnings: [{ code: HTML, text: HTML }], entra_url: "javascript:alert(1)" } }) },
    { on: DRAFTS, ...refusal(403, "frozen", HTML, HTML) },
  ],
}, async (visit) => {
  const { page, url } = visit;
  const clean = async () => {
    assert.equal(await page.locator("b, img").count(), 0);
    assert.equal(await page.locator("main a").count(), 0);
    assert.doesNotMatch(await page.title(), /broken/);
  };
  await signIn(visit, "desk?ticket=HELP-42");
  await page.getByLabel("The person's sign-in name").fill("jane");
  await press(page, "Find");
  await press(page, "Show the business phone");
  await page.locator(".number").waitFor();
  await clean();
  await visit.accessible("verify");
  for (const label of ["It is broken", "They never had one", "I saw them in person"]) await page.getByLabel(label).check();
  await press(page, "Continue: see what you sign");
  await at(page, "sign");
  await clean();
  await press(page, "I have verified them: sign");
  await microsoft(page, "Sign in");
  await at(page, "outcome");
  await clean();
  await page.goto(`${url}desk/${CASE}`);
  await at(page, "review");
  await clean();
  await press(page, "Try to approve");
  await at(page, "problem");
  await clean();
});

play("after_a_reload_a_verifier_is_offered_no_approval", {
  script: [RELOADED(["Verifier"]), { on: READ, json: verification() }],
}, async ({ page, url }) => {
  await page.goto(`${url}desk/xyz`);
  await put(page, "desk-bearer", BEARER);
  await page.goto(`${url}desk/${CASE}`);
  await at(page, "review", "A verification");
  assert.match(await page.locator("#who").innerText(), /Signed in as Vera Verifier/);
  assert.equal(await page.getByRole("button", { name: /Approve|Reject/ }).count(), 0);
});

play("after_a_reload_a_session_that_is_over_is_signed_in_again", {
  script: [{ on: "GET /desk/sessions", ...OVER }],
}, async ({ page, url }) => {
  await page.goto(`${url}desk/xyz`);
  await put(page, "desk-bearer", BEARER);
  await page.goto(`${url}desk/${CASE}`);
  await at(page, "start");
  assert.match(await said(page, "start"), /Your time on this page is over/);
  assert.deepEqual(await store(page), {});
});

play("a_person_whose_session_ends_soon_is_told_before_they_call", {
  how: { name: "desk-soon-" },
  script: signsIn(["Verifier"], { expires_at: soon(2) }),
}, async (visit) => {
  await signIn(visit, "desk");
  await at(visit.page, "find");
  assert.match(await visit.page.locator("#late").innerText(), /less than three minutes/);
  await visit.accessible("1-find");
});

play("signing_out_ends_the_session_and_forgets_everything", {
  script: [...APPROVER, { on: READ, json: verification() }, { on: "DELETE /desk/sessions", json: {} }],
}, async (visit) => {
  const { page } = visit;
  await signIn(visit, `desk/${CASE}`);
  assert.match(await page.locator("footer").innerText(), /Signed in as Vera Verifier until \d\d:\d\d/);
  assert.equal((await store(page))["desk-bearer"], BEARER);
  await press(page, "Sign out of this page");
  await at(page, "start");
  assert.deepEqual(await store(page), {});
  assert.doesNotMatch(await page.locator("main").evaluate((main) => main.textContent), /jane\.doe@contoso\.example/);
});

// The rules that the tests of src/http/pages/static_page.rs have for the on-call page, and how little the tab keeps.
test("the_file_has_one_script_and_one_style_nothing_from_elsewhere_and_no_way_to_markup", () => {
  const between = (name) => DESK.split(`<${name}>`)[1].split(`</${name}>`)[0];
  const markup = DESK.replace(between("script"), "").replace(between("style"), "").toLowerCase();
  for (const name of ["script", "style"]) assert.equal(markup.split(`<${name}`).length, 2);
  const page = DESK.replace('<link rel="icon" href="data:,">', "").toLowerCase();
  for (const word of ["://", "src=", "href=", "@import", "javascript:", "<link", "<iframe", "<base"]) assert.ok(!page.includes(word), word);
  assert.ok(!between("style").includes("url("));
  assert.doesNotMatch(markup, /\s(style|on\w+)=/);
  for (const word of ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "createContextualFragment", "DOMParser", "srcdoc", "eval(", "new Function",
    "localStorage", "indexedDB", "cookie", "caches.", "serviceWorker", "postMessage", "window.open", "prompt: \"none"]) assert.ok(!DESK.includes(word), word);
  assert.equal(DESK.split("sessionStorage").length, 4, "one place each that writes, reads and removes");
  assert.ok(!DESK.includes("\r"));
  assert.ok(Buffer.byteLength(DESK) < 70 * 1024, `${Buffer.byteLength(DESK)} bytes`);
});
