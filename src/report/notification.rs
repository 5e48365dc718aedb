//! The notification of the security team.

use super::note;
use crate::reset::{Event, State};

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
            Some(Notification {
                subject: subject(&format!("{what}: {} ({})", outcome.target, outcome.ticket)),
                text: format!(
                    "{}\nTicket: {}\nApproved by: {}\nVerified by: {}\nReset: {}",
                    note::of_outcome(outcome, register_at),
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
            for summary in &parties.approvals {
                text.push_str(&format!(
                    "\nApproved by: {} (issuer {}, key {})",
                    summary.approver, summary.id.iss, summary.kid
                ));
            }
            if let Some(reset) = reset {
                text.push_str(&format!("\nReset: {reset}"));
            }
            Some(Notification {
                subject: subject(&format!("MFA reset {what}: {code} ({ticket})")),
                text,
            })
        }
        Event::Allowed { .. }
        | Event::Previewed { .. }
        | Event::Replayed { .. }
        | Event::Intended { .. }
        | Event::Resumed { .. } => None,
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
