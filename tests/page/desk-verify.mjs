// What a verifier does at the desk, in several tests.

import { CONTACT } from "./desk-fake.mjs";
import { at, press, signIn } from "./desk-play.mjs";

export const CALL = { on: CONTACT, json: { contact: "business_phone", number: "+1 555 0100" } };
export async function fillIn(page, { reason = "It is broken", passkey = "No, or they are not sure", way = "I called their desk phone" } = {}) {
  await page.getByLabel(reason).check();
  await page.getByLabel(passkey).check();
  if (way.includes("desk phone")) await press(page, "Show the business phone");
  await page.getByLabel(way).check();
}
export async function findJane(visit, path = "desk?ticket=HELP-42") {
  await signIn(visit, path);
  await at(visit.page, "find", "Whom do you verify?");
  await visit.page.getByLabel("The person's sign-in name").fill("jane.doe@contoso.example");
  await press(visit.page, "Find");
  await at(visit.page, "verify", "Verify this person");
}
