//! The reset ids of the last tickets, so that `status` finds a reset by its ticket.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::config::directory;
use crate::files::replace;

#[derive(Serialize, Deserialize)]
struct Entry {
    ticket: String,
    reset: Uuid,
}

/// How many tickets are remembered. The function answers for 24 hours.
const MOST: usize = 100;

fn file() -> anyhow::Result<PathBuf> {
    let directory = directory("XDG_STATE_HOME", ".local/state");
    let directory = directory.context("there is no home directory: set HOME or XDG_STATE_HOME")?;
    Ok(directory.join("resets.json"))
}

fn read() -> anyhow::Result<Vec<Entry>> {
    let file = file()?;
    match fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .with_context(|| format!("{} cannot be understood. Delete it", file.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// The last reset for this ticket that `run` started here.
pub fn reset_of(ticket: &str) -> anyhow::Result<Uuid> {
    let is_it = |entry: &Entry| entry.ticket.eq_ignore_ascii_case(ticket);
    let found = read()?.into_iter().rev().find(is_it);
    found.map(|entry| entry.reset).with_context(|| {
        format!("no reset for {ticket} was started on this machine. Give the id of the reset instead of the ticket")
    })
}

/// Remembers it in the place of the ticket's last reset.
pub fn remember(ticket: &str, reset: Uuid) -> anyhow::Result<()> {
    let file = file()?;
    // A damaged file must not stop the next one from being remembered.
    let mut entries = read().unwrap_or_default();
    entries.retain(|entry| !entry.ticket.eq_ignore_ascii_case(ticket));
    entries.push(Entry {
        ticket: ticket.to_owned(),
        reset,
    });
    let surplus = entries.len().saturating_sub(MOST);
    let entries: Vec<Entry> = entries.into_iter().skip(surplus).collect();
    let directory = file.parent().context("resets.json has no directory")?;
    let text = serde_json::to_string_pretty(&entries)?;
    let written = fs::create_dir_all(directory).and_then(|()| replace(&file, &text));
    written.with_context(|| format!("cannot write {}", file.display()))
}
