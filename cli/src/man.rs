//! `reregister man`: the manual pages.

use std::fs;
use std::path::PathBuf;

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

impl Man {
    pub fn run(self, command: clap::Command) -> anyhow::Result<Exit> {
        match self.dir {
            Some(dir) => fs::create_dir_all(&dir)
                .and_then(|()| clap_mangen::generate_to(command, &dir))
                .with_context(|| format!("cannot write the manual pages to {}", dir.display()))?,
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(command).render(&mut page)?;
                print(String::from_utf8(page)?.trim_end())?;
            }
        }
        Ok(Exit::Done)
    }
}
