//! What policy.toml says, and what follows from it. Pure.
//!
//! | question | file |
//! |---|---|
//! | who may be reset, and who is privileged | `privilege` |
//! | what two approvals must be like | `two_approvals` |
//! | what evidence is worth for this account | `evidence` |
//! | which accounts are one person | `one_person` |
//! | what a channel demands of approvals | `channels` |
//! | which methods go, and in which order | `plan` |
//! | whether the person can register afterwards | `can_register` |
//! | caps and cool-down | `guardrails` |
//! | what waits, how long, and when it is retried | `retry` |

pub mod can_register;
pub mod channels;
pub mod evidence;
pub mod guardrails;
pub mod one_person;
pub mod plan;
pub mod privilege;
pub mod retry;
pub mod two_approvals;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;

use crate::ids::{ObjectId, PersonRef};
use crate::reset::model::Person;

/// The rules of one tenant, `[tenants.NAME.rules]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Accounts that are never touched.
    pub break_glass: BreakGlass,
    /// Groups whose members are privileged though Entra does not say so.
    #[serde(default)]
    pub privileged_groups: BTreeSet<ObjectId>,
    /// People who are privileged because of what they may do here: an attacker who gets an approver reset can approve.
    /// The owners of keys are added to them.
    #[serde(default, rename = "approvers")]
    pub privileged_people: Vec<PersonRef>,
    /// What to do about hardware OATH tokens.
    #[serde(default)]
    pub hardware_oath: HardwareOath,
    /// Whether the tenant has Privileged Identity Management.
    #[serde(default)]
    pub pim: Pim,
    /// The most resets in an hour.
    #[serde(default = "per_hour")]
    pub per_hour: u16,
    /// The most resets in an hour that one person may approve.
    #[serde(default = "approver_per_hour")]
    pub approver_per_hour: u16,
    /// The most resets in an hour that one person may verify.
    #[serde(default = "verifier_per_hour")]
    pub verifier_per_hour: u16,
    /// The most resets in a day that one person may verify.
    #[serde(default = "verifier_per_day")]
    pub verifier_per_day: u16,
    /// Which reset of one verifier within two hours the security team is told of; 0 for none.
    #[serde(default = "verifier_told_at")]
    pub verifier_told_at: u16,
    /// For how long a person who was reset is not reset again, unless a second person approves.
    #[serde(
        default = "cool_down",
        deserialize_with = "jiff::fmt::serde::unsigned_duration::required::deserialize"
    )]
    pub cool_down: Duration,
    /// For how long after a change of the password a reset takes two kinds of evidence or two approvers.
    #[serde(
        default = "fresh_password",
        deserialize_with = "jiff::fmt::serde::unsigned_duration::required::deserialize"
    )]
    pub fresh_password: Duration,
    /// What becomes of evidence that an attacker inside the account could answer.
    #[serde(default)]
    pub weak_contacts: WeakContacts,
    /// Where the lines of desk phones ring.
    #[serde(default)]
    pub desk_lines: DeskLines,
    /// Whether two accounts with one `employeeId` are one person.
    #[serde(default = "yes")]
    pub compare_employee_ids: bool,
}

fn yes() -> bool {
    true
}

fn fresh_password() -> Duration {
    Duration::from_secs(24 * 60 * 60)
}

fn per_hour() -> u16 {
    60
}

fn approver_per_hour() -> u16 {
    20
}

fn verifier_per_hour() -> u16 {
    10
}

fn verifier_per_day() -> u16 {
    25
}

fn verifier_told_at() -> u16 {
    3
}

fn cool_down() -> Duration {
    Duration::from_secs(60 * 60)
}

/// Whether a tenant has Privileged Identity Management. A tenant that says it has none is believed only if the
/// policy says so too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pim {
    #[default]
    Licensed,
    /// It has no licence for it (Microsoft Entra ID P2 or Governance).
    Unlicensed,
}

/// What becomes of a reset whose evidence is all of a kind that an attacker inside the account could answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeakContacts {
    #[default]
    Refuse,
    /// It goes ahead, with a warning.
    Warn,
}

/// Where a call to a desk phone rings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeskLines {
    /// On a telephone of its own.
    #[default]
    Separate,
    /// In a program that the account signs in to, such as Teams Phone.
    InAccount,
}

/// The break-glass accounts. To have none is a decision, so the policy must say it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a list of object ids, or \"none\" for a tenant that has no such account"
)]
pub enum BreakGlass {
    Accounts(BTreeSet<ObjectId>),
    /// `"none"`.
    None(NoAccounts),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoAccounts {
    None,
}

impl BreakGlass {
    /// Whether this is one of them.
    pub fn contains(&self, id: ObjectId) -> bool {
        match self {
            BreakGlass::Accounts(accounts) => accounts.contains(&id),
            BreakGlass::None(_) => false,
        }
    }
}

/// The Entra button deactivates hardware OATH tokens; the only API for it is in beta, global cloud only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HardwareOath {
    /// Leave them, and say what to click.
    #[default]
    Report,
    /// Use the beta API. Its failure never stops the rest.
    Deactivate,
    /// A national cloud, which has no API for them: they are not looked for.
    Unavailable,
}

impl Rules {
    /// All people whom the policy names: break-glass accounts, approvers and the owners of keys.
    pub fn named_people(&self) -> Vec<PersonRef> {
        let accounts = match &self.break_glass {
            BreakGlass::Accounts(accounts) => accounts.iter().copied().collect(),
            BreakGlass::None(_) => Vec::new(),
        };
        let accounts = accounts.into_iter().map(PersonRef::Id);
        accounts
            .chain(self.privileged_people.iter().cloned())
            .collect()
    }

    /// Whether the policy itself makes this person privileged.
    pub fn names_as_privileged(&self, person: &Person) -> bool {
        self.privileged_people.iter().any(|who| match who {
            PersonRef::Id(id) => *id == person.id,
            PersonRef::Upn(upn) => upn.is_same(&person.upn),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reset::model::samples::person;

    const JANE: &str = "a1000000-0000-4000-8000-00000000000b";
    const OTHER: &str = "a1000000-0000-4000-8000-00000000000c";

    fn rules(more: &str) -> Rules {
        toml::from_str(more).unwrap()
    }

    fn jane() -> Person {
        person(JANE)
    }

    #[test]
    fn a_policy_names_a_person_by_object_id_or_by_name_in_any_case_and_no_other_person() {
        for (approvers, named) in [
            (format!("[\"{JANE}\"]"), true),
            (format!("[\"{OTHER}\", \"{}\"]", JANE.to_uppercase()), true),
            ("[\"Jane.Doe@Contoso.example\"]".to_owned(), true),
            (format!("[\"{OTHER}\"]"), false),
            ("[\"john.doe@contoso.example\"]".to_owned(), false),
            ("[]".to_owned(), false),
        ] {
            let rules = rules(&format!("break_glass = \"none\"\napprovers = {approvers}"));
            assert_eq!(rules.names_as_privileged(&jane()), named, "{approvers}");
        }
    }

    #[test]
    fn a_break_glass_list_contains_the_accounts_in_it_and_without_one_there_are_none() {
        for (break_glass, contains) in [
            (format!("[\"{OTHER}\", \"{JANE}\"]"), true),
            (format!("[\"{OTHER}\"]"), false),
            ("[]".to_owned(), false),
            ("\"none\"".to_owned(), false),
        ] {
            let rules = rules(&format!("break_glass = {break_glass}"));
            assert_eq!(
                rules.break_glass.contains(jane().id),
                contains,
                "{break_glass}"
            );
        }
    }
}
