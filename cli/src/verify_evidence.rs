//! `reregister verify-evidence`: whether evidence records prove what they say, offline.

mod keys;
mod report;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reregister_mfa::approval::TokenId;
use reregister_mfa::evidence::{EvidenceFault, Trail, Verified, verify};

use crate::exit::Exit;
use crate::streams::print;
use keys::KnownKeys;

/// Verify evidence records of resets, offline: who verified, who approved, what was removed, and by which proof
///
/// It asks no service. Each record holds what was signed and the keys that verified it. What the record cannot prove by
/// itself is listed under "On trust"; --keys and --trail take two of these points away.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  reregister verify-evidence 4f0e4ed1-0d37-4f44-8f0b-4b0c6f0f1f5e.json
  reregister verify-evidence --trail log.jsonl --keys entra-2026-11.jwks.json *.json
  reregister verify-evidence --keys https://approvals.contoso.com=keys/service-desk.jwks.json --keys policy.toml *.json

Exit codes:
  0  every record is verified
  1  wrong usage, or a file cannot be read
  2  a record is not verified: treat it as changed
  3  every record is verified, but --keys or --trail does not say enough to confirm each of them")]
pub struct VerifyEvidence {
    /// The records, as they were in the bucket
    #[arg(value_name = "FILE", required = true)]
    records: Vec<PathBuf>,

    /// Keys that you got from another place than the record, for the issuer that they are of: ISS=FILE is a JWK Set of the
    /// issuer whose tokens have this `iss`. FILE alone is Entra's set, in which each key names its issuer, or a policy.toml,
    /// for its passkeys
    #[arg(long, value_name = "[ISS=]FILE")]
    keys: Vec<String>,

    /// Lines of the audit trail of these resets and their tickets, from the log group of the functions
    #[arg(long, value_name = "FILE")]
    trail: Vec<PathBuf>,
}

/// What came of one record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Confirmed {
    Yes,
    NotEnough,
    No,
}

impl VerifyEvidence {
    /// Prints what each record proves.
    pub fn run(self) -> anyhow::Result<Exit> {
        let mut known = KnownKeys::default();
        for given in &self.keys {
            known.read(given)?;
        }
        let mut log = String::new();
        for file in &self.trail {
            log.push_str(&String::from_utf8_lossy(&read(file)?));
            log.push('\n');
        }
        let mut records = Vec::new();
        for file in &self.records {
            records.push((file.as_path(), verify(&read(file)?)));
        }
        let beside = Beside {
            keys: (!self.keys.is_empty()).then_some(known),
            trail: (!self.trail.is_empty()).then(|| Trail::read(&log)),
            uses: uses(&records),
        };
        let mut worst = Confirmed::Yes;
        for (file, verified) in &records {
            let (text, confirmed) = match verified {
                Ok(verified) => report::of(file, verified, &beside),
                Err(fault) => (report::of_fault(file, fault), Confirmed::No),
            };
            print(&text)?;
            worst = worst.max(confirmed);
        }
        Ok(match worst {
            Confirmed::Yes => Exit::Done,
            Confirmed::NotEnough => Exit::NeedsHuman,
            Confirmed::No => Exit::Refused,
        })
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

type Use<'a> = (&'a Path, &'a Verified);

/// In which records each approval is.
fn uses<'a>(
    records: &'a [(&'a Path, Result<Verified, EvidenceFault>)],
) -> BTreeMap<&'a TokenId, Vec<Use<'a>>> {
    let mut uses: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (file, verified) in records {
        let Ok(verified) = verified else { continue };
        for part in &verified.record.approvals.approvals {
            uses.entry(&part.id).or_default().push((*file, verified));
        }
    }
    uses
}

/// What the auditor has beside a record.
struct Beside<'a> {
    keys: Option<KnownKeys>,
    trail: Option<Trail>,
    uses: BTreeMap<&'a TokenId, Vec<Use<'a>>>,
}

impl Beside<'_> {
    /// What comes of comparing a record with all that, and a line about each.
    fn compare(&self, verified: &Verified) -> (Confirmed, Vec<String>) {
        let by_keys = self.keys.as_ref().map(|keys| keys.confirm(verified));
        let by_trail = self.trail.as_ref().map(|trail| {
            let confirmed = trail.confirm(verified);
            match confirmed {
                Ok(()) => (
                    Confirmed::Yes,
                    "the audit trail has this record's SHA-256, these approvals and keys, and what was signed at a desk"
                        .to_owned(),
                ),
                Err(fault) if fault.is_silence() => (Confirmed::NotEnough, fault.to_string()),
                Err(fault) => (Confirmed::No, fault.to_string()),
            }
        });
        let used = self.also_used(verified).map(|file| {
            let line = format!(
                "an approval works once, and one of it is in {}, too",
                file.display()
            );
            (Confirmed::No, line)
        });
        let all = by_keys.into_iter().chain(by_trail).chain(used);
        let (confirmed, lines): (Vec<_>, _) = all.unzip();
        (confirmed.into_iter().max().unwrap_or(Confirmed::Yes), lines)
    }

    /// Another record with one of its approvals. A copy of the record is none.
    fn also_used(&self, verified: &Verified) -> Option<&Path> {
        let parts = verified.record.approvals.approvals.iter();
        let mut uses = parts.filter_map(|part| self.uses.get(&part.id)).flatten();
        let (file, _) = uses.find(|(_, other)| other.sha256 != verified.sha256)?;
        Some(file)
    }
}
