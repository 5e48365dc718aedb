//! Files that this command reads and writes.

use std::env;
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

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
