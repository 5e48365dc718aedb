//! `reregister`: what an operator needs beside the function itself. It makes the keys that approvals are signed
//! with, approvals, and signed events to try a function with. It talks to nobody.

mod approve;
mod event;
mod evidence;
mod keygen;
mod person;

use clap::{Parser, Subcommand};

/// Keys, approvals and sample events for reregister-mfa.
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
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Keygen(keygen) => keygen.run(),
        Command::Approve(approve) => approve.run(),
        Command::Event(event) => event.run(),
    }
}
