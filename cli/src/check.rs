//! `reregister check`: whether a policy can be deployed, without asking any service.

mod folder;
mod found;
mod keys;
mod owners;
mod secrets;
mod warnings;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::bail;
use reregister_mfa::approval::KeyLocation;
use reregister_mfa::policy::{Policy, PolicyError};
use reregister_mfa::webhook::Scheme;

use crate::exit::Exit;
use crate::streams::print;

/// Check a policy before it is deployed: errors with line and column, values still to be changed, key files, and
/// the secrets and webhooks that it needs.
///
/// Exits with 0 if the policy can be deployed, and with 1 if not. It reads files only, and sends nothing.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  reregister check
  reregister check deploy/policy.toml")]
pub struct Check {
    /// The policy; its key files are beside it
    #[arg(value_name = "POLICY", default_value = "policy.toml")]
    policy: PathBuf,
}

impl Check {
    /// Prints what it found.
    pub fn run(self) -> anyhow::Result<Exit> {
        let file = self.policy.display().to_string();
        match Policy::read(&self.policy) {
            Ok(policy) => report(&file, &policy),
            Err(PolicyError::Unanswered { faults, .. }) => {
                let mut text = String::new();
                for fault in &faults {
                    writeln!(text, "{file}: {fault}")?;
                }
                let count = faults.len();
                write!(text, "\nNot deployable yet. Values to change: {count}.")?;
                print(&text)?;
                Ok(Exit::Error)
            }
            Err(error @ PolicyError::Faulty { .. }) => {
                print(&format!("{error}\n\nNot deployable: correct this first."))?;
                Ok(Exit::Error)
            }
            Err(error @ PolicyError::Unreadable { .. }) => bail!("{error}"),
        }
    }
}

/// What is good, what is to be done, and what is wrong with a policy that can be read.
fn report(file: &str, policy: &Policy) -> anyhow::Result<Exit> {
    let mut text = String::new();
    let sections = &policy.sections;
    if !sections.sources.is_empty() {
        writeln!(text, "Webhooks, below the function's URL:")?;
    }
    for (name, source) in &sections.sources {
        let how = match &source.scheme {
            Scheme::JiraWebhook => "signed by Jira".to_owned(),
            Scheme::SecretHeader { header } => format!("with the secret in the header {header}"),
            Scheme::StandardWebhooks { .. } => "signed by Standard Webhooks".to_owned(),
        };
        writeln!(text, "  /webhooks/{name}: {how}")?;
    }

    let mut faults = Vec::new();
    let mut warnings = warnings::of(policy);
    match sections.issuers.is_empty() {
        true => writeln!(text, "Keys of approvals: none")?,
        false => writeln!(text, "Keys of approvals:")?,
    }
    for (name, issuer) in &sections.issuers {
        let found = keys::of(policy, name, issuer);
        for line in found.lines {
            writeln!(text, "  {line}")?;
        }
        faults.extend(found.faults);
        warnings.extend(found.warnings);
    }

    faults.extend(folder::faults(&policy.directory, |file| {
        let mut issuers = sections.issuers.values();
        issuers.any(|issuer| matches!(&issuer.keys, KeyLocation::File(named) if named == file))
    }));

    writeln!(text, "Secrets to make in AWS Secrets Manager:")?;
    for line in secrets::of(policy) {
        writeln!(text, "  {line}")?;
    }

    for warning in warnings {
        writeln!(text, "Warning: {warning}")?;
    }
    for fault in &faults {
        writeln!(text, "Error: {fault}")?;
    }
    let (end, exit) = if faults.is_empty() {
        (format!("{file} can be deployed."), Exit::Done)
    } else {
        (
            "Not deployable: correct the errors first.".to_owned(),
            Exit::Error,
        )
    };
    print(&format!("{text}\n{end}"))?;
    Ok(exit)
}
