//! `reregister completions`: for the shell.

use clap_complete::Shell;

use crate::exit::Exit;
use crate::streams::print;

/// Print what makes a shell complete this command, such as `reregister completions bash`
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  reregister completions bash > ~/.local/share/bash-completion/completions/reregister")]
pub struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub fn run(self, mut command: clap::Command) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "reregister", &mut script);
        print(String::from_utf8(script)?.trim_end())?;
        Ok(Exit::Done)
    }
}
