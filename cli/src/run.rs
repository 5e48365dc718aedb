//! `reregister run`: the reset, for whoever is on call.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use jiff::SignedDuration;
use reregister_mfa::reset::Code;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::approvals::Approvals;
use crate::asking::{Asking, block_on, tell};
use crate::exit::{self, Exit};
use crate::function::{Answer, Failure, Function};
use crate::shown;
use crate::streams::{print, prompt, remark};

/// Have the person's MFA reset: show what would be done, ask, do it, and wait until it is over.
///
/// The same again is harmless: it is told what came of it. What the function has accepted goes on by itself, whatever
/// becomes of this command.
#[derive(clap::Args)]
#[command(after_long_help = exit::TABLE)]
pub struct Run {
    #[command(flatten)]
    asking: Asking,

    /// Do not ask; for scripts
    #[arg(long)]
    yes: bool,

    /// How long to wait: first until the function says what would be done, then until it is over
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = length_of_time)]
    wait: Duration,

    /// How often to ask meanwhile
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = length_of_time)]
    every: Duration,
}

/// The function gives up after two hours.
const LONGEST: SignedDuration = SignedDuration::from_hours(3);

/// Reads a length of time such as `90s` or `2m`.
fn length_of_time(text: &str) -> anyhow::Result<Duration> {
    let length: SignedDuration = text
        .parse()
        .ok()
        .context("no length of time such as 90s or 2m")?;
    ensure!(
        length.is_positive() && length <= LONGEST,
        "not between a moment and three hours"
    );
    Ok(Duration::try_from(length)?)
}

const NOTHING_DONE: &str = "nothing was done";

impl Run {
    /// Shows, asks, does and waits.
    pub fn run(self) -> anyhow::Result<Exit> {
        ensure!(
            self.yes || io::stdin().is_terminal(),
            "standard input is no terminal, so nobody can be asked: nothing was sent; --yes does it without asking"
        );
        let (function, approvals) = self.asking.ready()?;
        block_on(async {
            let deadline = Instant::now() + self.wait;
            let ask = async || function.preview(&approvals).await;
            let preview = match self.patiently(deadline, "asking again", ask).await? {
                Ok(preview) => preview,
                Err(failure) => return Ok(tell(&failure)),
            };
            if preview.is_problem() && may_be_done(&preview) {
                let detail = shown::member(preview.json(), "detail");
                remark(format_args!("{detail} Asking what has come of it."));
            } else if preview.is_problem() {
                return self.asking.say(&preview, shown::preview);
            } else if self.yes {
                self.show(&preview).context(NOTHING_DONE)?;
            } else if !confirmed(preview.json()).context(NOTHING_DONE)? {
                remark(format_args!("That is neither: {NOTHING_DONE}."));
                return Ok(Exit::Trouble);
            }
            self.carry_out(&function, &approvals).await
        })
    }

    /// Asks until there is an answer that stands, or until then.
    async fn patiently(
        &self,
        deadline: Instant,
        again: &str,
        ask: impl AsyncFn() -> anyhow::Result<Result<Answer, Failure>>,
    ) -> anyhow::Result<Result<Answer, Failure>> {
        loop {
            let asked = ask().await?;
            let trouble = match &asked {
                Ok(answer) if answer.is_transient() => shown::member(answer.json(), "detail"),
                Err(failure) if failure.is_transient() => failure.to_string(),
                _ => return Ok(asked),
            };
            if Instant::now() + self.every > deadline {
                return Ok(asked);
            }
            remark(format_args!("{}; {again}", trouble.trim_end_matches('.')));
            sleep(self.every).await;
        }
    }

    /// Without asking. Standard output is for the one JSON document, if there is to be one.
    fn show(&self, preview: &Answer) -> anyhow::Result<()> {
        let preview = format!("{}\n", shown::preview(preview.json()));
        if self.asking.json {
            remark(preview);
            return Ok(());
        }
        print(&preview)
    }

    async fn carry_out(&self, function: &Function, approvals: &Approvals) -> anyhow::Result<Exit> {
        let deadline = Instant::now() + self.wait;
        let ask = async || function.open(approvals).await;
        let again = "sending the same again, which does nothing twice";
        let mut answer = match self.patiently(deadline, again, ask).await? {
            Ok(answer) => answer,
            Err(failure) => return Ok(given_up(&failure)),
        };
        if let (true, Some(id)) = (answer.goes_on(), answer.reset()) {
            remark(format_args!("accepted as {id}; waiting until it is over"));
            while answer.goes_on() && Instant::now() + self.every <= deadline {
                sleep(self.every).await;
                // One that cannot be had says nothing of the reset, which goes on.
                if let Ok(Ok(next)) = function.read(id, approvals).await
                    && !next.is_problem()
                {
                    answer = next;
                }
            }
        }
        let exit = self.asking.say(&answer, shown::outcome);
        // What was done is done, and the code says it even where the words are lost.
        let exit = exit.unwrap_or_else(|error| {
            remark(format_args!(
                "{error:#}; the exit code is that of the outcome all the same"
            ));
            answer.exit()
        });
        if let (true, Some(id)) = (answer.goes_on(), answer.reset()) {
            remark(format_args!(
                "It goes on by itself. How it ended is told by: reregister status {id}, with the same approval"
            ));
        }
        Ok(exit)
    }
}

/// Whether the preview was refused because the reset with these approvals may be done already.
fn may_be_done(preview: &Answer) -> bool {
    let code = preview.member("code").map(str::parse);
    matches!(code, Some(Ok(Code::ApprovalUsed | Code::ApprovalExpired)))
}

/// Says that the request may have arrived, whoever has answered last: an earlier answer may be lost, and a proxy may
/// have put its own in the place of the function's.
fn given_up(failure: &Failure) -> Exit {
    remark(failure);
    remark(
        "It is not known whether the request arrived. Run the same again: nothing is done twice.",
    );
    Exit::NotYet
}

/// Whether somebody who has read the preview says so, by typing whom it is about. The preview goes where the question
/// goes: standard output may be a file, which nobody reads before they type.
fn confirmed(preview: &Value) -> anyhow::Result<bool> {
    let (target, ticket) = (
        shown::member(preview, "target"),
        shown::member(preview, "ticket"),
    );
    let preview = shown::preview(preview);
    prompt(format_args!(
        "{preview}\n\nType {target} or {ticket} to do it: "
    ))?;
    let mut typed = String::new();
    io::stdin()
        .read_line(&mut typed)
        .context("cannot read standard input")?;
    Ok(names_it(&typed, &target, &ticket))
}

fn names_it(typed: &str, target: &str, ticket: &str) -> bool {
    let typed = typed.trim().to_lowercase();
    !typed.is_empty() && (typed == target.to_lowercase() || typed == ticket.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_or_the_ticket_confirms() {
        let (target, ticket) = ("Jane.Doe@contoso.com", "HELP-42");
        for good in ["jane.doe@contoso.com\n", " HELP-42 \n", "help-42"] {
            assert!(names_it(good, target, ticket), "{good}");
        }
        for bad in ["", "\n", "y", "yes", "jane.doe", "HELP-4", "HELP-42 yes"] {
            assert!(!names_it(bad, target, ticket), "{bad}");
        }
        assert!(
            !names_it("\n", "", ""),
            "nothing confirms a preview of nobody"
        );
    }

    #[test]
    fn a_length_of_time_has_a_unit_and_an_end() {
        assert_eq!(length_of_time("90s").unwrap(), Duration::from_secs(90));
        assert_eq!(length_of_time("20ms").unwrap(), Duration::from_millis(20));
        for bad in ["", "2", "-1m", "0s", "4h", "1e9h"] {
            assert!(length_of_time(bad).is_err(), "{bad}");
        }
    }
}
