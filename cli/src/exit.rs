//! Exit codes, which scripts act on.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The reset was done, or what the operator asked for was printed.
    Done = 0,
    /// Wrong options, an error on this machine or a wrong address: nothing is known of the reset.
    Error = 1,
    /// The function refused the request, and will refuse the same request again.
    Refused = 2,
    /// The reset has ended, and an administrator has to do the rest.
    NeedsHuman = 3,
    /// The reset has not ended, or the function did not answer: the same command may succeed later.
    Pending = 4,
}

/// The codes, for the long help.
pub const TABLE: &str = "\
Exit codes:
  0  done (completed), or shown
  1  wrong usage, an error on this machine, or the address is not the function's; for `run`, also: you did not confirm
  2  refused: the next step is on standard error
  3  needs a human, or the person cannot register yet
  4  not done yet: it goes on by itself, or the function does not answer just now; try the same again";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_help() {
        for exit in [
            Exit::Done,
            Exit::Error,
            Exit::Refused,
            Exit::NeedsHuman,
            Exit::Pending,
        ] {
            let line = format!("\n  {}  ", exit as u8);
            assert_eq!(TABLE.matches(&line).count(), 1, "{exit:?}");
        }
        assert_eq!(TABLE.lines().count(), 6);
    }
}
