//! `reregister`: the command beside the function. Operators on call preview a reset, run it and look up its outcome;
//! approvers make keys and approvals; operators of a deployment make signed events to test it with, and set the switch
//! that freezes resets.
#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "they panic if the stream is closed; see the module streams"
)]

mod address;
mod approvals;
mod approve;
mod ask;
mod check;
mod completions;
mod config;
mod event;
mod evidence;
mod exit;
mod files;
mod freeze;
mod function;
mod key_file;
mod keygen;
mod kms;
mod link;
mod man;
mod moment;
mod names;
mod preview;
mod remembered;
mod render;
mod request;
mod run;
mod runtime;
mod status;
mod streams;
mod table;
mod usage;
mod verify_evidence;

use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::approvals::redact_approvals;
use crate::ask::Answer;
use crate::exit::Exit;
use crate::streams::print_error;

/// Do on-call resets, make keys, approvals and sample events, and freeze reregister-mfa.
#[derive(Parser)]
#[command(version, after_long_help = format!("\
Examples:
  reregister approve --help
  reregister run --approval approval
  reregister freeze all --why 'SEC-77: call the security team'

{}", exit::TABLE))]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Preview(preview::Preview),
    Run(run::Run),
    Status(status::Status),
    Link(link::Link),
    Keygen(keygen::Keygen),
    Approve(approve::Approve),
    Check(check::Check),
    Event(event::Event),
    Freeze(freeze::Freeze),
    Thaw(freeze::Thaw),
    VerifyEvidence(verify_evidence::VerifyEvidence),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    fn run(self) -> anyhow::Result<Exit> {
        let done = |()| Exit::Done;
        match self {
            Command::Preview(preview) => preview.run(),
            Command::Run(run) => run.run(),
            Command::Status(status) => status.run(),
            Command::Link(link) => link.run(),
            Command::Keygen(keygen) => keygen.run().map(done),
            Command::Approve(approve) => approve.run().map(done),
            Command::Check(check) => check.run(),
            Command::Event(event) => event.run().map(done),
            Command::Freeze(freeze) => freeze.run().map(done),
            Command::Thaw(thaw) => thaw.run().map(done),
            Command::VerifyEvidence(verify) => verify.run(),
            Command::Completions(completions) => completions.run(Cli::command()),
            Command::Man(man) => man.run(Cli::command()),
        }
    }
}

fn main() -> ExitCode {
    let result = match parse() {
        Ok((command, answers)) => {
            let result = command.run();
            if result.is_ok() {
                config::offer_to_remember(&answers);
            }
            result
        }
        Err(error) => usage(&error),
    };
    let exit = result.unwrap_or_else(|error| {
        // Without the backtrace, which a user's mistake does not need, and in one line.
        print_error(&redact_approvals(&format!("{error:#}")));
        Exit::Error
    });
    exit.into()
}

/// Options, else the environment, else config.toml, else what is typed; and what was typed.
fn parse() -> Result<(Command, Vec<Answer>), clap::Error> {
    let command = config::with_defaults(Cli::command());
    let (matches, answers) = ask::parse(&command, std::env::args_os().collect())?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    if let (Command::Approve(approve), Some(matches)) =
        (&mut cli.command, matches.subcommand_matches("approve"))
    {
        approve.prefer_given_key(|option| config::is_default(matches, option));
    }
    Ok((cli.command, answers))
}

/// Prints help and version on stdout; wrong usage is an error as any other is. clap itself would exit with 2, which here
/// means refused.
fn usage(error: &clap::Error) -> anyhow::Result<Exit> {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand || !error.use_stderr() {
        error
            .print()
            .context("cannot write to standard output or error")?;
        return Ok(if error.use_stderr() {
            Exit::Error
        } else {
            Exit::Done
        });
    }
    let command = std::env::args().nth(1);
    let bare = usage::bare_approval(error, command.as_deref());
    Err(anyhow!(bare.unwrap_or_else(|| usage::one_line(error))))
}
