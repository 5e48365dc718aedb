// What the desk's page talks to: answers as src/http/desk_answers.rs makes them, and a sign-in page like Entra's.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { JANE, outcome, preview, soon } from "./answers.mjs";

export const CASE = "c".repeat(32), DRAFT = "d".repeat(32), APPROVAL = "a".repeat(32);
export const TARGET = "a1000000-0000-4000-8000-00000000000b";
export const BEARER = "bearer-".padEnd(43, "b");
export const sha256 = (text) => createHash("sha256").update(text).digest("base64url");

export const [SETTINGS, SESSION, PEOPLE, CONTACT, DRAFTS] =
  ["GET /desk/settings", "POST /desk/sessions", "POST /desk/people", "POST /desk/contacts", "POST /desk/drafts"];
export const SIGN = (draft) => `POST /desk/drafts/${draft}/signature`;
export const READ = `GET /desk/cases/${CASE}`, REJECT = `POST /desk/cases/${CASE}/rejection`, ENDED = `GET /desk/cases/${CASE}/outcome`;

export const session = (roles, change = {}) => ({
  bearer: BEARER, expires_at: soon(15), person: "b1000000-0000-4000-8000-000000000001", name: "Vera Verifier",
  user_name: "vera@contoso.example", roles, ...change,
});
/** What a page that was loaded again asks, and the answer: the session without its bearer. */
export const RELOADED = (roles) => ({
  on: "GET /desk/sessions", json: session(roles, { bearer: undefined }),
  check: ({ headers }) => { if (headers.authorization !== `Bearer ${BEARER}`) throw new Error("no bearer"); },
});
export const found = (change = {}) => ({
  id: TARGET, user_name: JANE, name: "Jane Doe", job_title: "Designer", department: "Marketing", manager: "Miriam Graham",
  contacts: ["business_phone", "mobile_phone"], hints: [], rejections: [], privileged: false, privilege: null,
  obstacle: null, obstacle_next: null, can_go_on: true, ...change,
});

const about = (change) => ({ ticket: "HELP-42", target: TARGET, target_name: JANE, scope: "mfa:reregister passkeys:remove", reason: "broken", ...change });
const written = (id, subject, act) => JSON.stringify({
  id, aud: "https://mfa.contoso.example/desk", tid: "9a2b0000-0000-4000-8000-000000000000", signer: "b1000000-0000-4000-8000-000000000001",
  signed_in_at: soon(-2), created_at: soon(0), expires_at: soon(10), about: subject, act,
});
const draft = (id, text) => ({ id, text, nonce: sha256(text), expires_at: soon(10), login_hint: "vera@contoso.example" });

export const VERIFIED = written(CASE, about({}), {
  kind: "verify", evidence: [{ method: "phone_call", via: "desk", contact_source: "company_directory" }],
});
/** What the server writes for the verification that it was asked for. */
export const verificationDraft = (change = {}) => ({ body }) => {
  const { evidence, ticket, target, scope, reason } = JSON.parse(body).verification;
  const source = (one) => (one.method === "in_person" ? one : { ...one, contact_source: "company_directory" });
  const subject = about({ ticket, target, scope, reason, ...change.about });
  return { ...draft(DRAFT, written(DRAFT, subject, { kind: "verify", evidence: evidence.map(source) })), ...change.answer };
};
export const approvalDraft = (change = {}) => {
  const act = { kind: "approve", channel: change.channel ?? "desk", verification: { draft: VERIFIED, token: "0".repeat(64) } };
  return { ...draft(APPROVAL, written(APPROVAL, about(change.about ?? {}), act)), ...change.answer };
};
export const verification = (change = {}) => ({
  case: CASE, signed_text: VERIFIED, ticket: "HELP-42", target: JANE, target_id: TARGET, name: "Jane Doe", reason: "broken",
  scope: "mfa:reregister passkeys:remove", verifier: "Vera Verifier", verified_at: soon(-6), open_until: soon(234),
  evidence: ["a call to the person's desk phone, with contact details from the company directory"],
  rejections: [], approved: false, preview: preview({ approvals: [] }), obstacle: null, obstacle_next: null, for_ticket: false, ...change,
});
/** The same for the verification that was signed in this tab. */
export const reread = (scope) => {
  const act = JSON.parse(VERIFIED).act;
  return verification({ case: DRAFT, signed_text: written(DRAFT, about({ scope }), act), scope });
};
export const noted = (noted) => ({ case: DRAFT, note: `MFA re-registration of ${JANE} waits for an approver.`, noted });
export const done = outcome;
export const refusal = (status, code, detail, next, retry = false, title = code.replaceAll("_", " ")) => ({
  status, json: { type: `urn:reregister-mfa:problem:${code}`, status, title, detail, code, next, note: detail, retry },
});
export const OVER = refusal(401, "desk_session_over", "You are not signed in to this page, or your 15 minutes here are over.", "Sign in again.");

/** A sign-in page at another origin. Its links go back as Entra does: by the fragment of the redirect URI. */
export async function fakeEntra() {
  const requests = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://entra");
    if (url.pathname !== "/tenant/oauth2/v2.0/authorize") return void response.writeHead(404).end();
    const asked = Object.fromEntries(url.searchParams);
    requests.push({ asked, query: url.search, headers: request.headers });
    const back = (fragment) => `${asked.redirect_uri}#${fragment}&state=${asked.state}&session_state=s`;
    const links = { "Sign in": "code=the-code", Cancel: "error=access_denied&error_description=%3Cb%3Edeclined", Broken: "error=server_error",
      Token: "code=the-code&id_token=eyJ", Twice: "code=the-code&code=other", Response: "code=the-code&response=eyJ" };
    response.writeHead(200, { "content-type": "text/html", "referrer-policy": "no-referrer" });
    response.end(`<!doctype html><title>Microsoft</title>${Object.entries(links).map(([name, fragment]) => `<p><a href="${back(fragment).replaceAll("&", "&amp;")}">${name}</a>`).join("")}`);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    authorize: `http://127.0.0.1:${server.address().port}/tenant/oauth2/v2.0/authorize`,
    requests,
    close: () => { server.closeAllConnections(); return new Promise((ended) => server.close(ended)); },
  };
}
