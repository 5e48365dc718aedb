//! `reregister completions`: for the shell.

use std::io::{self, Write as _};

use anyhow::Context as _;
use clap_complete::Shell;

use crate::exit::Exit;

/// Print what makes a shell complete this command, such as `reregister completions bash`
#[derive(clap::Args)]
pub struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    /// Prints the script for this command.
    pub fn run(self, mut command: clap::Command) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "reregister", &mut script);
        io::stdout()
            .write_all(&script)
            .context("cannot write to standard output")?;
        Ok(Exit::Done)
    }
}
