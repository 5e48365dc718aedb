//! A person and a claim for unit tests, which change what they are about.

use super::{Claim, PasswordChange, Person};
use crate::approval::{Channel, Reason, Scope};
use crate::clock::Timestamp;
use crate::ids::{ResetId, TicketKey};

/// An enabled account of the cloud whose password is old.
pub fn person(id: &str) -> Person {
    Person {
        id: id.parse().unwrap(),
        upn: "jane.doe@contoso.example".to_owned(),
        display_name: None,
        enabled: true,
        external: false,
        management_restricted: false,
        employee_id: None,
        synced: false,
        password: PasswordChange::At(Timestamp::UNIX_EPOCH),
        contacts: Default::default(),
    }
}

/// The claim of a standard person's reset, without its approvals.
pub fn claim(scope: Scope, reason: Option<Reason>) -> Claim {
    Claim {
        id: ResetId::random(),
        tenant: "7d6f5c4b-3a29-4180-9c7e-6b5a49382716".parse().unwrap(),
        channel: Channel::Webhook,
        source: None,
        ticket: TicketKey::try_from("HELP-1").unwrap(),
        target: "a1000000-0000-4000-8000-000000000001".parse().unwrap(),
        upn: "jane@contoso.example".to_owned(),
        display_name: None,
        external: false,
        privileged: false,
        deactivates: false,
        scope,
        reason,
        alone: None,
        approvals: Vec::new(),
        claimed_at: Timestamp::UNIX_EPOCH,
        kept: None,
        remarks: Default::default(),
    }
}
