//! Files that this command writes.

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
