// Answers as src/report and src/http/problem.rs make them.

/** Has the form of an approval and no valid signature. */
export function token(name, exp) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "ES256", kid: name, typ: "mfa-approval+jwt" })}.${part({ jti: name, exp })}.${"s".repeat(86)}`;
}

export const soon = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
export const RESET = "70311fe3-d25d-4576-87ff-7dfa101eae6b";
export const JANE = "jane.doe@contoso.example";
export const ENTRA = "https://entra.microsoft.com/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/UserAuthMethods/userId/a1000000-0000-4000-8000-00000000000b";

export function approval(change = {}) {
  return {
    issuer: "https://on-call.contoso.example", kid: "olga-2026", owner: "olga@contoso.example", domain: "on-call",
    target: JANE, ticket: "HELP-42", approver: "olga@contoso.example", amr: ["pwd", "hwk"], expires_at: soon(12.5),
    verification: [{
      how: "Phone call to the desk, number from the company directory", verified_by: "vera@contoso.example",
      verified_at: soon(-6), reference: "CALL-17",
    }],
    ...change,
  };
}

export function second() {
  return approval({
    issuer: "https://security.contoso.example", kid: "ada-2026", owner: "ada@contoso.example", domain: "security",
    target: JANE, ticket: "HELP-42", approver: "ada@contoso.example", amr: [],
    expires_at: soon(14),
    verification: [{ how: "In person", verified_by: "victor@contoso.example", verified_at: soon(-3), reference: null }],
  });
}

const METHODS = [
  ["Software OATH token", null, "remove", null],
  ["Microsoft Authenticator", "Jane's iPhone", "remove", null],
  ["Mobile phone", "ending in 12", "remove", null],
  ["Password", null, "keep", "not an MFA method"],
  ["Passkey", "Passkey on the iPhone", "keep", "Entra's own re-register button keeps it, too"],
];
const PASSKEY = {
  code: "passkey_left",
  text: "A passkey stays in place. If it was on the phone that is gone, ask for an approval that removes passkeys too (passkeys:remove).",
};
const methods = (as = {}) =>
  METHODS.map(([method, label, status, why]) => ({ method, label, status: as[status] ?? status, why }));

export function preview(change = {}) {
  return {
    note: "Nothing has been changed.", can_register: "yes", organisation: "Contoso", ticket: "HELP-42", target: JANE,
    target_name: "Jane Doe", target_id: "a1000000-0000-4000-8000-00000000000b", entra_url: ENTRA, privileged: false, privilege: null, revoke_sessions: true,
    methods: methods(), warnings: [PASSKEY], approvals: [approval()],
    ...change,
  };
}

export function outcome(change = {}) {
  return {
    reset: RESET, state: "completed", can_register: "yes", register_at: "https://aka.ms/mfasetup",
    note: `Done: ${JANE} can now register MFA again. Please ask them to go to https://aka.ms/mfasetup. Removed: Software OATH token, Microsoft Authenticator (Jane's iPhone), Mobile phone (ending in 12). Sessions were revoked.`,
    ticket: "HELP-42", target: JANE, target_name: "Jane Doe", target_id: "a1000000-0000-4000-8000-00000000000b", entra_url: ENTRA, privileged: false, sessions: "revoked",
    methods: methods({ remove: "removed", keep: "kept" }), warnings: [PASSKEY], approvers: [], verifiers: [],
    claimed_at: soon(0.5), finished_at: soon(0.51), replayed: false,
    ...change,
  };
}

export function running() {
  return outcome({
    state: "running", can_register: "unknown", sessions: "pending", warnings: [], finished_at: null,
    note: `MFA re-registration of ${JANE} is in progress and continues automatically.`,
    methods: methods({ remove: "pending", keep: "kept" }),
  });
}

export function waiting() {
  return {
    reset: RESET, state: "waiting", code: "directory_unavailable", ticket: "HELP-42",
    note: "MFA re-registration is accepted and not done yet. Nothing has changed yet. Microsoft Entra does not answer. This request is retried automatically for two hours; it does not have to be sent again.",
  };
}

const TITLES = {
  approval_expired: "The approval has expired", approval_invalid: "The approval is not valid", approval_used: "The approval has already been used",
  approvals_one_domain: "Both approvals come from one trust domain", ledger_unavailable: "The database does not answer",
  privileged_role: "The person holds a privileged role", too_many_previews: "There were too many previews",
  would_lock_out: "The person could not register afterwards",
};
/** A refusal. With `second_approval: undefined` it is a problem of HTTP itself, which has no such member. */
export function problem(status, code, detail, next, change = {}) {
  const title = TITLES[code] ?? code[0].toUpperCase() + code.slice(1).replaceAll("_", " ");
  return {
    status,
    json: {
      type: `urn:reregister-mfa:problem:${code}`, status, title, detail, code, next,
      note: `MFA re-registration was refused. This request changed nothing. ${detail} ${next}`, retry: false, second_approval: true, ...change,
    },
  };
}

export const PRIVILEGED = problem(403, "privileged_role",
  "The person holds the role Global Administrator: one approval is not enough.",
  "Verify the person in a second way. Then add an approval by a different approver in a different trust domain (for example another approval system). If there is none, a Privileged Authentication Administrator has to reset the person by hand.",
  { approvals: [approval()] });
export const LOCKED_OUT = problem(422, "would_lock_out",
  "The person could not register afterwards. Sign-in would ask for a passkey that stays in place: iPhone (in Microsoft Authenticator).",
  "Ask the person whether they still have it.", { approvals: [approval()], second_approval: false });
export const EXPIRED = problem(422, "approval_expired", "The approval has expired.", "Get a new approval.");
export const USED = problem(422, "approval_used", "The approval has already been used.", "See how its reset ended. For another reset, get a new approval: each one works once.");
