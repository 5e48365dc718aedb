//! `reregister link`: a link to the on-call page with the approval in it, for a browser or a phone.

use std::io::{self, IsTerminal as _};

use anyhow::{Context as _, ensure};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use rustix::termios::tcgetwinsize;

use crate::address::UrlArg;
use crate::approvals::{ApprovalArgs, Token};
use crate::exit::Exit;
use crate::streams::print;

/// Print the link to the page for on call, with the approval in its fragment, which no browser sends anywhere.
///
/// The link is as secret as the approval in it, until the approval expires. Nothing is sent.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  reregister link --approval approval
  reregister link --approval approval --qr")]
pub struct Link {
    #[command(flatten)]
    approvals: ApprovalArgs,

    #[command(flatten)]
    url: UrlArg,

    /// Draw it as a QR code, too, which needs a large terminal
    #[arg(long)]
    qr: bool,
}

impl Link {
    /// Prints the link on the first line of stdout.
    pub fn run(self) -> anyhow::Result<Exit> {
        let address = self.url.address()?;
        let approvals = self.approvals.read()?;
        let link = address.page_link(approvals.all().map(Token::expose));
        let code = if self.qr { Some(qr_code(&link)?) } else { None };
        print(&link)?;
        if let Some(code) = code {
            print(&code)?;
        }
        Ok(Exit::Done)
    }
}

/// The same in every terminal: many cameras cannot read an inverted code.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";

/// Back to the terminal's own colours.
const DEFAULT_COLOURS: &str = "\x1b[0m";

/// With the least redundancy: a screen is neither torn nor dirty, and a smaller code fits more terminals.
fn qr_code(link: &str) -> anyhow::Result<String> {
    let code = QrCode::with_error_correction_level(link, EcLevel::L)
        .ok()
        .context("the link is too long for a QR code; print it without --qr")?;
    let drawing = code.render::<Dense1x2>().build();
    if !io::stdout().is_terminal() {
        return Ok(drawing);
    }
    check_it_fits(&drawing)?;
    let lines: Vec<String> = drawing
        .lines()
        .map(|line| format!("{BLACK_ON_WHITE}{line}{DEFAULT_COLOURS}"))
        .collect();
    Ok(lines.join("\n"))
}

/// A code with wrapped lines, or whose first lines have scrolled away, cannot be read.
fn check_it_fits(drawing: &str) -> anyhow::Result<()> {
    // Some terminals do not report their size, and some report 0.
    let Ok(terminal) = tcgetwinsize(io::stdout()) else {
        return Ok(());
    };
    let (columns, lines) = (usize::from(terminal.ws_col), usize::from(terminal.ws_row));
    let widths = drawing.lines().map(|line| line.chars().count());
    let width = widths.max().unwrap_or_default();
    // The shell's prompt is below it.
    let height = drawing.lines().count() + 1;
    ensure!(
        (columns == 0 || width <= columns) && (lines == 0 || height <= lines),
        "the QR code needs a terminal of {width} columns and {height} lines, and this one has {columns} and {lines}: \
         make it larger or its letters smaller, or leave out --qr"
    );
    Ok(())
}
