//! `reregister verify-evidence`: whether evidence records prove what they say, offline.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reregister_mfa::approval::{PublicJwk, SignaturePolicy};
use reregister_mfa::evidence::{
    EvidenceRecord, MethodRead, StatusWithProof, Trail, Verified, VerifiedApproval, verify,
};
use reregister_mfa::report::how;
use serde_json::Value;

use crate::exit::Exit;
use crate::streams::print;

/// Verify evidence records of resets, offline: who verified, who approved, what was removed, and by which proof
///
/// It asks no service. Each record holds what was signed and the keys that verified it. What the record cannot prove by
/// itself is listed under "On trust"; --keys and --trail take two of these points away.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  reregister verify-evidence 4f0e4ed1-0d37-4f44-8f0b-4b0c6f0f1f5e.json
  reregister verify-evidence --trail log.jsonl --keys entra-2026-11.jwks.json *.json

Exit codes:
  0  every record is verified
  1  wrong usage, or a file cannot be read
  2  a record is not verified: treat it as changed
  3  every record is verified, but --keys or --trail does not say enough to confirm each of them")]
pub struct VerifyEvidence {
    /// The records, as they were in the bucket
    #[arg(value_name = "FILE", required = true)]
    records: Vec<PathBuf>,

    /// A JWK Set that you got from another place than the record, such as a copy of Entra's keys of that time
    #[arg(long, value_name = "FILE")]
    keys: Vec<PathBuf>,

    /// Lines of the audit trail of these resets, from the log group of the functions
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
        let mut keys = Vec::new();
        for file in &self.keys {
            keys.extend(read_keys(file)?);
        }
        let mut log = String::new();
        for file in &self.trail {
            log.push_str(&String::from_utf8_lossy(&read(file)?));
            log.push('\n');
        }
        let known = Known {
            keys: (!self.keys.is_empty()).then_some(keys),
            trail: (!self.trail.is_empty()).then(|| Trail::read(&log)),
        };
        let mut worst = Confirmed::Yes;
        for file in &self.records {
            let bytes = read(file)?;
            let (text, confirmed) = match verify(&bytes) {
                Ok(verified) => known.report(file, &verified)?,
                Err(fault) => (
                    format!("{}: NOT VERIFIED: {fault}.\n", file.display()),
                    Confirmed::No,
                ),
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

/// The keys of a JWK Set. Those that are not written as keys are passed over: they confirm nothing.
fn read_keys(file: &Path) -> anyhow::Result<Vec<PublicJwk>> {
    let set: Value = serde_json::from_slice(&read(file)?)
        .with_context(|| format!("{} is no JWK Set", file.display()))?;
    let keys = set.get("keys").and_then(Value::as_array);
    let keys = keys.with_context(|| format!("{} is no JWK Set", file.display()))?;
    Ok(keys.iter().map(PublicJwk::of).collect())
}

/// What the auditor has beside the records.
struct Known {
    keys: Option<Vec<PublicJwk>>,
    trail: Option<Trail>,
}

impl Known {
    fn report(&self, file: &Path, verified: &Verified) -> anyhow::Result<(String, Confirmed)> {
        let mut text = String::new();
        let (by_keys, keys_line) = self.compare_keys(verified);
        let (by_trail, trail_line) = match self.trail.as_ref().map(|trail| trail.confirm(verified))
        {
            None => (Confirmed::Yes, None),
            Some(Ok(())) => (
                Confirmed::Yes,
                Some(
                    "the audit trail has this record's SHA-256, and these approvals and keys"
                        .to_owned(),
                ),
            ),
            Some(Err(fault)) if fault.is_silence() => {
                (Confirmed::NotEnough, Some(fault.to_string()))
            }
            Some(Err(fault)) => (Confirmed::No, Some(fault.to_string())),
        };
        let confirmed = by_keys.max(by_trail);
        let head = match confirmed {
            Confirmed::Yes => "verified",
            Confirmed::NotEnough => "verified, NOT CONFIRMED",
            Confirmed::No => "NOT VERIFIED",
        };
        writeln!(text, "{}: {head}", file.display())?;
        write_record(&mut text, verified)?;
        let proven = match confirmed {
            Confirmed::Yes | Confirmed::NotEnough => "Proven by this record alone",
            Confirmed::No => "Of no worth, since it was contradicted; the record alone says",
        };
        writeln!(text, "{proven}")?;
        writeln!(
            text,
            "  - its bytes are whole, and its parts belong to one reset"
        )?;
        writeln!(
            text,
            "  - its keys made the signatures, over this person, ticket, scope and reason"
        )?;
        writeln!(
            text,
            "  - the approvals were valid when the request arrived, and as many as the person needs"
        )?;
        writeln!(text, "  - what was done is what was approved")?;
        let mut compared = keys_line.iter().chain(&trail_line).peekable();
        if compared.peek().is_some() {
            writeln!(text, "Compared")?;
        }
        for line in compared {
            writeln!(text, "  - {line}")?;
        }
        writeln!(text, "On trust")?;
        if self.keys.is_none() {
            writeln!(
                text,
                "  - that these keys were the issuer's or Entra's: compare them with your own copy, --keys"
            )?;
        }
        if self.trail.is_none() {
            writeln!(
                text,
                "  - that the record is as the function wrote it: compare the audit trail, --trail"
            )?;
        }
        writeln!(
            text,
            "  - what the function read in Entra: who the named people are, the tier, the methods, Graph's answers"
        )?;
        let names_verifier = verified.approvals.iter().any(|one| !one.by_sign_in);
        if names_verifier {
            writeln!(
                text,
                "  - of an issuer's token: that its key store signed for these people; the verifier did not sign"
            )?;
        }
        Ok((text, confirmed))
    }

    fn compare_keys(&self, verified: &Verified) -> (Confirmed, Option<String>) {
        let Some(known) = &self.keys else {
            return (Confirmed::Yes, None);
        };
        let approvals = verified.record.approvals.approvals.iter();
        let mut absent = Vec::new();
        for key in approvals.flat_map(|part| &part.kept.keys) {
            let mut same_name = known.iter().filter(|known| known.kid == key.kid).peekable();
            if same_name.peek().is_none() {
                absent.push(key.kid.as_str());
            } else if !same_name.any(|known| known.is_the_key(key)) {
                let why = format!("--keys has another key under the name {}", key.kid);
                return (Confirmed::No, Some(why));
            }
        }
        if absent.is_empty() {
            let line = "each of its keys is in --keys".to_owned();
            return (Confirmed::Yes, Some(line));
        }
        let line = format!("not in --keys: the key {}", absent.join(", "));
        (Confirmed::NotEnough, Some(line))
    }
}

fn write_record(text: &mut String, verified: &Verified) -> anyhow::Result<()> {
    let EvidenceRecord {
        request,
        judged,
        done,
        approvals,
    } = &verified.record;
    let name = judged.display_name.as_deref().unwrap_or("no display name");
    writeln!(text, "  reset     {}, {}", request.reset, done.state)?;
    writeln!(text, "  ticket    {}", request.ticket)?;
    writeln!(
        text,
        "  person    {name}, {}, object id {}",
        judged.target_name, judged.target
    )?;
    writeln!(text, "  tier      {}", judged.tier)?;
    let reason: &str = judged.reason.map_or("no reason", Into::into);
    writeln!(text, "  approved  {}, {reason}", String::from(judged.scope))?;
    let times = [
        ("arrived", request.received_at),
        ("claimed", judged.claimed_at),
        ("ended", done.finished_at),
    ];
    for (what, at) in times {
        writeln!(text, "  {what:<9} {at:.0}")?;
    }
    writeln!(text, "  policy    SHA-256 {}", judged.policy_sha256)?;
    writeln!(text, "  record    SHA-256 {}", verified.sha256)?;
    let both = verified.approvals.iter().zip(&approvals.approvals);
    for (nth, (approval, part)) in both.enumerate() {
        writeln!(text, "Approval {}", nth + 1)?;
        write_approval(text, approval, &part.kept.terms)?;
    }
    writeln!(text, "Read and shown before")?;
    for method in &judged.methods {
        writeln!(text, "  {}", shown(method))?;
    }
    writeln!(text, "Done")?;
    writeln!(text, "  sessions: {}", outcome(&done.sessions))?;
    for one in &done.methods {
        writeln!(text, "  {}: {}", shown(&one.method), outcome(&one.outcome))?;
    }
    if let Some(at) = done.listed_at {
        writeln!(text, "  the list that shows it: asked for at {at:.0}")?;
    }
    if let Some(ended) = &done.ended_because {
        writeln!(text, "  ended because: {} ({})", ended.detail, ended.code)?;
    }
    Ok(())
}

fn write_approval(
    text: &mut String,
    approval: &VerifiedApproval,
    terms: &SignaturePolicy,
) -> anyhow::Result<()> {
    let verifiers: Vec<String> = approval.verifiers.iter().map(ToString::to_string).collect();
    let ways: Vec<String> = approval.evidence.iter().copied().map(how).collect();
    let verified_at = approval.verified_at.map(|at| format!(" at {at:.0}"));
    writeln!(
        text,
        "  verified by {}{}: {}",
        verifiers.join(" and "),
        verified_at.unwrap_or_default(),
        ways.join("; ")
    )?;
    writeln!(
        text,
        "  approved by {} at {:.0}",
        approval.approver, approval.approved_at
    )?;
    let people = if approval.by_one_person {
        "ONE person verified and approved"
    } else {
        "two people: the approver did not verify"
    };
    writeln!(text, "  {people}")?;
    let (how, keys_from) = match terms {
        SignaturePolicy::Issuer {
            name, keys_from, ..
        } => (
            format!(
                "a token of the issuer {name}, trust domain {}",
                approval.domain
            ),
            keys_from,
        ),
        SignaturePolicy::SignIn {
            context, keys_from, ..
        } => {
            let context = context.as_deref();
            let context = context
                .map_or("without an authentication context".to_owned(), |context| {
                    format!("in the authentication context {context}")
                });
            (
                format!("two sign-ins to Entra, {context}, each for the text that was shown"),
                keys_from,
            )
        }
    };
    writeln!(text, "  signed: {how}")?;
    writeln!(text, "  key {} from {keys_from}", approval.kid)?;
    Ok(())
}

fn shown(method: &MethodRead) -> String {
    match &method.label {
        Some(label) => format!("{} ({label})", method.kind),
        None => method.kind.clone(),
    }
}

fn outcome(standing: &StatusWithProof) -> String {
    let why = standing.why.as_ref().map(|why| format!(", {why}"));
    let proof = standing.proof.as_deref().map(|proof| match proof {
        "absent_from_list" => ", proof: absent from each later list",
        _ => ", proof: accepted by Graph",
    });
    format!(
        "{}{}{}",
        standing.status,
        why.unwrap_or_default(),
        proof.unwrap_or_default()
    )
}
