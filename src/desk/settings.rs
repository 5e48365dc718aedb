//! What `[desk]` of policy.toml is made of.

use reqwest::Url;
use serde::Deserialize;

use crate::approval::CredentialId;
use crate::ids::{Kid, Label, PersonRef, TenantId, trusted_url};

/// What the lists of issuers call approvals that are signed at the desk.
pub const NAME: &str = "desk";

/// What the desk works with of its section.
#[derive(Debug, Clone)]
pub struct DeskSettings {
    pub url: DeskUrl,
    pub client_id: String,
    /// Where people sign in: the tenant's authorization endpoint.
    pub authorize: String,
    pub context: Context,
    /// The ticket system whose tickets get notes, if there is one.
    pub notes: Option<Label>,
    /// Whether a ticket system may start a reset, with a reference to an approval that is signed here.
    pub takes_references: bool,
    /// Whether what is verified here can lead to the reset of a privileged person. That takes two approvals: one from here,
    /// signed for a ticket or with a passkey, and one from elsewhere.
    pub leads_to_privileged: bool,
    /// Where approvers sign with a passkey, if the policy has passkeys that count.
    pub passkeys: Option<PasskeyForm>,
}

/// The form with which a passkey signs on the on-call page, and who has a passkey for it.
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

/// An https address that ends in `/desk`, or an http one of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DeskUrl(String);

impl DeskUrl {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DeskUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<DeskUrl, &'static str> {
        let is_desk = |url: &Url| url.path() == "/desk" && url.query().is_none();
        trusted_url(&text)
            .filter(is_desk)
            .map(|_| DeskUrl(text))
            .ok_or("the desk's address is https://HOST/desk, as the app registration has it")
    }
}

/// An authentication context of Conditional Access (`c1` to `c99`), or that there is none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Context {
    /// A signature is in this one. Conditional Access has to demand sign-in that resists phishing for it.
    Id(String),
    /// `"none"`: a sign-in is no more than what the tenant asks for at each sign-in.
    None,
}

impl Context {
    pub fn id(&self) -> Option<&str> {
        match self {
            Context::Id(id) => Some(id),
            Context::None => None,
        }
    }
}

impl TryFrom<String> for Context {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Context, &'static str> {
        let number = text.strip_prefix('c').and_then(|n| n.parse::<u8>().ok());
        match (text.as_str(), number) {
            ("none", _) => Ok(Context::None),
            (_, Some(n @ 1..=99)) if text == format!("c{n}") => Ok(Context::Id(text)),
            _ => Err("an authentication context is c1 to c99, or \"none\""),
        }
    }
}
