//! The link with which an approver who has a passkey signs for a case: it fills in the form of the on-call page. A passkey
//! signs at that page's address alone, so it cannot sign at the desk's.

use reqwest::Url;
use serde_json::Value;

use super::Session;
use super::cases::Case;
use crate::approval::{CredentialId, Scope};
use crate::ids::{Kid, PersonRef, TenantId};

/// The form, and who has a passkey for it.
#[derive(Debug, Clone)]
pub struct PasskeyForm {
    /// The address of the on-call page.
    pub page: Url,
    pub counts_on_call: bool,
    pub counts_in_tickets: bool,
    /// Where the form asks for it: the desk's tenant.
    pub tenant: Option<TenantId>,
    pub passkeys: Vec<OwnedPasskey>,
}

/// A passkey of the policy.
#[derive(Debug, Clone)]
pub struct OwnedPasskey {
    pub owner: PersonRef,
    pub kid: Kid,
    pub credential: CredentialId,
}

impl PasskeyForm {
    /// The form for this case and this approver; `None` if they have no passkey, or the case is decided. All of it is after
    /// the `#`, so that no server gets it. It proves nothing: the approver reads it again, and the passkey signs it.
    pub fn link(&self, case: &Case, session: &Session) -> Option<String> {
        let own = |passkey: &&OwnedPasskey| match &passkey.owner {
            PersonRef::Id(id) => *id == session.person,
            PersonRef::Upn(upn) => session
                .user_name
                .as_deref()
                .is_some_and(|name| name.eq_ignore_ascii_case(upn.as_ref())),
        };
        let passkey = self.passkeys.iter().find(own)?;
        let is_decided = case.approved || case.rejections.iter().any(|one| one.case == case.id);
        if is_decided || !session.approves || session.person == case.verifier {
            return None;
        }
        let evidence = case.evidence.first()?;
        let evidence = serde_json::to_value(evidence).ok()?;
        let of = |name: &str| evidence.get(name).and_then(Value::as_str);
        let verifier = case.verifier_name.clone().filter(|name| name.contains('@'));
        let is_privileged = matches!(&case.preview, Some(Ok(preview)) if preview.privileged);
        let into_ticket = self.counts_in_tickets && (is_privileged || !self.counts_on_call);
        let mut page = self.page.clone();
        page.query_pairs_mut()
            .append_pair("passkey", passkey.kid.as_ref())
            .append_pair("credential", &String::from(passkey.credential.clone()))
            .append_pair("approver", &passkey.owner.to_string())
            .append_pair("for", if into_ticket { "ticket" } else { "on_call" })
            .append_pair("ticket", case.about.ticket.as_ref())
            .append_pair("target", &case.about.target_name)
            .append_pair("reason", case.about.reason.into())
            .append_pair("scope", &String::from(Scope::clone(&case.about.scope)))
            .append_pair("how", of("method")?)
            .append_pair("via", of("via").unwrap_or_default())
            .append_pair("contact", of("contact_source").unwrap_or_default())
            .append_pair(
                "verifier",
                &verifier.unwrap_or_else(|| case.verifier.to_string()),
            )
            .append_pair("verified_at", &case.verified_at.as_second().to_string());
        if let Some(tenant) = self.tenant {
            page.query_pairs_mut()
                .append_pair("tenant", &tenant.to_string());
        }
        let filled_in = page.query().map(str::to_owned);
        page.set_query(None);
        page.set_fragment(filled_in.as_deref());
        Some(page.into())
    }
}
