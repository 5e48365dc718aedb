//! Files that this command reads and writes.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use tempfile::NamedTempFile;

/// The bytes of a file.
pub fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Makes the file, or replaces it in one step. Its owner alone can read it.
pub fn replace(file: &Path, content: &str) -> io::Result<()> {
    let directory = file.parent().unwrap_or(Path::new(""));
    let mut draft = NamedTempFile::new_in(directory)?;
    draft.write_all(content.as_bytes())?;
    draft.persist(file)?;
    Ok(())
}

/// `~/` as a shell reads it: the file's values and typed ones go through none.
pub fn in_home(path: &str) -> String {
    match (path.strip_prefix("~/"), env::home_dir()) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest).display().to_string(),
        _ => path.to_owned(),
    }
}
