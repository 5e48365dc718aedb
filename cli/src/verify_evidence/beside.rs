//! What an auditor has beside a record: keys and the audit trail from elsewhere, and the other records.

use std::collections::BTreeMap;
use std::path::Path;

use reregister_mfa::approval::TokenId;
use reregister_mfa::evidence_record::{EvidenceFault, Trail, Verified};

use super::confirmed::Confirmed;
use super::keys::KnownKeys;

pub type Use<'a> = (&'a Path, &'a Verified);

/// In which records each approval is.
pub fn uses<'a>(
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

pub struct Beside<'a> {
    pub keys: Option<KnownKeys>,
    pub trail: Option<Trail>,
    pub uses: BTreeMap<&'a TokenId, Vec<Use<'a>>>,
}

/// What came of comparing one record.
pub struct Compared {
    pub confirmed: Confirmed,
    /// One for each comparison.
    pub lines: Vec<String>,
    /// Whether each of its keys is known from elsewhere.
    pub has_known_keys: bool,
    /// Whether the audit trail has the record.
    pub is_in_trail: bool,
}

impl Beside<'_> {
    /// What comes of comparing a record with all that.
    pub fn compare(&self, verified: &Verified) -> Compared {
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
        let is_yes = |by: &Option<(Confirmed, String)>| matches!(by, Some((Confirmed::Yes, _)));
        let (has_known_keys, is_in_trail) = (is_yes(&by_keys), is_yes(&by_trail));
        let all = by_keys.into_iter().chain(by_trail).chain(used);
        let (confirmed, lines): (Vec<_>, _) = all.unzip();
        Compared {
            confirmed: confirmed.into_iter().max().unwrap_or(Confirmed::Yes),
            lines,
            has_known_keys,
            is_in_trail,
        }
    }

    /// Another record with one of its approvals. A copy of the record is none.
    fn also_used(&self, verified: &Verified) -> Option<&Path> {
        let parts = verified.record.approvals.approvals.iter();
        let mut uses = parts.filter_map(|part| self.uses.get(&part.id)).flatten();
        let (file, _) = uses.find(|(_, other)| other.sha256 != verified.sha256)?;
        Some(file)
    }
}
