//! The verification of a record, from its own bytes alone.

use std::collections::BTreeSet;
use std::time::Duration;

use super::document::{
    DonePart, EvidenceRecord, JudgedPart, Signatures, SignedPart, StatusWithProof,
};
use super::fault::EvidenceFault;
use crate::approval::sign_in::{SignedApproval, SignedDraft};
use crate::approval::{Authentic, Evidence, KeptFault, SignaturePolicy};
use crate::clock::{self, Timestamp};
use crate::ids::{Digest, Kid, Label, ObjectId, PersonRef, Reference};

/// How far the clocks of two processes may be apart.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// A record whose signatures are good, and in which each part fits to the others.
#[derive(Debug)]
pub struct Verified {
    pub record: EvidenceRecord,
    /// SHA-256 of all its bytes, to be compared with that in the audit trail.
    pub sha256: Digest,
    pub approvals: Vec<VerifiedApproval>,
}

/// Who signed, and when.
#[derive(Debug)]
pub struct VerifiedApproval {
    /// As the approval writes them.
    pub approver: PersonRef,
    pub verifiers: BTreeSet<PersonRef>,
    pub approved_at: Timestamp,
    pub verified_at: Option<Timestamp>,
    /// In which ways the person was verified.
    pub evidence: Vec<Evidence>,
    pub kid: Kid,
    pub domain: Label,
    /// Whether two people signed in to Entra for it; otherwise a key of an issuer signed, and names the verifier.
    pub by_sign_in: bool,
    /// Whether the approver verified the person, too.
    pub by_one_person: bool,
}

/// Verifies a record.
///
/// # Errors
/// [`EvidenceFault`]: the first thing that is wrong.
pub fn verify(bytes: &[u8]) -> Result<Verified, EvidenceFault> {
    let record = EvidenceRecord::read(bytes)?;
    let id = record.request.reset;
    for (part, reset) in [
        ("approvals", record.approvals.reset),
        ("judged", record.judged.reset),
        ("done", record.done.reset),
    ] {
        if reset != id {
            return Err(EvidenceFault::OtherReset(part));
        }
    }
    let mut approvals = Vec::new();
    let mut authentic = Vec::new();
    for (index, part) in record.approvals.approvals.iter().enumerate() {
        let nth = index + 1;
        let approval =
            authenticate(part).map_err(|fault| EvidenceFault::Approval { nth, fault })?;
        check_approval(&record, part, &approval)
            .map_err(|what| EvidenceFault::Mismatch { nth, what })?;
        approvals.push(verified(part, &approval));
        authentic.push(approval);
    }
    check_enough(&record, &authentic)?;
    check_times(&record)?;
    check_done(&record.judged, &record.done).map_err(EvidenceFault::Done)?;
    Ok(Verified {
        sha256: Digest::of(bytes),
        record,
        approvals,
    })
}

fn authenticate(part: &SignedPart) -> Result<Authentic, KeptFault> {
    match &part.signed {
        Signatures::Token { token } => part.kept.verify_token(token),
        Signatures::Desk {
            reference,
            approval,
            verification,
        } => {
            let reference = Reference::read(reference).ok_or(KeptFault::OtherCompact)?;
            let signed = |kept: &super::KeptText| SignedDraft {
                draft: kept.draft.clone(),
                token: kept.token.clone().into(),
            };
            let signed = SignedApproval {
                approval: signed(approval),
                verification: signed(verification),
            };
            part.kept.verify_signed(&reference, &signed)
        }
    }
}

fn verified(part: &SignedPart, approval: &Authentic) -> VerifiedApproval {
    let claims = approval.claims();
    let by = claims.verification.iter();
    VerifiedApproval {
        approver: claims.act.sub.clone(),
        verifiers: by.clone().map(|one| one.verified_by.clone()).collect(),
        approved_at: claims.iat,
        verified_at: by.clone().map(|one| one.verified_at).max(),
        evidence: by.map(|one| one.evidence).collect(),
        kid: approval.kid().clone(),
        domain: approval.domain().clone(),
        by_sign_in: approval.by_sign_in().is_some(),
        by_one_person: part.approver_verified || part.verifiers.contains(&part.approver),
    }
}

/// Whether a person that an approval names is the one of this object id, as far as the name tells.
fn may_be(named: &PersonRef, id: ObjectId) -> bool {
    named.id().is_none_or(|named| named == id)
}

/// Whether an approval is for what was judged and done.
fn check_approval(
    record: &EvidenceRecord,
    part: &SignedPart,
    approval: &Authentic,
) -> Result<(), &'static str> {
    let EvidenceRecord {
        request, judged, ..
    } = record;
    let claims = approval.claims();
    let is_target = match &claims.sub {
        PersonRef::Id(id) => *id == judged.target,
        PersonRef::Upn(upn) => upn.as_ref().to_lowercase() == judged.target_name.to_lowercase(),
    };
    let verifiers_fit = claims.verification.iter().all(|one| {
        let mut known = part.verifiers.iter();
        known.any(|verifier| may_be(&one.verified_by, *verifier))
    });
    let named: BTreeSet<&PersonRef> = claims
        .verification
        .iter()
        .map(|one| &one.verified_by)
        .collect();
    let owner_fits = match (approval.owner(), &claims.act.sub) {
        (Some(PersonRef::Id(owner)), _) => *owner == part.approver,
        (Some(owner @ PersonRef::Upn(_)), approver @ PersonRef::Upn(_)) => {
            owner.to_string().to_lowercase() == approver.to_string().to_lowercase()
        }
        // One is a name, and the other an id: the directory has compared them.
        (Some(PersonRef::Upn(_)), PersonRef::Id(_)) | (None, _) => true,
    };
    let is_under_its_terms = match &part.kept.terms {
        SignaturePolicy::Issuer { .. } => approval.by_sign_in().is_none(),
        SignaturePolicy::SignIn { tenant, .. } => *tenant == request.tenant,
    };
    for (fits, what) in [
        (approval.id() == part.id, "its id"),
        (approval.channel() == request.channel, "the channel"),
        (claims.txn.is_same(&request.ticket), "the ticket"),
        (
            claims.tid.is_none_or(|tid| tid == request.tenant),
            "the tenant",
        ),
        (is_target, "the person"),
        (claims.scope == judged.scope, "the scope"),
        (claims.reason == judged.reason, "the reason"),
        (may_be(&claims.act.sub, part.approver), "the approver"),
        (owner_fits, "the owner of the key"),
        (verifiers_fit, "the verifiers"),
        (
            !part.verifiers.is_empty() && part.verifiers.len() <= named.len(),
            "the verifiers",
        ),
        (
            part.approver != judged.target && !part.verifiers.contains(&judged.target),
            "the person approved or verified their own reset",
        ),
        (is_under_its_terms, "its terms"),
        (
            approval.check(request.received_at).is_ok(),
            "it was not valid when the request arrived",
        ),
    ] {
        if !fits {
            return Err(what);
        }
    }
    Ok(())
}

/// Whether there are as many approvals, by as many people, as the person's tier needs.
fn check_enough(record: &EvidenceRecord, approvals: &[Authentic]) -> Result<(), EvidenceFault> {
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
    for (is_so, what) in [
        (approvals.len() >= 2, "a privileged person needs two"),
        (
            approvers.len() == approvals.len(),
            "one person approved twice",
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
    ] {
        if !is_so {
            return Err(EvidenceFault::NotEnough(what));
        }
    }
    Ok(())
}

fn check_times(record: &EvidenceRecord) -> Result<(), EvidenceFault> {
    let (received, claimed) = (record.request.received_at, record.judged.claimed_at);
    let (finished, listed) = (record.done.finished_at, record.done.listed_at);
    let is_after = |later: Timestamp, earlier| clock::after(later, CLOCK_SKEW) >= earlier;
    for (is_so, what) in [
        (is_after(claimed, received), "claimed before it arrived"),
        (
            is_after(finished, claimed),
            "finished before it was claimed",
        ),
        (
            listed.is_none_or(|listed| is_after(finished, listed) && is_after(listed, claimed)),
            "listed before the claim or after the end",
        ),
    ] {
        if !is_so {
            return Err(EvidenceFault::Times(what));
        }
    }
    Ok(())
}

/// What a reset may remove, beside passkeys.
const REMOVABLE: [&str; 5] = [
    "software_oath",
    "microsoft_authenticator",
    "phone/office",
    "phone/alternate_mobile",
    "phone/mobile",
];

/// Whether what was done is what was approved, of what was there.
fn check_done(judged: &JudgedPart, done: &DonePart) -> Result<(), &'static str> {
    let is_new = |outcome: &StatusWithProof| outcome.status == "appeared";
    let known: Vec<_> = done
        .methods
        .iter()
        .filter(|one| !is_new(&one.outcome))
        .collect();
    let are_the_same = known.len() == judged.methods.len()
        && known
            .iter()
            .zip(&judged.methods)
            .all(|(done, read)| done.method == *read);
    if !are_the_same {
        return Err("the methods are others than before");
    }
    for one in &done.methods {
        let (kind, outcome) = (one.method.kind.as_str(), &one.outcome);
        let wanted_proof = match outcome.status.as_str() {
            "removed" => Some("absent_from_list"),
            "deactivated" => Some("accepted"),
            _ => None,
        };
        if outcome.proof.as_deref() != wanted_proof {
            return Err("a method has no proof, or one of another kind");
        }
        let is_allowed = match outcome.status.as_str() {
            "removed" if kind == "passkey" => judged.scope.remove_passkeys,
            "removed" => REMOVABLE.contains(&kind),
            "deactivated" => kind == "hardware_oath",
            _ => true,
        };
        if !is_allowed {
            return Err("a method was removed that was not approved");
        }
        if outcome.status == "removed" && done.listed_at.is_none() {
            return Err("a method was removed, and no list says so");
        }
    }
    let sessions = done.sessions.status.as_str();
    let sessions_fit = match sessions {
        "revoked" => !judged.scope.keep_sessions,
        "kept_by_scope" => judged.scope.keep_sessions,
        "not_for_guests" => judged.external,
        _ => true,
    };
    let proof = (sessions == "revoked").then_some("accepted");
    if !sessions_fit || done.sessions.proof.as_deref() != proof {
        return Err("the sessions");
    }
    let is_open = |outcome: &StatusWithProof| {
        matches!(outcome.status.as_str(), "failed" | "unknown" | "pending")
    };
    let is_open = is_open(&done.sessions) || done.methods.iter().any(|one| is_open(&one.outcome));
    match done.state.as_str() {
        "completed" if !is_open => Ok(()),
        "completed" => Err("it is completed, and something is left"),
        "needs_human" => Ok(()),
        _ => Err("it is not over"),
    }
}
