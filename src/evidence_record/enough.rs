//! Whether there are as many approvals, by as many accounts and in as many ways, as the person's tier needs. The rules are
//! those of `reset::rules::two_approvals`.

use std::collections::BTreeSet;

use super::document::EvidenceRecord;
use super::fault::EvidenceFault;
use crate::approval::Authentic;
use crate::ids::{Digest, Label, ObjectId};

pub(super) fn check(record: &EvidenceRecord, approvals: &[Authentic]) -> Result<(), EvidenceFault> {
    let parts = &record.approvals.approvals;
    let ids: BTreeSet<_> = approvals.iter().map(Authentic::id).collect();
    if approvals.is_empty() || ids.len() != approvals.len() {
        return Err(EvidenceFault::NotEnough("there is none, or one twice"));
    }
    if record.judged.tier == "standard" {
        return Ok(());
    }
    let approvers: BTreeSet<ObjectId> = parts.iter().map(|part| part.approver).collect();
    let domains: BTreeSet<&Label> = approvals.iter().map(Authentic::domain).collect();
    let halves: BTreeSet<&Digest> = approvals.iter().map(Authentic::private_half).collect();
    let mut verifiers = parts.iter().flat_map(|part| &part.verifiers);
    let claims = approvals.iter().map(Authentic::claims);
    let mut evidence = claims.flat_map(|claims| {
        let evidence = claims.verification.iter().map(|one| one.evidence);
        evidence.map(|one| (one, one.counts(claims.reason)))
    });
    let counting = evidence.clone().filter(|(_, counts)| *counts);
    let methods: BTreeSet<_> = counting.map(|(one, _)| one.method()).collect();
    for (is_so, what) in [
        (approvals.len() >= 2, "a privileged person needs two"),
        (
            approvers.len() == approvals.len(),
            "one account approved twice",
        ),
        (
            domains.len() == approvals.len() && halves.len() == approvals.len(),
            "two are of one trust domain",
        ),
        (
            !verifiers.any(|verifier| approvers.contains(verifier))
                && !parts.iter().any(|part| part.approver_verified),
            "an approver verified the person",
        ),
        (
            approvals.iter().all(Authentic::may_be_for_privileged),
            "one is not good for privileged people",
        ),
        (
            !evidence.any(|(one, _)| one.is_sms()),
            "a text message verifies no privileged person",
        ),
        (
            methods.len() >= 2,
            "a privileged person is verified in two ways",
        ),
    ] {
        if !is_so {
            return Err(EvidenceFault::NotEnough(what));
        }
    }
    Ok(())
}
