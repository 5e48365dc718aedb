//! The short message to the security team.

use super::outcome::answer;
use crate::reset::{Event, State};

/// A message of two parts, as Amazon SNS has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// One line of ASCII, under 100 characters.
    pub subject: String,
    /// What happened, in words.
    pub text: String,
}

/// The longest subject of an SNS message (Amazon SNS API reference, Publish).
const LONGEST_SUBJECT: usize = 99;

/// What the security team reads about an event; nothing about one that is no end.
pub fn notice(event: &Event, register_at: &str) -> Option<Notice> {
    match event {
        Event::Outcome { outcome, .. } => {
            let what = match outcome.state {
                State::Completed => "MFA reset",
                _ => "MFA reset NOT complete",
            };
            let approvers: Vec<String> =
                outcome.approvers.iter().map(ToString::to_string).collect();
            let verifiers: Vec<String> =
                outcome.verifiers.iter().map(ToString::to_string).collect();
            Some(Notice {
                subject: subject(&format!("{what}: {} ({})", outcome.target, outcome.ticket)),
                text: format!(
                    "{}\nTicket: {}\nApproved by: {}\nVerified by: {}\nReset: {}",
                    answer(outcome, register_at, false).note,
                    outcome.ticket,
                    approvers.join(", "),
                    verifiers.join(", "),
                    outcome.reset,
                ),
            })
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
            let (what, said) = if *gave_up {
                (
                    "NOT done",
                    "Given up after two hours, and nothing was changed",
                )
            } else {
                ("refused", "Refused, and nothing was changed")
            };
            let mut text = format!("{said}: {why}.\nTicket: {ticket}");
            if let Some(target) = &parties.target {
                text.push_str(&format!("\nFor: {target}"));
            }
            for mark in &parties.approvals {
                text.push_str(&format!(
                    "\nApproved by: {} (issuer {}, key {})",
                    mark.approver, mark.id.iss, mark.kid
                ));
            }
            if let Some(reset) = reset {
                text.push_str(&format!("\nReset: {reset}"));
            }
            Some(Notice {
                subject: subject(&format!("MFA reset {what}: {code} ({ticket})")),
                text,
            })
        }
        _ => None,
    }
}

fn subject(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '?'
            }
        })
        .take(LONGEST_SUBJECT)
        .collect()
}
