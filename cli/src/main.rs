//! `reregister`: what people need beside the function itself. Whoever is on call previews a reset, has it done and
//! asks what came of it; issuers make keys and approvals; operators make signed events to try a function with, and set
//! the switch that stops resets.
#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "they panic where nobody reads; see the module streams"
)]

mod address;
mod approvals;
mod approve;
mod asking;
mod completions;
mod event;
mod evidence;
mod exit;
mod freeze;
mod function;
mod keygen;
mod kms;
mod link;
mod names;
mod preview;
mod run;
mod shown;
mod status;
mod streams;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::approvals::without_approvals;
use crate::exit::Exit;
use crate::streams::remark;

/// Resets on call, keys, approvals, sample events and the freeze switch of reregister-mfa.
#[derive(Parser)]
#[command(version, after_long_help = exit::TABLE)]
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
    Event(event::Event),
    Freeze(freeze::Freeze),
    Completions(completions::Completions),
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
            Command::Event(event) => event.run().map(done),
            Command::Freeze(freeze) => freeze.run().map(done),
            Command::Completions(completions) => completions.run(Cli::command()),
        }
    }
}

fn main() -> ExitCode {
    let ended = match Cli::try_parse() {
        Ok(cli) => cli.command.run(),
        Err(error) => usage(&error),
    };
    let exit = ended.unwrap_or_else(|error| {
        let said = format!("{error:?}");
        remark(format_args!("Error: {}", without_approvals(&said)));
        Exit::Trouble
    });
    exit.into()
}

/// Help and version on stdout; wrong usage on stderr, which clap would end with 2.
fn usage(error: &clap::Error) -> anyhow::Result<Exit> {
    let said = error.to_string();
    let clean = without_approvals(&said);
    if clean == said {
        error
            .print()
            .context("cannot write to standard output or error")?;
    } else {
        remark(clean.trim_end());
    }
    Ok(if error.use_stderr() {
        Exit::Trouble
    } else {
        Exit::Done
    })
}
