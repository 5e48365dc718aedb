//! `reregister run`: a reset, by an operator on call.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use jiff::SignedDuration;
use reregister_mfa::reset::Code;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::approvals::Approvals;
use crate::exit::{self, Exit};
use crate::function::{Answer, Failure, Function};
use crate::remembered;
use crate::render;
use crate::request::{RequestArgs, print_failure};
use crate::runtime::block_on;
use crate::streams::{print, print_message, prompt, typed_line};

/// Reset the person's MFA: show what would be done, ask, do it, and wait until it is over.
///
/// It is safe to run it again: the function then answers with the outcome of the first run. A reset that the
/// function has accepted goes on by itself, even if this command stops.
#[derive(clap::Args)]
#[command(after_long_help = format!("\
Examples:
  reregister run --approval approval
  reregister run --approval approval --approval second-approval --wait 10m
  reregister run --approval approval --yes --json

{}", exit::TABLE))]
pub struct Run {
    #[command(flatten)]
    request: RequestArgs,

    /// Do not ask; for scripts
    #[arg(long)]
    yes: bool,

    /// How long to wait for the preview, and again as long for the end of the reset
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = length_of_time)]
    wait: Duration,

    /// How often to ask meanwhile
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = length_of_time)]
    every: Duration,
}

/// The function gives up after two hours.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(3);

/// Reads `90s` or `2m`.
fn length_of_time(text: &str) -> anyhow::Result<Duration> {
    let length: SignedDuration = text
        .parse()
        .ok()
        .context("write a time such as 90s or 2m")?;
    ensure!(
        length.is_positive() && length <= LONGEST_WAIT,
        "must be more than 0, at most 3h"
    );
    Ok(Duration::try_from(length)?)
}

const NOTHING_DONE: &str = "nothing was done";

impl Run {
    /// Previews the reset, asks for a confirmation, submits it and waits for its end.
    pub fn run(self) -> anyhow::Result<Exit> {
        ensure!(
            self.yes || io::stdin().is_terminal(),
            "nothing was sent: standard input is not a terminal, so the confirmation cannot be asked for. Use --yes to go on \
             without it"
        );
        let (function, approvals) = self.request.read()?;
        block_on(async {
            let deadline = Instant::now() + self.wait;
            let ask = async || function.preview(&approvals).await;
            let preview = match self.retry_until(deadline, "asking again", ask).await? {
                Ok(preview) => preview,
                Err(failure) => return Ok(print_failure(&failure)),
            };
            if preview.is_problem() && may_be_done(&preview) {
                let detail = render::member(preview.json(), "detail");
                print_message(format_args!("{detail} Asking how its reset ended."));
            } else if preview.is_problem() {
                return self.request.print_answer(&preview, render::preview);
            } else if self.yes {
                self.print_preview(&preview).context(NOTHING_DONE)?;
            } else if !operator_confirms(preview.json()).context(NOTHING_DONE)? {
                print_message(format_args!("That is neither: {NOTHING_DONE}."));
                return Ok(Exit::Error);
            }
            self.submit_and_wait(&function, &approvals).await
        })
    }

    /// Sends the request again, every `--every`, until an answer is final or the deadline is reached.
    async fn retry_until(
        &self,
        deadline: Instant,
        again: &str,
        ask: impl AsyncFn() -> anyhow::Result<Result<Answer, Failure>>,
    ) -> anyhow::Result<Result<Answer, Failure>> {
        loop {
            let answer = ask().await?;
            let reason = match &answer {
                Ok(answer) if answer.is_transient() => render::member(answer.json(), "detail"),
                Err(failure) if failure.is_transient() => failure.to_string(),
                _ => return Ok(answer),
            };
            if Instant::now() + self.every > deadline {
                return Ok(answer);
            }
            print_message(format_args!("{}; {again}", reason.trim_end_matches('.')));
            sleep(self.every).await;
        }
    }

    /// Prints the preview for `--yes`. With `--json` standard output is for the one JSON document alone.
    fn print_preview(&self, preview: &Answer) -> anyhow::Result<()> {
        let preview = format!("{}\n", render::preview(preview.json()));
        if self.request.json {
            print_message(preview);
            return Ok(());
        }
        print(&preview)
    }

    async fn submit_and_wait(
        &self,
        function: &Function,
        approvals: &Approvals,
    ) -> anyhow::Result<Exit> {
        let deadline = Instant::now() + self.wait;
        let ask = async || function.submit(approvals).await;
        let again = "sending it again; nothing will be done twice";
        let mut answer = match self.retry_until(deadline, again, ask).await? {
            Ok(answer) => answer,
            Err(failure) => return Ok(report_unknown_arrival(&failure)),
        };
        remember(&answer);
        if let (true, Some(id)) = (answer.is_pending(), answer.reset()) {
            print_message(format_args!("accepted as {id}; waiting until it is over"));
            while answer.is_pending() && Instant::now() + self.every <= deadline {
                sleep(self.every).await;
                // A failed look-up says nothing about the reset, which goes on.
                if let Ok(Ok(next)) = function.status(id, approvals).await
                    && !next.is_problem()
                {
                    answer = next;
                }
            }
        }
        let exit = self.request.print_answer(&answer, render::outcome);
        // The exit code reports the outcome even if the output is lost.
        let exit = exit.unwrap_or_else(|error| {
            print_message(format_args!(
                "{error:#}; the exit code still reports the outcome"
            ));
            answer.exit()
        });
        if let (true, Some(id)) = (answer.is_pending(), answer.reset()) {
            print_message(format_args!(
                "It goes on by itself. To see how it ended, use the same approval with: reregister status {id}"
            ));
        }
        Ok(exit)
    }
}

/// Lets `status` find the reset by its ticket. The reset goes on without it.
fn remember(answer: &Answer) {
    let ticket = render::member(answer.json(), "ticket");
    let Some(id) = answer.reset().filter(|_| !ticket.is_empty()) else {
        return;
    };
    if let Err(error) = remembered::remember(&ticket, id) {
        print_message(format_args!(
            "Warning: `reregister status {ticket}` will not find this reset: {error:#}. Use its id, {id}."
        ));
    }
}

/// Whether the preview was refused because the reset with these approvals may be done already.
fn may_be_done(preview: &Answer) -> bool {
    let code = preview.member("code").map(str::parse);
    matches!(code, Some(Ok(Code::ApprovalUsed | Code::ApprovalExpired)))
}

/// Reports that the request may have arrived, whatever answered last: an earlier answer may be lost, and a proxy may
/// have replaced the function's answer by its own.
fn report_unknown_arrival(failure: &Failure) -> Exit {
    print_failure(failure);
    print_message(
        "It is not known whether the request arrived. Run the same command again: nothing is done twice.",
    );
    Exit::Pending
}

/// Whether the operator types the person or the ticket of the preview. The preview goes to standard error, as the
/// question does: standard output may be a file, and the operator has to read the preview first.
fn operator_confirms(preview: &Value) -> anyhow::Result<bool> {
    let (target, ticket) = (
        render::member(preview, "target"),
        render::member(preview, "ticket"),
    );
    let lock_out = lock_out(preview, &target);
    let preview = render::preview(preview);
    prompt(format_args!(
        "{preview}\n\n{lock_out}Type {target} or {ticket} to do it: "
    ))?;
    let typed = typed_line()?.unwrap_or_default();
    Ok(confirms(&typed, &target, &ticket))
}

/// What the operator has to know before a reset after which the person cannot register.
fn lock_out(preview: &Value, target: &str) -> String {
    if render::member(preview, "can_register") != "no" {
        return String::new();
    }
    format!(
        "Warning: afterwards {target} CANNOT register, unless they still have the method that stays: registration will ask \
         for it.\nIf it is a passkey, stop here, press Enter and get a new approval: with `--scope passkeys:remove` if it is \
         gone, with `--scope passkeys:keep` if they still have it. With `--scope lockout:accept` the reset is done although \
         they cannot register.\nIf it is another method that they do not have, ask an administrator to remove it, too.\n\n"
    )
}

fn confirms(typed: &str, target: &str, ticket: &str) -> bool {
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
            assert!(confirms(good, target, ticket), "{good}");
        }
        for bad in ["", "\n", "y", "yes", "jane.doe", "HELP-4", "HELP-42 yes"] {
            assert!(!confirms(bad, target, ticket), "{bad}");
        }
        assert!(
            !confirms("\n", "", ""),
            "a preview without a person cannot be confirmed"
        );
    }

    #[test]
    fn a_length_of_time_has_a_unit_and_an_upper_limit() {
        assert_eq!(length_of_time("90s").unwrap(), Duration::from_secs(90));
        assert_eq!(length_of_time("20ms").unwrap(), Duration::from_millis(20));
        for bad in ["", "2", "-1m", "0s", "4h", "1e9h"] {
            assert!(length_of_time(bad).is_err(), "{bad}");
        }
    }
}
