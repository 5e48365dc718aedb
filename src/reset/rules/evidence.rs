//! What the evidence of approvals is worth for this account, by what the directory says of the account now: an attacker
//! who is inside an account answers its chats, changes its mobile number, and may have set its password.

use std::collections::BTreeSet;

use super::{DeskLines, Rules, WeakContacts};
use crate::approval::{ContactEnds, ContactSource, Evidence, PhoneLine, Reason};
use crate::clock::{self, Timestamp};
use crate::reset::model::{ClaimedApproval, PasswordChange, Person, Remarks};
use crate::reset::refusal::Refusal;

/// What is offered for a reset.
pub struct Proof {
    /// How many people approve.
    pub approvers: usize,
    pub evidence: Vec<Evidence>,
}

impl Proof {
    /// That of these approvals together.
    pub fn of(approvals: &[ClaimedApproval]) -> Proof {
        let approvers: BTreeSet<_> = approvals.iter().map(ClaimedApproval::approving).collect();
        let evidence = approvals.iter().flat_map(|approval| &approval.evidence);
        Proof {
            approvers: approvers.len(),
            evidence: evidence.copied().collect(),
        }
    }
}

/// Refuses evidence by a contact of record that has changed since.
///
/// # Errors
/// [`Refusal::ContactChanged`].
pub fn reject_changed_contacts(
    target: &Person,
    used: impl IntoIterator<Item = ContactEnds>,
) -> Result<(), Refusal> {
    let mut used = used.into_iter();
    match used.find_map(|used| target.contacts.changed_since(&used)) {
        Some(kind) => Err(Refusal::ContactChanged(kind)),
        None => Ok(()),
    }
}

/// Whether the proof is enough for this person, for a request that arrived then, and what to warn of.
///
/// # Errors
/// [`Refusal::EvidenceWeak`] or [`Refusal::PasswordJustChanged`].
pub fn judge(
    target: &Person,
    proof: &Proof,
    reason: Option<Reason>,
    at: Timestamp,
    rules: &Rules,
) -> Result<Remarks, Refusal> {
    let counting: Vec<Evidence> = proof
        .evidence
        .iter()
        .copied()
        .filter(|evidence| evidence.counts(reason))
        .collect();
    let are_weak = counting.iter().all(|one| is_weak(*one, target, rules));
    if are_weak && rules.weak_contacts == WeakContacts::Refuse {
        return Err(Refusal::EvidenceWeak);
    }
    let mut remarks = Remarks {
        weak_contacts: are_weak,
        ..Remarks::default()
    };
    match password_age(target, at, rules) {
        PasswordAge::Old => {}
        PasswordAge::Unknown => remarks.password_age_unknown = true,
        PasswordAge::Fresh(changed) => {
            let methods: BTreeSet<_> = counting.iter().map(|one| one.method()).collect();
            let is_outweighed = proof.approvers > 1 || methods.len() > 1 && !are_weak;
            // What the time means for a synced account is not documented: there it is worth a look, and no rule.
            if !target.synced && !is_outweighed {
                return Err(Refusal::PasswordJustChanged(changed));
            }
            remarks.password_just_changed = true;
        }
    }
    Ok(remarks)
}

/// Whether an attacker inside the account can answer it.
fn is_weak(evidence: Evidence, target: &Person, rules: &Rules) -> bool {
    match evidence {
        // People may change this number themselves, unless the account is kept elsewhere (Microsoft Learn, "Default user
        // permissions").
        Evidence::PhoneCall {
            via: PhoneLine::Mobile,
            contact_source: ContactSource::CompanyDirectory,
        } => !target.synced,
        Evidence::PhoneCall {
            via: PhoneLine::Desk,
            ..
        } => rules.desk_lines == DeskLines::InAccount,
        Evidence::PhoneCall { .. } => false,
        Evidence::SecureMessage { .. } => true,
        Evidence::VideoCall { .. }
        | Evidence::InPerson
        | Evidence::ManagerAttestation { .. }
        | Evidence::VerifiedId => false,
    }
}

/// How old a password was when a request arrived.
enum PasswordAge {
    Old,
    /// Changed at this time, or at one that cannot be read.
    Fresh(Option<Timestamp>),
    Unknown,
}

fn password_age(target: &Person, at: Timestamp, rules: &Rules) -> PasswordAge {
    // A person who signs in elsewhere has their password there.
    if target.external || rules.fresh_password.is_zero() {
        return PasswordAge::Old;
    }
    match target.password {
        PasswordChange::At(changed) if clock::after(changed, rules.fresh_password) > at => {
            PasswordAge::Fresh(Some(changed))
        }
        PasswordChange::At(_) => PasswordAge::Old,
        PasswordChange::NoTime => PasswordAge::Unknown,
        PasswordChange::Unreadable => PasswordAge::Fresh(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Messenger;
    use crate::reset::model::samples::person;

    const DIRECTORY: ContactSource = ContactSource::CompanyDirectory;

    fn call(via: PhoneLine, contact_source: ContactSource) -> Evidence {
        Evidence::PhoneCall {
            via,
            contact_source,
        }
    }

    fn message(via: Messenger) -> Evidence {
        Evidence::SecureMessage {
            via,
            contact_source: DIRECTORY,
        }
    }

    fn jane(password: PasswordChange, synced: bool) -> Person {
        Person {
            synced,
            password,
            ..person("a1000000-0000-4000-8000-00000000000b")
        }
    }

    fn judged(target: &Person, evidence: &[Evidence], policy: &str) -> Result<Remarks, Refusal> {
        let rules: Rules = toml::from_str(&format!("break_glass = \"none\"\n{policy}")).unwrap();
        let proof = Proof {
            approvers: 1,
            evidence: evidence.to_vec(),
        };
        let at = Timestamp::from_second(1_790_000_000).unwrap();
        judge(target, &proof, None, at, &rules)
    }

    #[test]
    fn what_an_attacker_inside_the_account_can_answer_never_counts_alone() {
        let old = PasswordChange::At(Timestamp::UNIX_EPOCH);
        let (cloud, synced) = (jane(old, false), jane(old, true));
        let mobile = call(PhoneLine::Mobile, DIRECTORY);
        let desk = call(PhoneLine::Desk, DIRECTORY);
        let teams = message(Messenger::Teams);
        for (target, evidence, policy, is_enough) in [
            (&cloud, vec![mobile], "", false),
            (&synced, vec![mobile], "", true),
            (
                &cloud,
                vec![call(PhoneLine::Mobile, ContactSource::PhoneBook)],
                "",
                true,
            ),
            (&cloud, vec![call(PhoneLine::Home, DIRECTORY)], "", true),
            (&cloud, vec![teams], "", false),
            (&synced, vec![teams], "", false),
            (&cloud, vec![message(Messenger::Signal)], "", false),
            (&cloud, vec![mobile, teams], "", false),
            (&cloud, vec![mobile, Evidence::InPerson], "", true),
            (&cloud, vec![desk], "", true),
            (&cloud, vec![desk], "desk_lines = \"in_account\"", false),
            (
                &cloud,
                vec![desk, teams],
                "desk_lines = \"in_account\"",
                false,
            ),
        ] {
            let result = judged(target, &evidence, policy);
            let expected = is_enough
                .then(Remarks::default)
                .ok_or(Refusal::EvidenceWeak);
            assert_eq!(result, expected, "{evidence:?} {policy}");
        }
        let warned = judged(&cloud, &[teams], "weak_contacts = \"warn\"").unwrap();
        assert!(warned.weak_contacts);
    }

    #[test]
    fn a_fresh_password_is_outweighed_by_two_ways_of_which_one_is_not_weak() {
        let at = |second| PasswordChange::At(Timestamp::from_second(second).unwrap());
        let (now, day) = (1_790_000_000, 24 * 60 * 60);
        let desk = call(PhoneLine::Desk, DIRECTORY);
        let teams = message(Messenger::Teams);
        let warn = "weak_contacts = \"warn\"";
        for (password, evidence, policy, is_enough) in [
            (at(now - day), vec![desk], "", true),
            (at(now - day + 1), vec![desk], "", false),
            (at(now + day), vec![desk], "", false),
            (PasswordChange::Unreadable, vec![desk], "", false),
            (PasswordChange::NoTime, vec![desk], "", true),
            (at(now), vec![desk, Evidence::InPerson], "", true),
            (at(now), vec![desk, teams], "", true),
            (at(now), vec![desk, desk], "", false),
            (
                at(now),
                vec![teams, call(PhoneLine::Mobile, DIRECTORY)],
                warn,
                false,
            ),
            (at(now), vec![desk], "fresh_password = \"0s\"", true),
        ] {
            let result = judged(&jane(password, false), &evidence, policy);
            assert_eq!(
                result.is_ok(),
                is_enough,
                "{password:?} {evidence:?} {policy}"
            );
            let synced = judged(&jane(password, true), &evidence, policy);
            assert!(synced.is_ok() || evidence.contains(&teams), "{password:?}");
        }
    }
}
