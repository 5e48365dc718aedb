//! `reregister link`: the page with the approval in it, for somebody else's browser or phone.

use std::io::{self, IsTerminal as _};

use anyhow::Context as _;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

use crate::address::At;
use crate::approvals::{Presented, Token};
use crate::exit::Exit;

/// Print the link to the page for on call, with the approval in its fragment, which no browser sends anywhere.
///
/// Whoever has the link has the approval, as long as it is good. Talks to nobody.
#[derive(clap::Args)]
pub struct Link {
    #[command(flatten)]
    presented: Presented,

    #[command(flatten)]
    at: At,

    /// Draw it as a QR code, too
    #[arg(long)]
    qr: bool,
}

impl Link {
    /// Prints the link on the first line of stdout.
    pub fn run(self) -> anyhow::Result<Exit> {
        let address = self.at.address()?;
        let approvals = self.presented.read()?;
        let link = address.page(approvals.all().map(Token::expose));
        let code = if self.qr { Some(drawn(&link)?) } else { None };
        println!("{link}");
        if let Some(code) = code {
            println!("{code}");
        }
        Ok(Exit::Done)
    }
}

/// Black on white, whatever the colours of the terminal are: many cameras read no inverted codes.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";

/// The terminal's own colours again.
const AS_BEFORE: &str = "\x1b[0m";

/// With little redundancy: a screen is neither torn nor dirty, and the code is large enough as it is.
fn drawn(link: &str) -> anyhow::Result<String> {
    let code = QrCode::with_error_correction_level(link, EcLevel::L)
        .ok()
        .context("the link is too long for a QR code; print it without --qr")?;
    let drawing = code.render::<Dense1x2>().build();
    if !io::stdout().is_terminal() {
        return Ok(drawing);
    }
    let lines: Vec<String> = drawing
        .lines()
        .map(|line| format!("{BLACK_ON_WHITE}{line}{AS_BEFORE}"))
        .collect();
    Ok(lines.join("\n"))
}
