//! Standard output and standard error. `println!` and `eprintln!` panic if the stream is closed, and the exit code
//! would be lost.

use std::fmt;
use std::io::{self, Write as _};

use anyhow::Context as _;

/// Writes a result and the end of its line to standard output.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}

/// Writes a message to standard error. If that fails, there is no other place for it, and the exit code still counts.
pub fn print_message(text: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes an error in one line, which names this command.
pub fn print_error(error: &str) {
    let line = error.replace('\n', " ");
    print_message(format_args!("reregister: {}.", line.trim_end_matches('.')));
}

/// Asks on standard error, and leaves the cursor behind the question.
pub fn prompt(question: impl fmt::Display) -> anyhow::Result<()> {
    write!(io::stderr().lock(), "{question}").context("cannot write to standard error")
}

/// The next line of standard input, without the space around it; `None` at the end of the input.
pub fn typed_line() -> anyhow::Result<Option<String>> {
    let mut typed = String::new();
    let read = io::stdin().read_line(&mut typed);
    let count = read.context("cannot read standard input")?;
    Ok((count > 0).then(|| typed.trim().to_owned()))
}

/// Whether the next line of standard input is a yes.
pub fn is_yes() -> anyhow::Result<bool> {
    let typed = typed_line()?.unwrap_or_default().to_lowercase();
    Ok(matches!(typed.as_str(), "y" | "yes"))
}
