//! Standard output and standard error. `println!` and `eprintln!` panic where nobody reads, which would hide how a
//! command ended.

use std::fmt;
use std::io::{self, Write as _};

use anyhow::Context as _;

/// Writes what was asked for, and the end of its line, to standard output.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}

/// Says something beside it on standard error. Where that cannot be written to, there is nobody to say it to.
pub fn remark(text: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Asks on standard error, and leaves the cursor behind the question.
pub fn prompt(question: impl fmt::Display) -> anyhow::Result<()> {
    write!(io::stderr().lock(), "{question}").context("cannot write to standard error")
}
