//! Why a policy is not one: one line, with the place in the file.

use std::fmt;
use std::path::PathBuf;

/// A place in a text, as editors count: the first line and the first character are 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl Place {
    /// The place of the byte at `offset`.
    pub(super) fn of(text: &str, offset: usize) -> Place {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Place {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `None` if what is wrong has no place, such as a section that is missing.
    pub place: Option<Place>,
    /// Names the section or field.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { line, column }) = self.place {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.what)
    }
}

/// Why a policy is not one.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        path: PathBuf,
        error: std::io::Error,
    },
    /// Values that have to be changed before the first deployment are as they were shipped. At least one.
    #[error("{file}: {}", list(faults))]
    Unanswered { file: String, faults: Vec<Fault> },
    /// It is not what a policy is, or its parts do not fit together.
    #[error("{file}: {fault}")]
    Faulty { file: String, fault: Fault },
}

/// The first, and how many there are beside it.
fn list(faults: &[Fault]) -> String {
    match faults {
        [] => String::new(),
        [only] => only.to_string(),
        [first, others @ ..] => format!("{first} (and {} more values to change)", others.len()),
    }
}
