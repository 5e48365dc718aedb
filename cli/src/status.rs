//! `reregister status`: the outcome of a reset, or how far it is.

use uuid::Uuid;

use crate::exit::{self, Exit};
use crate::remembered;
use crate::render;
use crate::request::{RequestArgs, print_failure};
use crate::runtime::block_on;

/// Show the outcome of a reset, or its progress. Changes nothing.
///
/// It needs one of the reset's approvals, which may have expired, and works for 24 hours.
#[derive(clap::Args)]
#[command(after_long_help = format!("\
Examples:
  reregister status HELP-42 --approval approval
  reregister status 63f1875f-866d-44c9-bb98-47a24075748a --approval approval

{}", exit::TABLE))]
pub struct Status {
    /// The ticket, if `run` was used on this machine; or the reset's id, `reset` in the function's answer
    #[arg(value_name = "TICKET|ID")]
    reset: String,

    #[command(flatten)]
    request: RequestArgs,
}

impl Status {
    pub fn run(self) -> anyhow::Result<Exit> {
        let id = match self.reset.parse::<Uuid>() {
            Ok(id) => id,
            Err(_) => remembered::reset_of(&self.reset)?,
        };
        let (function, approvals) = self.request.read()?;
        block_on(async {
            match function.status(id, &approvals).await? {
                Ok(answer) => self.request.print_answer(&answer, render::outcome),
                Err(failure) => Ok(print_failure(&failure)),
            }
        })
    }
}
