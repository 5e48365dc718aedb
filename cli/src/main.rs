//! `reregister`: what an operator needs beside the function itself. It makes the keys that approvals are signed
//! with, approvals, and signed events to try a function with, and it sets the switch that stops resets. `freeze` alone
//! talks to somebody: the table of the deployment, in DynamoDB.

mod approve;
mod event;
mod evidence;
mod freeze;
mod keygen;
mod person;

use clap::{Parser, Subcommand};

/// Keys, approvals, sample events and the freeze switch of reregister-mfa.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Keygen(keygen::Keygen),
    Approve(approve::Approve),
    Event(event::Event),
    Freeze(freeze::Freeze),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Keygen(keygen) => keygen.run(),
        Command::Approve(approve) => approve.run(),
        Command::Event(event) => event.run(),
        Command::Freeze(freeze) => freeze.run(),
    }
}
