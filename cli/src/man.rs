//! `reregister man`: the manual pages.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::exit::Exit;
use crate::streams::print;

/// Print the manual page, or write one for each command
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  reregister man | man -l -
  reregister man --dir ~/.local/share/man/man1")]
pub struct Man {
    /// Write the pages of all commands into this directory
    #[arg(long, value_name = "DIRECTORY")]
    dir: Option<PathBuf>,
}

/// The sections that clap does not know, as troff.
const FILES_AND_ENVIRONMENT: &str = "\
.SH FILES
.TP
\\fI~/.config/reregister/config.toml\\fR
What is the same every night: key, kms_key, kid, iss, aud, approver and url, each as text.
Options and the environment go before it.
.TP
\\fI~/.local/state/reregister/resets.json\\fR
The resets that run started on this machine, so that status finds one by its ticket.
.SH ENVIRONMENT
.TP
\\fBREREGISTER_URL\\fR
The address of the function: \\-\\-url.
.TP
\\fBREREGISTER_KEY\\fR, \\fBREREGISTER_KMS_KEY\\fR, \\fBREREGISTER_KID\\fR, \\fBREREGISTER_ISS\\fR, \
\\fBREREGISTER_AUD\\fR, \\fBREREGISTER_APPROVER\\fR
The options of approve with these names.
.TP
\\fBTABLE_NAME\\fR
The table of the deployment, for freeze and thaw: \\-\\-table.
.TP
\\fBAWS_PROFILE\\fR, \\fBAWS_REGION\\fR and the other variables of the AWS CLI
Credentials and region, for freeze, thaw and keys in AWS KMS.
.TP
\\fBXDG_CONFIG_HOME\\fR, \\fBXDG_STATE_HOME\\fR
Other places for the two files.
";

impl Man {
    pub fn run(self, command: clap::Command) -> anyhow::Result<Exit> {
        match self.dir {
            Some(dir) => write_all(command, &dir)
                .with_context(|| format!("cannot write the manual pages to {}", dir.display()))?,
            None => print(String::from_utf8(page(command)?)?.trim_end())?,
        }
        Ok(Exit::Done)
    }
}

fn page(command: clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    page.extend(FILES_AND_ENVIRONMENT.as_bytes());
    Ok(page)
}

/// A page for the command, and one for each of its own commands.
fn write_all(command: clap::Command, dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let commands: Vec<clap::Command> = command.get_subcommands().cloned().collect();
    for command in commands.into_iter().chain([command]) {
        let file = clap_mangen::Man::new(command.clone()).get_filename();
        fs::write(dir.join(file), page(command)?)?;
    }
    Ok(())
}
