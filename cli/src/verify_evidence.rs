//! `reregister verify-evidence`: whether evidence records prove what they say, offline.

mod beside;
mod confirmed;
mod keys;
mod report;

use std::path::PathBuf;

use reregister_mfa::evidence_record::{Trail, verify};

use crate::exit::Exit;
use crate::files::read;
use crate::streams::print;
use beside::{Beside, uses};
use confirmed::Confirmed;
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
