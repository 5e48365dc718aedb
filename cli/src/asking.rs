//! What `preview`, `run` and `status` have in common.

use serde_json::Value;

use crate::address::At;
use crate::approvals::{Approvals, Presented};
use crate::exit::Exit;
use crate::function::{Answer, Failure, Function};
use crate::shown;

/// Whom to ask, by what right, and how to say what they answer.
#[derive(clap::Args)]
pub struct Asking {
    #[command(flatten)]
    presented: Presented,

    #[command(flatten)]
    at: At,

    /// Print the function's last answer as it is: one JSON document on standard output
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
    pub fn say(&self, answer: &Answer, shown: fn(&Value) -> String) -> Exit {
        if self.json {
            println!("{}", answer.text());
        }
        if answer.is_problem() {
            eprintln!("{}", shown::problem(answer.json()));
        } else if answer.is_refusal() {
            eprintln!("{}", shown::outcome(answer.json()));
        } else if !self.json {
            println!("{}", shown(answer.json()));
        }
        answer.exit()
    }
}

/// Says that there is no answer.
pub fn tell(failure: &Failure) -> Exit {
    eprintln!("{failure}");
    failure.exit()
}

/// Does it here and now.
pub fn block_on(work: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
