//! `reregister status`: the outcome of a reset, or how far it is.

use uuid::Uuid;

use crate::exit::{self, Exit};
use crate::render;
use crate::request::{RequestArgs, block_on, print_failure};

/// Ask what came of a reset, with one of its approvals, expired or not, for 24 hours. Changes nothing.
#[derive(clap::Args)]
#[command(after_long_help = exit::TABLE)]
pub struct Status {
    /// The reset's id: `reset` in the function's answer
    #[arg(value_name = "ID")]
    id: Uuid,

    #[command(flatten)]
    request: RequestArgs,
}

impl Status {
    pub fn run(self) -> anyhow::Result<Exit> {
        let (function, approvals) = self.request.read()?;
        block_on(async {
            match function.status(self.id, &approvals).await? {
                Ok(answer) => self.request.print_answer(&answer, render::outcome),
                Err(failure) => Ok(print_failure(&failure)),
            }
        })
    }
}
