//! `reregister preview`: what a reset would do.

use crate::exit::{self, Exit};
use crate::render;
use crate::request::{RequestArgs, print_failure};
use crate::runtime::block_on;

/// Show what the function reads from an approval, and what a reset would do. Changes nothing, uses nothing up.
#[derive(clap::Args)]
#[command(after_long_help = format!("\
Examples:
  reregister preview --approval approval
  reregister preview --approval approval --approval second-approval

{}", exit::TABLE))]
pub struct Preview {
    #[command(flatten)]
    request: RequestArgs,
}

impl Preview {
    pub fn run(self) -> anyhow::Result<Exit> {
        let (function, approvals) = self.request.read()?;
        block_on(async {
            match function.preview(&approvals).await? {
                Ok(answer) => self.request.print_answer(&answer, render::preview),
                Err(failure) => Ok(print_failure(&failure)),
            }
        })
    }
}
