//! What there is to tell, in words and in JSON. Pure; the answer, the ticket's note and the command say the same.

mod approval;
mod code;
mod news;
mod notice;
mod outcome;
mod refusal;

pub use approval::{ApprovalLine, VerificationLine};
pub use code::Code;
pub use news::{Unclaimed, note, refused, turned_away, waiting};
pub use notice::{Notice, notice};
pub use outcome::{Answer, MethodLine, PreviewAnswer, WarningLine, answer, preview};
pub use refusal::{Explained, RETRY_AFTER, Retry, explain, words};

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
