//! Exit codes: what a script has to tell apart.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It was done, or shown.
    Done = 0,
    /// The arguments, this machine or the address: nothing is known of the reset.
    Trouble = 1,
    /// The function refuses it, and will refuse the same again.
    Refused = 2,
    /// It is over, and somebody has to do the rest.
    NeedsHuman = 3,
    /// It is not over, or it could not be asked for: the same again may help.
    NotYet = 4,
}

/// The same for the long help.
pub const TABLE: &str = "\
Exit codes:
  0  done (completed), or shown
  1  wrong usage, an error on this machine, or not the function at that address; of `run` also: not confirmed, so \
     nothing was done
  2  refused: the next step is on standard error
  3  needs a human, or the person cannot register yet
  4  not done yet: it goes on by itself, or the function does not answer just now; the same again may help";

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
            Exit::Trouble,
            Exit::Refused,
            Exit::NeedsHuman,
            Exit::NotYet,
        ] {
            let line = format!("\n  {}  ", exit as u8);
            assert_eq!(TABLE.matches(&line).count(), 1, "{exit:?}");
        }
        assert_eq!(TABLE.lines().count(), 6);
    }
}
