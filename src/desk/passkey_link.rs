//! The link with which an approver who has a passkey signs for a case: it fills in the form of the on-call page. A passkey
//! signs at that page's address alone, so it cannot sign at the desk's.

use serde_json::Value;

use super::cases::Case;
use super::{OwnedPasskey, PasskeyForm, Session};
use crate::approval::Evidence;
use crate::ids::PersonRef;
use crate::reset::{Cap, Guardrail, Refusal};

/// Method, line and source of the contact, as an approval writes them; empty where it has none.
fn words(evidence: Evidence) -> Option<[String; 3]> {
    let evidence = serde_json::to_value(evidence).ok()?;
    let of = |name| evidence.get(name).and_then(Value::as_str);
    of("method")?;
    Some(["method", "via", "contact_source"].map(|name| of(name).unwrap_or_default().to_owned()))
}

impl Case {
    /// The form, filled in for this approver; `None` if they have no passkey, the case is decided, or would be refused.
    /// All of it is after the `#`, so that no server gets it. It proves nothing: the approver reads it again, and the
    /// passkey signs it.
    pub fn passkey_link(&self, form: &PasskeyForm, session: &Session) -> Option<String> {
        let own = |passkey: &&OwnedPasskey| match &passkey.owner {
            PersonRef::Id(id) => *id == session.person,
            PersonRef::Upn(upn) => session
                .user_name
                .as_deref()
                .is_some_and(|name| upn.is_same(name)),
        };
        let passkey = form.passkeys.iter().find(own)?;
        let is_decided = self.approved || self.rejections.iter().any(|one| one.case == self.id);
        // On call a passkey says nothing of the contacts that were shown here, and has limits of its own.
        let would_be_refused = matches!(
            &self.preview,
            Some(Err(refusal)) if !refusal.is_transient() && !is_limit_of_the_desk(refusal)
        );
        if is_decided || would_be_refused || !session.approves || session.person == self.verifier {
            return None;
        }
        let (first, others) = self.evidence.split_first()?;
        let [method, via, contact] = words(*first)?;
        let others: Option<Vec<_>> = others
            .iter()
            .map(|evidence| words(*evidence).map(|words| words.join("/")))
            .collect();
        let verifier = self.verifier_name.clone().filter(|name| name.contains('@'));
        let is_privileged = matches!(&self.preview, Some(Ok(preview)) if preview.privileged);
        let into_ticket = form.counts_in_tickets && (is_privileged || !form.counts_on_call);
        let mut page = form.page.clone();
        page.query_pairs_mut()
            .append_pair("passkey", passkey.kid.as_ref())
            .append_pair("credential", &String::from(passkey.credential.clone()))
            .append_pair("approver", &passkey.owner.to_string())
            .append_pair("for", if into_ticket { "ticket" } else { "on_call" })
            .append_pair("ticket", self.about.ticket.as_ref())
            .append_pair("target", &self.about.target_name)
            .append_pair("reason", self.about.reason.into())
            .append_pair("scope", &String::from(self.about.scope))
            .append_pair("how", &method)
            .append_pair("via", &via)
            .append_pair("contact", &contact)
            .append_pair("also", &others?.join(" "))
            .append_pair(
                "verifier",
                &verifier.unwrap_or_else(|| self.verifier.to_string()),
            )
            .append_pair("verified_at", &self.verified_at.as_second().to_string());
        if let Some(tenant) = form.tenant {
            page.query_pairs_mut()
                .append_pair("tenant", &tenant.to_string());
        }
        let filled_in = page.query().map(str::to_owned);
        page.set_query(None);
        page.set_fragment(filled_in.as_deref());
        Some(page.into())
    }
}

fn is_limit_of_the_desk(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Guardrail(Guardrail::Alone | Guardrail::Cap(Cap::Issuer))
    )
}
