//! What was claimed: the approvals and the person, for one reset.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::approval::{Channel, Evidence, KeptApproval, PasskeyUse, Reason, Scope, TokenId};
use crate::clock::Timestamp;
use crate::ids::{Digest, Kid, Label, ObjectId, PersonRef, ResetId, TenantId, TicketKey};

/// What was claimed, and on which approvals: never changes after the claim.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claim {
    pub id: ResetId,
    pub tenant: TenantId,
    #[serde(rename = "door")]
    pub channel: Channel,
    pub source: Option<Label>,
    pub ticket: TicketKey,
    pub target: ObjectId,
    /// For people to read; nothing is decided by it.
    pub upn: String,
    /// For people to read. Records of earlier versions have none, and earlier versions ignore it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Whether the person signs in elsewhere. Earlier versions knew the type `Guest` alone, hence the name in records.
    #[serde(rename = "guest")]
    pub external: bool,
    /// Whether the target is privileged, so that the privileged credential acts.
    pub privileged: bool,
    /// Whether the policy wants hardware OATH tokens deactivated.
    pub deactivates: bool,
    #[serde(flatten, with = "stored_scope")]
    pub scope: Scope,
    pub reason: Option<Reason>,
    pub approvals: Vec<ClaimedApproval>,
    /// Records of earlier versions have none, and earlier versions ignore it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alone: Option<Alone>,
    pub claimed_at: Timestamp,
    /// For the evidence record, where there is a bucket for it; nothing is decided by it. Earlier versions ignore it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Box<KeptJudgement>>,
    /// Records of earlier versions have none, and earlier versions ignore them.
    #[serde(default, skip_serializing_if = "Remarks::are_none")]
    pub remarks: Remarks,
}

/// What an auditor needs to make the judgement again, and the claim does not say.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptJudgement {
    /// SHA-256 of policy.toml.
    pub policy_sha256: Digest,
    /// `standard`, or what makes the target privileged.
    pub tier: String,
    /// One for each of the claim's approvals, in their order.
    pub approvals: Vec<KeptApproval>,
}

/// What the judgement let pass with a warning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remarks {
    /// The password was changed a short time before.
    pub password_just_changed: bool,
    /// The directory knows no time at which the password was changed.
    pub password_age_unknown: bool,
    /// The evidence is all of a kind that an attacker inside the account could answer.
    pub weak_contacts: bool,
    /// A verifier has verified so many people within a short time that the security team is told.
    pub verifier_pace: bool,
}

impl Remarks {
    fn are_none(&self) -> bool {
        *self == Remarks::default()
    }
}

/// An approval in the ledger. The token itself is kept with the request, so that a later run can verify it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClaimedApproval {
    pub id: TokenId,
    /// The target, as this approval writes it.
    pub sub: PersonRef,
    pub kid: Kid,
    pub domain: Label,
    /// What names the private key that signed it. Not kept: each run finds it anew.
    #[serde(skip)]
    pub private_half: Option<Digest>,
    /// The passkey that signed it, if one did. Not kept, either.
    #[serde(skip)]
    pub passkey: Option<PasskeyUse>,
    pub approver: ObjectId,
    pub verifiers: Vec<ObjectId>,
    pub evidence: Vec<Evidence>,
    /// Whether its issuer may approve privileged people.
    pub issuer_may: bool,
    /// Whether it was signed by a sign-in outside of an authentication context.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub out_of_context: bool,
    /// Who the accounts belong to, where one of them is not the account that stands for its person. Records of earlier
    /// versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<ApprovalPeople>,
    /// Whether one person verified and approved, at the desk, where the policy lets them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
}

/// The people behind the accounts of an approval, each by one account: two accounts with one `employeeId` are one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalPeople {
    pub approver: ObjectId,
    pub verifiers: Vec<ObjectId>,
}

impl ClaimedApproval {
    /// The person who approved, whichever account they used.
    pub fn approving(&self) -> ObjectId {
        let people = self.people.as_ref();
        people.map_or(self.approver, |people| people.approver)
    }

    /// The people who verified, whichever accounts they used.
    pub fn verifying(&self) -> &[ObjectId] {
        let people = self.people.as_ref();
        people.map_or(&self.verifiers, |people| &people.verifiers)
    }
}

/// That one person verified and approved, for the security team to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alone {
    /// Whom the directory calls the target's manager, by name.
    pub manager: Option<String>,
}

/// A scope in a record. Values that earlier versions do not know are in a member of their own, so that those versions can
/// read the record. They end such a reset with a sentence, because they do not understand its approvals.
mod stored_scope {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::approval::Scope;

    #[derive(Serialize, Deserialize)]
    struct Stored {
        scope: Scope,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        whole_scope: Option<Scope>,
    }

    pub fn serialize<S: Serializer>(scope: &Scope, serializer: S) -> Result<S::Ok, S::Error> {
        let known_before = Scope {
            keep_passkeys: false,
            accept_lockout: false,
            ..*scope
        };
        let stored = Stored {
            scope: known_before,
            whole_scope: (*scope != known_before).then_some(*scope),
        };
        stored.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scope, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let whole = stored.whole_scope.unwrap_or_default();
        Ok(Scope {
            keep_passkeys: whole.keep_passkeys,
            accept_lockout: whole.accept_lockout,
            ..stored.scope
        })
    }
}

impl Claim {
    /// The people who approved.
    pub fn approvers(&self) -> BTreeSet<ObjectId> {
        self.approvals
            .iter()
            .map(ClaimedApproval::approving)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        before: u8,
        #[serde(flatten, with = "stored_scope")]
        scope: Scope,
        after: u8,
    }

    #[test]
    fn an_earlier_version_can_read_a_scope_that_it_does_not_know() {
        for (scope, stored) in [
            (
                "mfa:reregister passkeys:remove sessions:keep",
                json!({"before": 1, "scope": "mfa:reregister passkeys:remove sessions:keep", "after": 2}),
            ),
            (
                "mfa:reregister passkeys:keep sessions:keep",
                json!({"before": 1, "scope": "mfa:reregister sessions:keep",
                       "whole_scope": "mfa:reregister passkeys:keep sessions:keep", "after": 2}),
            ),
        ] {
            let scope = Scope::try_from(scope.to_owned()).unwrap();
            let (before, after) = (1, 2);
            let holder = Holder {
                before,
                scope,
                after,
            };
            assert_eq!(serde_json::to_value(&holder).unwrap(), stored);
            assert_eq!(serde_json::from_value::<Holder>(stored).unwrap(), holder);
        }
    }
}
