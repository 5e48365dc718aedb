//! The approvals that the operator presents. They are credentials: other users of the machine can read arguments, so
//! approvals come from files or standard input, and no error quotes them.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _, Stdin};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use reregister_mfa::approval::LONGEST_TOKEN;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::streams::prompt;

/// The option `--approval`.
#[derive(clap::Args)]
pub struct ApprovalArgs {
    /// A file with an approval, or - for standard input; twice for a person who needs two
    #[arg(long = "approval", value_name = "FILE|-", required = true)]
    approval: Vec<PathBuf>,
}

/// On call the first one is the bearer, and a second one goes into the body.
const MOST: usize = 2;

const MORE_THAN_TWO: &str =
    "--approval is given more than twice: one approval, or two for a person who needs two";

const NOT_AN_APPROVAL: &str =
    "is not an approval: one line that begins with eyJ. Copy it again, whole";

/// One approval. Without `Debug`, so that no message can hold it by mistake.
pub struct Token(String);

impl Token {
    /// The token itself: for a header, a body or a link, and never for a message.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The approvals in a text: one by itself, or those in the link to the page.
    fn all_in(text: &str) -> Option<Vec<Token>> {
        let Some((_, fragment)) = text.trim().split_once('#') else {
            return Token::parse(text).map(|token| vec![token]);
        };
        let members = fragment.split('&');
        let members = members.filter_map(|member| member.strip_prefix("approval="));
        let tokens: Option<Vec<Token>> = members.map(Token::parse).collect();
        tokens.filter(|tokens| !tokens.is_empty())
    }

    /// A compact JWS, by its outer form alone (RFC 7515, section 7.1).
    fn parse(text: &str) -> Option<Token> {
        let text = text.trim();
        let of_base64url = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        let compact = text.len() <= LONGEST_TOKEN
            && text.split('.').count() == 3
            && text.split('.').all(of_base64url);
        compact.then(|| Token(text.to_owned()))
    }
}

pub struct Approvals {
    /// The credential of each request.
    pub bearer: Token,
    /// Goes into the body.
    pub second: Option<Token>,
}

impl Approvals {
    /// In the order in which the operator gave them.
    pub fn all(&self) -> impl Iterator<Item = &Token> {
        std::iter::once(&self.bearer).chain(&self.second)
    }
}

impl ApprovalArgs {
    pub fn read(&self) -> anyhow::Result<Approvals> {
        ensure!(self.approval.len() <= MOST, "{MORE_THAN_TWO}");
        let from_stdin = |file: &&PathBuf| is_stdin(file);
        ensure!(
            self.approval.iter().filter(from_stdin).count() <= 1,
            "standard input holds one approval; the other one must be in a file"
        );
        let mut tokens = Vec::new();
        for file in &self.approval {
            tokens.extend(read(file)?);
        }
        ensure!(tokens.len() <= MOST, "{MORE_THAN_TWO}");
        let mut tokens = tokens.into_iter();
        let bearer = tokens.next().context("--approval is missing")?;
        let second = tokens.next();
        ensure!(
            second
                .as_ref()
                .is_none_or(|second| second.expose() != bearer.expose()),
            "both approvals are the same one"
        );
        Ok(Approvals { bearer, second })
    }
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

fn read(file: &Path) -> anyhow::Result<Vec<Token>> {
    // An operator in a hurry may paste the approval itself. The error must not repeat it.
    if file.to_str().and_then(Token::all_in).is_some() && !file.exists() {
        bail!(
            "--approval takes the name of a file, or -, and not the approval itself: everybody on this machine could \
             read it"
        );
    }
    if !is_stdin(file) {
        let text =
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        return Token::all_in(&text)
            .with_context(|| format!("{} {NOT_AN_APPROVAL}", file.display()));
    }
    let mut text = String::new();
    let stdin = io::stdin();
    if stdin.is_terminal() {
        read_without_echo(&stdin, &mut text)?;
    } else {
        stdin
            .lock()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
    }
    Token::all_in(&text).with_context(|| format!("standard input {NOT_AN_APPROVAL}"))
}

/// Asks for a line that the terminal does not echo: a pasted approval would stay on the screen while it is still valid.
fn read_without_echo(stdin: &Stdin, text: &mut String) -> anyhow::Result<()> {
    let before = tcgetattr(stdin)?;
    let mut without_echo = before.clone();
    without_echo.local_modes.remove(LocalModes::ECHO);
    without_echo.local_modes.insert(LocalModes::ECHONL);
    tcsetattr(stdin, OptionalActions::Now, &without_echo)?;
    let read = prompt("Approval (it is not shown): ")
        .and_then(|()| stdin.read_line(text).context("cannot read standard input"));
    tcsetattr(stdin, OptionalActions::Now, &before)?;
    read.map(drop)
}

/// Replaces each word that looks like an approval: clap quotes arguments that it does not understand.
pub fn redact_approvals(text: &str) -> String {
    let part_of_a_token =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest
            .find(|letter: char| !part_of_a_token(letter))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        // Every JSON object begins so in base64. Before it there may be the dashes of an option.
        if word.contains("eyJ") && word.trim_end_matches('.') != "eyJ" {
            clean.push_str("[an approval]");
        } else {
            clean.push_str(word);
        }
        let mut letters = after.chars();
        clean.extend(letters.next());
        rest = letters.as_str();
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_is_three_parts_of_base64url() {
        for good in ["a.b.c", " eyJ_-9.b.c\r\n"] {
            assert!(Token::parse(good).is_some(), "{good}");
        }
        let long = format!("a.b.{}", "c".repeat(LONGEST_TOKEN));
        for bad in ["", "a.b", "a.b.c.d", "a..c", "a.b.c d.e.f", "a.b.c=", &long] {
            assert!(Token::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_link_to_the_page_holds_approvals_too() {
        let all = |text| {
            let tokens = Token::all_in(text)?;
            Some(tokens.into_iter().map(|token| token.0).collect::<Vec<_>>())
        };
        assert_eq!(all("eyJ.b.c\n").unwrap(), ["eyJ.b.c"]);
        let link = "https://mfa.contoso.com/#approval=eyJ.b.c&approval=eyJ.d.e\n";
        assert_eq!(all(link).unwrap(), ["eyJ.b.c", "eyJ.d.e"]);
        for bad in [
            "https://mfa.contoso.com/#",
            "#approval=",
            "#approval=a.b.c&approval=a.b",
        ] {
            assert_eq!(all(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_word_that_looks_like_an_approval_is_redacted_anywhere_in_a_text() {
        assert_eq!(
            redact_approvals("unexpected 'eyJhbGci.eyJ_a-b.c', at #approval=eyJh&x=ü"),
            "unexpected '[an approval]', at #approval=[an approval]&x=ü"
        );
        assert_eq!(
            redact_approvals("unexpected argument '--eyJhbGci.eyJ_a-b.c' found"),
            "unexpected argument '[an approval]' found"
        );
        assert_eq!(
            redact_approvals("cannot read key.pem: no such file"),
            "cannot read key.pem: no such file"
        );
    }
}
