//! Outcome and refusal in words and in JSON. Pure; the answer, the ticket note and the command say the same.

mod outcome;
mod refusal;

pub use outcome::{Answer, MethodLine, PreviewAnswer, WarningLine, answer, preview};
pub use refusal::{Explained, Retry, explain};
