
"use strict";
// Makes an approval, and has a passkey sign it. The challenge is the hash of what is signed, so the server keeps nothing.
(() => {
const $ = (id) => document.getElementById(id);
const settings = JSON.parse($("passkey").dataset.settings);
const value = (id) => $(id).value.trim();
const chosen = (id) => $(id).selectedOptions[0].textContent;
const bytes = (text) => new TextEncoder().encode(text);
const encoded = (data) => btoa(Array.from(new Uint8Array(data), (one) => String.fromCharCode(one)).join(""))
  .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const decoded = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

// The link that the page for making a passkey gives, or the desk for a case: names, and nothing secret. The first stays in
// the address, for a bookmark.
function fromLink() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (!given.has("passkey")) return;
  $("pk-kid").value = given.get("passkey");
  $("pk-approver").value = given.get("approver") || "";
  credential = given.get("credential") || "";
  $("passkey").open = true;
  const wasFilled = isFilled;
  isFilled = given.has("target");
  set("pk-filled", isFilled);
  verifiedAt = 0;
  others = [];
  if (wasFilled || isFilled) for (const id of OF_A_CASE) $(id).value = "";
  if (!isFilled) return;
  for (const name of ["for", "tenant", "ticket", "target", "reason", "contact", "verifier"]) if (given.has(name)) $("pk-" + name).value = given.get(name);
  const scope = (given.get("scope") || "").split(" ");
  $("pk-passkey").value = ["passkeys:remove", "passkeys:keep"].find((one) => scope.includes(one)) || "none";
  for (const [id, name] of [["pk-sessions", "sessions:keep"], ["pk-lockout", "lockout:accept"]]) $(id).value = scope.includes(name) ? name : "";
  $("pk-how").value = (given.get("how") || "") + "/" + (given.get("via") || "");
  others = (given.get("also") || "").split(" ").map(other).filter(Boolean);
  verifiedAt = Math.floor(Number(given.get("verified_at"))) || 0;
}
const OF_A_CASE = ["pk-ticket", "pk-target", "pk-reason", "pk-passkey", "pk-lockout", "pk-sessions", "pk-how", "pk-contact", "pk-verifier", "pk-minutes", "pk-reference"];
// When the person was verified, if a link says so: it stays that time, however late the passkey signs.
let credential = "", busy = false, isFilled = false, verifiedAt = 0;
// The other ways in which they were verified, if a link names several: `phone_call/desk/company_directory`.
let others = [];
const optionOf = (id, name) => [...$(id).options].find((one) => one.value && one.value === name);
// What is signed and what is read of one; null if the form has no words for it.
function other(text) {
  const [method, via, contact_source] = text.split("/"), how = optionOf("pk-how", method + "/" + via), contact = optionOf("pk-contact", contact_source);
  if (!how || contact_source && !contact) return null;
  const signed = { method };
  if (via) signed.via = via;
  if (contact) signed.contact_source = contact_source;
  return { signed, words: how.textContent.toLowerCase() + (contact ? ", contact from " + contact.textContent.toLowerCase() : "") };
}

const inTicket = () => settings.ticket && (!settings.on_call || value("pk-for") === "ticket");
const needsContact = () => !["", "in_person", "verified_id"].includes(value("pk-how").split("/")[0]);

function set(id, open) { $(id).hidden = !open; }
set("pk-for-row", settings.on_call && settings.ticket);
set("pk-tenant-row", settings.tenants.length > 0);
for (const [name, id] of settings.tenants) {
  const option = document.createElement("option");
  option.value = id; option.textContent = name;
  $("pk-tenant").append(option);
}

// What is missing, in the order of the page.
const WANTED = [
  ["pk-tenant", () => settings.tenants.length > 0, "Choose the tenant."],
  ["pk-ticket", () => true, "Type the ticket, such as INC0010023.", /^[\w.-]{1,64}$/],
  ["pk-target", () => true, "Type the sign-in name of the person to reset, such as jane@contoso.com.", /^[^\s@]+@[^\s@]+$|^[\da-f-]{36}$/i],
  ["pk-reason", () => true, "Choose what happened to their device."],
  ["pk-passkey", () => true, "Choose what becomes of their passkey."],
  ["pk-how", () => true, "Choose how they were verified."],
  ["pk-contact", needsContact, "Choose where the contact was from."],
  ["pk-verifier", () => true, "Type the sign-in name of the person who verified them.", /^[^\s@]+@[^\s@]+$|^[\da-f-]{36}$/i],
  ["pk-minutes", () => true, "Type how many minutes ago it was, from 0 to 240.", /^\d{1,3}$/],
  ["pk-reference", () => value("pk-reference"), "A number of a record has letters, digits, dots and hyphens only.", /^[\w.-]{1,64}$/],
  ["pk-approver", () => true, "Type your own sign-in name.", /^[^\s@]+@[^\s@]+$|^[\da-f-]{36}$/i],
  ["pk-kid", () => true, "Type the name of your passkey.", /^[!-~]{1,256}$/],
];
function missing() {
  return WANTED.find(([id, applies, , shape]) => applies() && !(shape ? shape.test(value(id)) : value(id)));
}

function claims(now) {
  const [method, via] = value("pk-how").split("/");
  const passkey = value("pk-passkey"), evidence = { method };
  if (via) evidence.via = via;
  if (needsContact()) evidence.contact_source = value("pk-contact");
  evidence.verified_by = value("pk-verifier");
  evidence.verified_at = verifiedAt || now - 60 * Number(value("pk-minutes"));
  if (value("pk-reference")) evidence.reference = value("pk-reference");
  const made = {
    iss: settings.iss,
    aud: inTicket() ? settings.ticket : settings.on_call,
    iat: now,
    exp: now + 60 * (inTicket() ? 60 : 15),
    jti: crypto.randomUUID(),
    txn: value("pk-ticket"),
    sub: value("pk-target"),
    act: { sub: value("pk-approver") },
    scope: [...new Set(["mfa:reregister", passkey === "none" ? "" : passkey, value("pk-sessions"), value("pk-lockout")])].filter(Boolean).join(" "),
    reason: value("pk-reason"),
    verification: [evidence, ...others.map((one) => ({ ...one.signed, verified_by: evidence.verified_by, verified_at: evidence.verified_at }))],
  };
  if (value("pk-tenant")) made.tid = value("pk-tenant");
  return made;
}

// The same in words, before it is signed.
function sentence() {
  const minutes = Number(value("pk-minutes"));
  return "You sign: " + value("pk-approver") + " approves that MFA is reset for " + value("pk-target") + ", ticket " + value("pk-ticket") +
    ". Their device: " + chosen("pk-reason").toLowerCase() + ". A passkey on it: " + chosen("pk-passkey").toLowerCase() +
    ". Sessions: " + chosen("pk-sessions").toLowerCase() + (value("pk-lockout") ? ". If they could not register afterwards: reset all the same" : "") + ". Verified: " + chosen("pk-how").toLowerCase() +
    (needsContact() ? ", contact from " + chosen("pk-contact").toLowerCase() : "") + others.map((one) => "; and " + one.words).join("") + ", by " + value("pk-verifier") + ", " +
    (value("pk-reference") ? "record " + value("pk-reference") + ", " : "") + (minutes ? minutes + (minutes === 1 ? " minute ago" : " minutes ago") : "just now") +
    (value("pk-tenant") ? ". Tenant: " + chosen("pk-tenant") : "") +
    (inTicket() ? ". It is for the ticket, and valid for an hour." : ". It is for a reset on call, and valid for 15 minutes.");
}
function changed() {
  if (verifiedAt) $("pk-minutes").value = Math.max(0, Math.round((Date.now() / 1000 - verifiedAt) / 60));
  set("pk-contact-row", needsContact());
  // A thief may hold the sessions.
  const stolen = value("pk-reason") === "stolen";
  if (stolen) $("pk-sessions").value = "";
  $("pk-sessions").disabled = stolen;
  $("pk-sign").hidden = Boolean(inTicket());
  const whole = !missing(), words = whole ? sentence() : "";
  if ($("pk-sentence").textContent !== words) $("pk-sentence").textContent = words;
  set("pk-sentence", whole);
  set("pk-done", false);
  $("pk-token").value = "";
}
function fault(words, id) {
  $("pk-fault").textContent = words;
  set("pk-fault", words);
  for (const [one] of WANTED) $(one).removeAttribute("aria-invalid");
  if (id) { $(id).setAttribute("aria-invalid", "true"); $(id).focus(); }
}

async function sign() {
  const header = { alg: "WebAuthn", kid: value("pk-kid"), typ: "mfa-approval+jwt" };
  const signed = [header, claims(Math.floor(Date.now() / 1000))].map((part) => encoded(bytes(JSON.stringify(part)))).join(".");
  const known = credential && value("pk-kid") === new URLSearchParams(location.hash.slice(1)).get("passkey");
  const given = await navigator.credentials.get({
    publicKey: {
      challenge: await crypto.subtle.digest("SHA-256", bytes(signed)),
      rpId: settings.rp_id,
      userVerification: "required",
      timeout: 120000,
      allowCredentials: known ? [{ type: "public-key", id: decoded(credential) }] : [],
    },
  });
  const { authenticatorData, clientDataJSON, signature } = given.response;
  const part = {
    authenticator_data: encoded(authenticatorData),
    client_data: encoded(clientDataJSON),
    signature: encoded(signature),
  };
  return signed + "." + encoded(bytes(JSON.stringify(part)));
}
// Where the page is open at an address at which the server takes no signature.
const ELSEWHERE = location.origin === settings.origin ? "" : "Passkeys do not count at this address. Open this page at " + settings.origin + "/.";
const FAULTS = {
  NotAllowedError: "Nothing was signed: the question was closed, took too long, or this device does not have your passkey. Try again.",
  SecurityError: "Nothing was signed: passkeys do not work at this address. Open the page at the address that it was set up for.",
};

$("pk-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy) return;
  if (ELSEWHERE) return fault(ELSEWHERE);
  const lacks = missing();
  if (lacks) return fault(lacks[2], lacks[0]);
  if (!window.PublicKeyCredential) return fault("This browser has no passkeys. Use another one.");
  fault("");
  busy = true;
  const copies = inTicket() || (event.submitter && event.submitter.value === "copy");
  try {
    const token = await sign();
    if (copies) return await give(token);
    // From here on it is like an approval that was pasted.
    $("paste-text").value = token;
    $("paste-form").requestSubmit();
  } catch (error) {
    fault(FAULTS[error.name] || "Nothing was signed: " + error.message);
  } finally {
    busy = false;
  }
});
async function give(token) {
  set("pk-done", true);
  $("pk-token").value = token;
  let words = "It is copied. Send it to your colleague alone, or paste it into the ticket.";
  try { await navigator.clipboard.writeText(token); } catch { words = "It is signed. Copy it from the box below."; }
  $("pk-done-words").textContent = words;
  $("pk-token").focus();
}
$("pk-minutes").addEventListener("input", () => { verifiedAt = 0; });
$("pk-form").addEventListener("input", () => { fault(""); changed(); });
window.addEventListener("pagehide", () => { $("pk-token").value = ""; set("pk-done", false); });
// What is being signed stays what is shown.
window.addEventListener("hashchange", () => { if (!busy) { fromLink(); changed(); } });
fromLink();
changed();
fault(ELSEWHERE);
})();
