//! The verification of a record, from its own bytes alone.

use std::collections::BTreeSet;
use std::time::Duration;

use super::accounts::Accounts;
use super::document::{EvidenceRecord, KeptText, Signatures, SignedPart};
use super::fault::EvidenceFault;
use super::{enough, removals};
use crate::approval::sign_in::{Draft, SignIn, SignedApproval, SignedDraft};
use crate::approval::{Authentic, ContactEnds, Evidence, KeptFault, SignaturePolicy, Verification};
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
    /// The target, by the name that stands in what was signed.
    pub target: String,
    pub approver: Signer,
    pub approved_at: Timestamp,
    /// How the person was verified, each with who did it.
    pub verifications: Vec<VerifiedBy>,
    /// What the contacts of record end in that were used, where that was signed.
    pub contacts: ContactEnds,
    pub kid: Kid,
    pub domain: Label,
    /// Whether two people signed in to Entra for it; otherwise a key of an issuer signed, and names the verifier.
    pub by_sign_in: bool,
    /// Whether the approver verified the person, too.
    pub by_one_person: bool,
    /// Whether the approver verified the person in another approval of the record.
    pub verified_in_another: bool,
    /// If a passkey signed.
    pub passkey: Option<SigningPasskey>,
}

/// A person whom an approval names.
#[derive(Debug)]
pub struct Signer {
    /// As the approval writes them.
    pub named: PersonRef,
    /// Their object id, by the directory; `None` if the record leaves open which of several it is.
    pub account: Option<ObjectId>,
    /// At the desk: the display name and the user name that Entra signed.
    pub at_entra: Vec<String>,
}

/// One verification of the person.
#[derive(Debug)]
pub struct VerifiedBy {
    pub verifier: Signer,
    pub at: Timestamp,
    pub evidence: Evidence,
    /// What the verifier's records call it.
    pub reference: Option<String>,
}

/// The passkey that signed.
#[derive(Debug)]
pub struct SigningPasskey {
    /// As `reregister check` prints it for its line in the policy.
    pub check_number: String,
    /// Whether it stays on one device, as far as the authenticator says.
    pub stays_on_device: bool,
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
    let mut sign_ins = Vec::new();
    let mut authentic = Vec::new();
    for (index, part) in record.approvals.approvals.iter().enumerate() {
        let nth = index + 1;
        let (approval, signed_in) =
            authenticate(part).map_err(|fault| EvidenceFault::Approval { nth, fault })?;
        check_approval(&record, part, &approval)
            .map_err(|what| EvidenceFault::Mismatch { nth, what })?;
        sign_ins.push(signed_in);
        authentic.push(approval);
    }
    let accounts = Accounts::of(&record, &authentic).ok_or(EvidenceFault::Accounts)?;
    enough::check(&record, &authentic)?;
    check_times(&record)?;
    removals::check(&record.judged, &record.done).map_err(EvidenceFault::Done)?;
    let parts = record.approvals.approvals.iter();
    let approvals = parts.zip(&authentic).zip(&sign_ins);
    Ok(Verified {
        sha256: Digest::of(bytes),
        approvals: approvals
            .map(|((part, approval), sign_ins)| {
                let parts = &record.approvals.approvals;
                verified(part, parts, approval, sign_ins, &accounts)
            })
            .collect(),
        record,
    })
}

/// The approval, and at the desk the approver's sign-in and the verifier's.
fn authenticate(part: &SignedPart) -> Result<(Authentic, Vec<SignIn>), KeptFault> {
    match &part.signed {
        Signatures::Token { token } => Ok((part.kept.verify_token(token)?, Vec::new())),
        Signatures::Desk {
            reference,
            approval,
            verification,
        } => {
            let reference = Reference::read(reference).ok_or(KeptFault::OtherCompact)?;
            let signed = |kept: &KeptText| SignedDraft {
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

fn verified(
    part: &SignedPart,
    parts: &[SignedPart],
    approval: &Authentic,
    sign_ins: &[SignIn],
    accounts: &Accounts,
) -> VerifiedApproval {
    let claims = approval.claims();
    let signer = |named: &PersonRef, sign_in: Option<&SignIn>| Signer {
        named: named.clone(),
        account: accounts.of_person(named),
        at_entra: sign_in
            .map(|one| one.name.iter().chain(&one.user_name).cloned().collect())
            .unwrap_or_default(),
    };
    let verified_by = |one: &Verification| VerifiedBy {
        verifier: signer(&one.verified_by, sign_ins.get(1)),
        at: one.verified_at,
        evidence: one.evidence,
        reference: one.reference.clone(),
    };
    let drafted = match &part.signed {
        Signatures::Desk { approval, .. } => Draft::read(&approval.draft).ok(),
        Signatures::Token { .. } => None,
    };
    let signed_in = approval.by_sign_in();
    VerifiedApproval {
        target: drafted.map_or(claims.sub.to_string(), |draft| draft.about.target_name),
        approver: signer(&claims.act.sub, sign_ins.first()),
        approved_at: claims.iat,
        verifications: claims.verification.iter().map(verified_by).collect(),
        contacts: signed_in.map(|one| one.contacts).unwrap_or_default(),
        kid: approval.kid().clone(),
        domain: approval.domain().clone(),
        by_sign_in: signed_in.is_some(),
        by_one_person: part.approver_verified || part.verifiers.contains(&part.approver),
        verified_in_another: parts
            .iter()
            .any(|other| other.id != part.id && other.verifiers.contains(&part.approver)),
        passkey: approval.passkey().and_then(|passkey| {
            Some(SigningPasskey {
                check_number: part.kept.check_number()?,
                stays_on_device: passkey.stays_on_device,
            })
        }),
    }
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
    let verified_by = claims.verification.iter().map(|one| &one.verified_by);
    let named: BTreeSet<String> = verified_by
        .map(|one| one.to_string().to_lowercase())
        .collect();
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
        (claims.scope == judged.scope, "the scope"),
        (claims.reason == judged.reason, "the reason"),
        (
            (1..=named.len()).contains(&part.verifiers.len()),
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
