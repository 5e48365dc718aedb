//! The options and the output that `preview`, `run` and `status` have in common.

use serde_json::Value;

use crate::address::UrlArg;
use crate::approvals::{ApprovalArgs, Approvals};
use crate::exit::Exit;
use crate::function::{Answer, Failure, Function};
use crate::render;
use crate::streams::{print, print_error, print_message};

/// The function, the approvals, and the form of the output.
#[derive(clap::Args)]
pub struct RequestArgs {
    #[command(flatten)]
    approvals: ApprovalArgs,

    #[command(flatten)]
    url: UrlArg,

    /// Print the function's last answer: one JSON document on standard output. Terminal control codes are escaped
    #[arg(long)]
    pub json: bool,
}

impl RequestArgs {
    /// Reads and checks the options, before anything is sent.
    pub fn read(&self) -> anyhow::Result<(Function, Approvals)> {
        let function = Function::at(self.url.address()?)?;
        Ok((function, self.approvals.read()?))
    }

    /// Prints an answer: an outcome or a preview on standard output, a refusal on standard error.
    pub fn print_answer(
        &self,
        answer: &Answer,
        rendered: fn(&Value) -> String,
    ) -> anyhow::Result<Exit> {
        let refused = answer.is_problem() || answer.is_refusal();
        if answer.is_problem() {
            print_message(render::problem(answer.json()));
        } else if refused {
            print_message(render::outcome(answer.json()));
        }
        if self.json {
            print(&render::json(answer.text()))?;
        } else if !refused {
            print(&rendered(answer.json()))?;
        }
        Ok(answer.exit())
    }
}

/// Prints why there is no answer.
pub fn print_failure(failure: &Failure) -> Exit {
    let hint = match failure {
        Failure::NoAnswer { .. } => {
            ": compare it with the output PageUrl, and check the network; the page works on a phone, too"
        }
        Failure::NotTheFunction { .. } => "",
    };
    print_error(&format!("{failure}{hint}"));
    failure.exit()
}
