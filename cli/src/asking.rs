//! What `preview`, `run` and `status` have in common.

use serde_json::Value;

use crate::address::At;
use crate::approvals::{Approvals, Presented};
use crate::exit::Exit;
use crate::function::{Answer, Failure, Function};
use crate::shown;
use crate::streams::{print, remark};

/// Whom to ask, by what right, and how to say what they answer.
#[derive(clap::Args)]
pub struct Asking {
    #[command(flatten)]
    presented: Presented,

    #[command(flatten)]
    at: At,

    /// Print the function's last answer: one JSON document on standard output. What would move a terminal is escaped
    #[arg(long)]
    pub json: bool,
}

impl Asking {
    /// The approvals and the function, before anything is sent.
    pub fn ready(&self) -> anyhow::Result<(Function, Approvals)> {
        let function = Function::at(self.at.address()?)?;
        Ok((function, self.presented.read()?))
    }

    /// Says an answer: what came of it on standard output, a refusal on standard error.
    pub fn say(&self, answer: &Answer, shown: fn(&Value) -> String) -> anyhow::Result<Exit> {
        let refused = answer.is_problem() || answer.is_refusal();
        if answer.is_problem() {
            remark(shown::problem(answer.json()));
        } else if refused {
            remark(shown::outcome(answer.json()));
        }
        if self.json {
            print(&shown::json(answer.text()))?;
        } else if !refused {
            print(&shown(answer.json()))?;
        }
        Ok(answer.exit())
    }
}

/// Says that there is no answer.
pub fn tell(failure: &Failure) -> Exit {
    remark(failure);
    failure.exit()
}

/// Does it here and now.
pub fn block_on(work: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
