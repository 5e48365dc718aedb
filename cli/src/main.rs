//! `reregister`: what people need beside the function itself. Whoever is on call previews a reset, has it done and
//! asks what came of it; issuers make keys and approvals; operators make signed events to try a function with, and set
//! the switch that stops resets.

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
mod person;
mod preview;
mod run;
mod shown;
mod status;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::approvals::without_approvals;
use crate::exit::Exit;

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

fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(error) => return usage(&error).into(),
    };
    let done = |()| Exit::Done;
    let ended = match command {
        Command::Preview(preview) => preview.run(),
        Command::Run(run) => run.run(),
        Command::Status(status) => status.run(),
        Command::Link(link) => link.run(),
        Command::Keygen(keygen) => keygen.run().map(done),
        Command::Approve(approve) => approve.run().map(done),
        Command::Event(event) => event.run().map(done),
        Command::Freeze(freeze) => freeze.run().map(done),
        Command::Completions(completions) => completions.run(Cli::command()),
    };
    let exit = ended.unwrap_or_else(|error| {
        eprintln!("Error: {}", without_approvals(&format!("{error:?}")));
        Exit::Trouble
    });
    exit.into()
}

/// Help and version on stdout; wrong usage on stderr, which clap would end with 2.
fn usage(error: &clap::Error) -> Exit {
    let said = error.to_string();
    let clean = without_approvals(&said);
    if clean == said {
        let _ = error.print();
    } else {
        eprint!("{clean}");
    }
    if error.use_stderr() {
        Exit::Trouble
    } else {
        Exit::Done
    }
}
