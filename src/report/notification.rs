//! The notification of the security team.

use super::note;
use crate::ids::ObjectId;
use crate::reset::{Alone, Event, State, Warning};

/// A message in two parts, as Amazon SNS has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// One line of ASCII, under 100 characters.
    pub subject: String,
    pub text: String,
}

/// The longest subject of an SNS message (Amazon SNS API reference, Publish).
const LONGEST_SUBJECT: usize = 99;

/// The notification about an event; `None` if the event is no end.
pub fn notification(event: &Event, register_at: &str) -> Option<Notification> {
    let (what, ticket, lines) = match event {
        Event::Outcome { outcome, .. } => {
            let is_fast = outcome.warnings.contains(&Warning::VerifierPace);
            let what = match outcome.state {
                State::Completed if is_fast => "MFA reset, one verifier often",
                State::Completed => "MFA reset",
                State::Waiting | State::Running | State::NeedsHuman | State::Refused => {
                    "MFA reset NOT complete"
                }
            };
            let ticket = outcome.ticket.as_ref();
            let lines = [
                note::of_outcome(outcome, register_at),
                format!("Ticket: {ticket}"),
                format!("Approved by: {}", listed(&outcome.approvers)),
                format!("Verified by: {}", listed(&outcome.verifiers)),
                format!("Reset: {}", outcome.reset),
            ];
            let alone = outcome.alone.iter().map(alone);
            let lines: Vec<String> = alone.chain(lines).collect();
            (format!("{what}: {}", outcome.target), ticket, lines)
        }
        Event::Refused {
            reset,
            code,
            gave_up,
            why,
            parties,
            ..
        } => {
            let ticket = parties.ticket.as_ref().map_or("no ticket", AsRef::as_ref);
            let (what, sentence) = if *gave_up {
                (
                    "NOT done",
                    "The request was given up after two hours and nothing was changed",
                )
            } else {
                ("refused", "The request was refused and nothing was changed")
            };
            let target = parties.target.as_ref();
            let approved = parties.approvals.iter().map(|one| {
                let (issuer, key) = (&one.id.iss, &one.kid);
                format!("Approved by: {} (issuer {issuer}, key {key})", one.approver)
            });
            let lines = [
                format!("{sentence}. Reason: {}.", why.trim_end_matches('.')),
                format!("Ticket: {ticket}"),
            ]
            .into_iter()
            .chain(target.map(|target| format!("Person: {target}")))
            .chain(approved)
            .chain(reset.map(|reset| format!("Reset: {reset}")))
            .collect();
            (format!("MFA reset {what}: {code}"), ticket, lines)
        }
        Event::SignatureRefused {
            by,
            ticket,
            target_id,
            why,
            ..
        } => {
            let (sentence, signer) = match by {
                Some(by) => (
                    "Three sign-ins of one person within an hour were no signatures. More of them are in the audit \
                     trail. Nothing was changed.",
                    format!("Person who signed in: {by}"),
                ),
                None => (
                    "What the table holds as signed at the desk is signed by no sign-in that Entra's keys verify. Find out \
                     who can write to the table. Nothing was changed.",
                    "Person who signed in: unknown".to_owned(),
                ),
            };
            let lines = vec![
                sentence.to_owned(),
                format!("The last reason: {}.", why.trim_end_matches('.')),
                signer,
                format!("Ticket: {ticket}"),
                format!("Person to be reset: {target_id}"),
            ];
            let what = "MFA desk: signatures refused".to_owned();
            (what, ticket.as_ref(), lines)
        }
        Event::Allowed { .. }
        | Event::Previewed { .. }
        | Event::Replayed { .. }
        | Event::Intended { .. }
        | Event::Resumed { .. }
        | Event::SessionBegun { .. }
        | Event::LookedUp { .. }
        | Event::CaseShown { .. }
        | Event::Signed { .. }
        | Event::Rejected { .. }
        | Event::Expired { .. }
        | Event::Evidence { .. } => return None,
    };
    Some(Notification {
        subject: subject(&format!("{what} ({ticket})")),
        text: lines.join("\n"),
    })
}

/// That one person did it all, and who can say whether it was right.
fn alone(alone: &Alone) -> String {
    let ask = match &alone.manager {
        Some(manager) => format!("Tell the person's manager, {manager}."),
        None => "Microsoft Entra names no manager: ask the person.".to_owned(),
    };
    format!("ALONE: one person verified and approved this. {ask}")
}

fn listed(ids: &[ObjectId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(", ")
}

fn subject(text: &str) -> String {
    text.replace(|c: char| !c.is_ascii_graphic() && c != ' ', "?")
        .chars()
        .take(LONGEST_SUBJECT)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::reset::Parties;

    #[test]
    fn a_reason_that_is_a_sentence_ends_in_one_full_stop() {
        for why in [
            "Microsoft Entra does not answer.",
            "the issuer has no such key",
        ] {
            let given_up = Event::Refused {
                at: Timestamp::UNIX_EPOCH,
                reset: None,
                code: "directory_unavailable".to_owned(),
                gave_up: true,
                why: why.to_owned(),
                parties: Parties::default(),
            };
            let text = notification(&given_up, "").unwrap().text;
            let reason = format!(
                "The request was given up after two hours and nothing was changed. Reason: {}.\n",
                why.trim_end_matches('.')
            );
            assert!(text.starts_with(&reason), "{text}");
        }
    }
}
