//! `[desk]`, as it is written.

use serde::{Deserialize, Deserializer};

use crate::desk::{Context, DeskUrl, NAME};
use crate::entra::Credential;
use crate::ids::{Label, ObjectId};
use crate::reset::ChannelPolicy;

/// The section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskSection {
    /// Where the desk is: the redirect URI of its app registration, to the letter.
    pub url: DeskUrl,
    /// Whose people sign in: a name of `[tenants]`, needed as soon as there are two.
    pub tenant: Option<Label>,
    /// The app registration of the desk, which serves nothing else.
    #[serde(deserialize_with = "crate::entra::client_id")]
    pub client_id: String,
    /// The group whose members verify.
    pub verifiers: ObjectId,
    /// The group whose members approve.
    pub approvers: ObjectId,
    /// The group whose members may vouch for the people whose manager they are; without it managers do not sign.
    pub managers: Option<ObjectId>,
    /// Which authentication context a signature has to be in.
    pub context: Context,
    /// How far one person who has both roles may go alone; by default verifier and approver are two people.
    pub alone: Option<AloneLimit>,
    /// The ticket system whose tickets get notes: a name of `[notes]`; by default the only one.
    pub notes: Option<Label>,
    /// Whether its approvals count for privileged people, together with one of another trust domain.
    #[serde(default)]
    pub privileged: bool,
    /// The most resets in an hour on its approvals.
    #[serde(default = "per_hour")]
    pub per_hour: u16,
    /// How the function proves that it is that app registration.
    pub credential: Credential,
}

/// `alone`, for the night in which one person is on call.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AloneLimit {
    /// The most resets in 12 hours, in the whole deployment.
    #[serde(deserialize_with = "per_night")]
    pub per_night: u16,
}

/// More would make it the usual way.
const MOST_A_NIGHT: u16 = 2;

fn per_night<'de, D: Deserializer<'de>>(input: D) -> Result<u16, D::Error> {
    let most = u16::deserialize(input)?;
    (1..=MOST_A_NIGHT)
        .contains(&most)
        .then_some(most)
        .ok_or_else(|| serde::de::Error::custom("one or two resets a night: write 1 or 2"))
}

fn per_hour() -> u16 {
    60
}

impl DeskSection {
    /// Approver and verifier are two people there, unless the policy says otherwise.
    pub(super) fn channel(&self) -> Option<ChannelPolicy> {
        Some(ChannelPolicy {
            issuers: vec![Label::try_from(NAME.to_owned()).ok()?],
            privileged: self.privileged,
            verifier_apart: self.alone.is_none(),
            hardware_key: false,
        })
    }
}
