//! `reregister preview`: what an approval would do.

use crate::asking::{Asking, block_on, tell};
use crate::exit::{self, Exit};
use crate::shown;

/// Show what the function reads from an approval, and what a reset would do. Changes nothing, uses nothing up.
#[derive(clap::Args)]
#[command(after_long_help = exit::TABLE)]
pub struct Preview {
    #[command(flatten)]
    asking: Asking,
}

impl Preview {
    /// Asks once.
    pub fn run(self) -> anyhow::Result<Exit> {
        let (function, approvals) = self.asking.ready()?;
        block_on(async {
            match function.preview(&approvals).await? {
                Ok(answer) => self.asking.say(&answer, shown::preview),
                Err(failure) => Ok(tell(&failure)),
            }
        })
    }
}
