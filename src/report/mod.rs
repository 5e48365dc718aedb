//! What there is to tell, in words and in JSON. Pure; the answer, the ticket's note and the command say the same.

mod approval;
mod news;
mod notice;
mod outcome;
mod refusal;

pub use approval::{ApprovalLine, VerificationLine};
pub use news::{Waiting, note, refused, turned_away, waiting};
pub use notice::{Notice, notice};
pub use outcome::{Answer, MethodLine, PreviewAnswer, WarningLine, answer, preview};
pub use refusal::{Explained, Retry, explain, words};
