//! `reregister status`: what came of a reset.

use uuid::Uuid;

use crate::asking::{Asking, block_on, tell};
use crate::exit::{self, Exit};
use crate::shown;

/// Ask what came of a reset, with one of its approvals, expired or not, for 24 hours. Changes nothing.
#[derive(clap::Args)]
#[command(after_long_help = exit::TABLE)]
pub struct Status {
    /// The reset's id: `reset` in the function's answer
    #[arg(value_name = "ID")]
    id: Uuid,

    #[command(flatten)]
    asking: Asking,
}

impl Status {
    /// Asks once.
    pub fn run(self) -> anyhow::Result<Exit> {
        let (function, approvals) = self.asking.ready()?;
        block_on(async {
            match function.read(self.id, &approvals).await? {
                Ok(answer) => self.asking.say(&answer, shown::outcome),
                Err(failure) => Ok(tell(&failure)),
            }
        })
    }
}
