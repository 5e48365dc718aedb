//! The notes of the desk.

use super::approval::way;
use crate::approval::Evidence;

/// A person was verified, and an approver is next. The link is harmless to open. What is asked of whom comes first.
pub fn verified_note(target: &str, evidence: &[Evidence], link: &str) -> String {
    let (ways, sources): (Vec<_>, Vec<_>) = evidence.iter().copied().map(way).unzip();
    // Every contact that the desk shows is from there.
    let from = match sources.iter().any(Option::is_some) {
        true => " (contacts from the company directory)",
        false => "",
    };
    format!(
        "MFA re-registration of {target} waits for an approver. Read and decide within four hours: {link} (opening it changes \
         nothing). The person was verified: {}{from}. Nothing has changed yet.",
        ways.join("; ")
    )
}

/// No approver decided in time.
pub fn expired_note(target: &str) -> String {
    format!(
        "MFA re-registration of {target} has expired: no approver approved or rejected it within four hours. Nothing was \
         changed. If the person still needs it, verify them again."
    )
}

/// An approver said no.
pub fn rejected_note(target: &str, approver: Option<&str>, why: Option<&str>) -> String {
    let approver = approver.unwrap_or("The approver");
    let why = why.map_or(String::new(), |why| format!(" Reason: {why}."));
    format!(
        "MFA re-registration of {target} was rejected by {approver}.{why} Nothing was changed. If the person still needs \
         it, verify them again."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::{ContactSource, Messenger, PhoneLine};

    #[test]
    fn the_note_says_first_what_an_approver_has_to_do_and_once_where_contacts_are_from() {
        let contact_source = ContactSource::CompanyDirectory;
        let evidence = [
            Evidence::PhoneCall {
                via: PhoneLine::Desk,
                contact_source,
            },
            Evidence::SecureMessage {
                via: Messenger::Teams,
                contact_source,
            },
        ];
        insta::assert_snapshot!(
            verified_note("jane@contoso.example", &evidence, "https://mfa.contoso.example/desk/1"),
            @"MFA re-registration of jane@contoso.example waits for an approver. Read and decide within four hours: https://mfa.contoso.example/desk/1 (opening it changes nothing). The person was verified: a call to the person's desk phone; a message on Teams (contacts from the company directory). Nothing has changed yet."
        );
        let seen = verified_note("jane@contoso.example", &[Evidence::InPerson], "https://x");
        assert!(seen.contains("verified: seen in person. Nothing"), "{seen}");
    }
}
