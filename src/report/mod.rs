//! What people read, and the JSON that programs read. Sentences only: no decision is made here. The answer, the ticket's
//! note and the command say the same.

mod answer;
mod approval;
mod desk;
mod freeze;
mod note;
mod notification;
mod phrases;
mod presentation;
mod refusal_text;

pub use answer::{
    Answer, MethodLine, PreviewAnswer, Unclaimed, WarningLine, answer, preview, refused, waiting,
};
pub use approval::{ApprovalLine, VerificationLine, how};
pub use desk::{expired_note, rejected_note, verified_note};
pub use freeze::{freeze_answer, freeze_state, thawed};
pub use note::{note, outcome_not_shown, refusal_note};
pub use notification::{Notification, notification};
pub use presentation::{AdminCentre, Presentation};
pub use refusal_text::{minute, refusal_text};

/// With a capital letter at its beginning.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}", letters.as_str())
}
