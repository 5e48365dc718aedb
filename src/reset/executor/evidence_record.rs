//! The evidence record of a reset that is over, and where it is kept. What was kept for it at the claim decides nothing.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::Run;
use crate::approval::{Approval, KeptApproval};
use crate::evidence_record::{
    ApprovalsPart, DonePart, End, Ended, EvidenceRecord, JudgedPart, KeptText, MethodDone,
    MethodRead, Proof, RequestPart, Signatures, SignedPart, StatusWithProof,
};
use crate::ids::{Digest, Reference};
use crate::reset::ledger::{Record, Stage};
use crate::reset::machine::Reset;
use crate::reset::model::{
    Claim, ClaimedApproval, Event, KeptJudgement, Method, MethodKind, MethodStatus, Outcome,
    PhoneType, SessionStatus, State,
};
use crate::reset::ports::{EvidenceRecordError, Kept};
use crate::reset::refusal::Refusal;
use crate::reset::rules::privilege::Tier;

/// How long after the end of a reset its evidence record is tried: an outage may last for a weekend.
pub const EVIDENCE_WINDOW: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// The pause between two tries after the first two hours.
pub const PATIENT: Duration = Duration::from_secs(15 * 60);

impl Run<'_> {
    /// What is kept of a judgement; `None` without a bucket.
    ///
    /// # Errors
    /// [`Refusal::Misconfigured`] if there is a bucket, and a record for it could not be made later.
    pub fn kept_judgement(
        &self,
        tier: &Tier,
        approvals: &[Approval],
    ) -> Result<Option<Box<KeptJudgement>>, Refusal> {
        let Some(keeping) = &self.deployment.evidence else {
            return Ok(None);
        };
        let kept = approvals.iter().map(|approval| self.kept(approval));
        let approvals = kept.collect::<Option<_>>().ok_or(Refusal::Misconfigured {
            what: "the policy has no issuer, or no desk, for an approval, so no evidence of it can be kept",
        })?;
        Ok(Some(Box::new(KeptJudgement {
            policy_sha256: keeping.policy_sha256.clone(),
            tier: tier.to_string(),
            approvals,
        })))
    }

    fn kept(&self, approval: &Approval) -> Option<KeptApproval> {
        let validator = &self.deployment.validator;
        if approval.by_sign_in().is_some() {
            let desk = validator.desk.as_ref()?;
            let keys = &desk.issuer.keys;
            return Some(KeptApproval::of_sign_in(&desk.policy, keys, approval));
        }
        let mut issuers = validator.issuers.iter();
        let (name, issuer) = issuers.find(|(_, issuer)| issuer.iss == approval.claims().iss)?;
        Some(KeptApproval::of_token(name, issuer, approval))
    }

    /// Keeps the evidence record, and writes its digest into the audit trail.
    ///
    /// # Errors
    /// [`EvidenceRecordError`] if one of the two is not known to be done.
    pub async fn keep_evidence(&self, record: &Record) -> Result<(), EvidenceRecordError> {
        let keeping = self.deployment.evidence.as_ref();
        let keeping = keeping.ok_or_else(|| failed("there is no bucket"))?;
        let (name, document) = self.evidence_document(record).await?;
        let kept = keeping.store.keep(&name, &document).await?;
        self.append_evidence(record, name, &document, Some(kept))
            .await
    }

    /// Writes into the audit trail that an evidence record was given up.
    pub async fn append_lost_evidence(&self, record: &Record) {
        let appended = match self.evidence_document(record).await {
            Ok((name, document)) => self.append_evidence(record, name, &document, None).await,
            Err(error) => Err(error),
        };
        if let Err(error) = appended {
            tracing::error!(%error, reset = %record.id, "a lost evidence record is not in the audit trail");
        }
    }

    async fn append_evidence(
        &self,
        record: &Record,
        object: String,
        document: &str,
        kept: Option<Kept>,
    ) -> Result<(), EvidenceRecordError> {
        let event = Event::Evidence {
            at: self.now(),
            reset: record.id,
            ticket: record.request.ticket.clone(),
            object,
            sha256: Digest::of(document.as_bytes()),
            kept: kept.is_some(),
            was_there: kept == Some(Kept::WasThere),
        };
        let appended = self.deployment.audit.append(&event).await;
        appended.map_err(|error| EvidenceRecordError(error.to_string()))
    }

    /// The name and the text of the document: the same each time, since what it is made of does not change any more.
    async fn evidence_document(
        &self,
        record: &Record,
    ) -> Result<(String, String), EvidenceRecordError> {
        let evidence = self.evidence_record(record).await?;
        let text = evidence
            .text()
            .map_err(|_| failed("it cannot be written"))?;
        Ok((evidence.object_name(), text))
    }

    async fn evidence_record(
        &self,
        record: &Record,
    ) -> Result<EvidenceRecord, EvidenceRecordError> {
        let Stage::Claimed(reset) = &record.stage else {
            return Err(failed("nothing was claimed"));
        };
        let (claim, request) = (reset.claim(), &record.request);
        let kept = claim.kept.as_ref();
        let kept = kept.ok_or_else(|| failed("nothing was kept at the claim"))?;
        let mut approvals = Vec::new();
        for (claimed, kept) in claim.approvals.iter().zip(&kept.approvals) {
            approvals.push(self.signed_part(record, claimed, kept).await?);
        }
        Ok(EvidenceRecord {
            request: RequestPart {
                reset: record.id,
                tenant: request.tenant,
                channel: request.channel,
                source: request.source.clone(),
                ticket: request.ticket.clone(),
                received_at: request.received_at,
                address: request.origin.address.clone(),
                agent: request.origin.agent.clone(),
            },
            approvals: ApprovalsPart {
                reset: record.id,
                approvals,
            },
            judged: judged(claim, kept, reset)?,
            done: done(reset)?,
        })
    }

    /// An approval with what was signed, from the request or from the desk.
    async fn signed_part(
        &self,
        record: &Record,
        claimed: &ClaimedApproval,
        kept: &KeptApproval,
    ) -> Result<SignedPart, EvidenceRecordError> {
        let mut tokens = record.request.tokens.iter();
        let presented = tokens.find(|token| Digest::of(token.as_bytes()) == kept.compact_sha256);
        let presented = presented.ok_or_else(|| failed("an approval is not in the request"))?;
        let signed = match Reference::read(presented) {
            None => Signatures::Token {
                token: presented.clone(),
            },
            Some(reference) => self.signed_at_desk(&reference).await?,
        };
        Ok(SignedPart {
            id: claimed.id.clone(),
            approver: claimed.approver,
            verifiers: claimed.verifiers.clone(),
            approver_verified: claimed.verifying().contains(&claimed.approving()),
            signed,
            kept: kept.clone(),
        })
    }

    async fn signed_at_desk(
        &self,
        reference: &Reference,
    ) -> Result<Signatures, EvidenceRecordError> {
        use secrecy::ExposeSecret as _;
        let desk = self.deployment.validator.desk.as_ref();
        let desk = desk.ok_or_else(|| failed("the policy has no desk any more"))?;
        let found = desk.signed.find(reference).await;
        let found = found.map_err(|error| EvidenceRecordError(error.to_string()))?;
        let found = found.ok_or_else(|| failed("what was signed at the desk is not there"))?;
        let text = |signed: crate::approval::sign_in::SignedDraft| KeptText {
            token: signed.token.expose_secret().to_owned(),
            draft: signed.draft,
        };
        Ok(Signatures::Desk {
            reference: reference.to_string(),
            approval: text(found.approval),
            verification: text(found.verification),
        })
    }
}

fn failed(why: &str) -> EvidenceRecordError {
    EvidenceRecordError(why.to_owned())
}

fn judged(
    claim: &Claim,
    kept: &KeptJudgement,
    reset: &Reset,
) -> Result<JudgedPart, EvidenceRecordError> {
    Ok(JudgedPart {
        reset: claim.id,
        policy_sha256: kept.policy_sha256.clone(),
        claimed_at: claim.claimed_at,
        target: claim.target,
        target_name: claim.upn.clone(),
        display_name: claim.display_name.clone(),
        external: claim.external,
        tier: kept.tier.clone(),
        scope: claim.scope,
        reason: claim.reason,
        methods: reset
            .methods()
            .map(|(method, _)| read(method))
            .collect::<Result<_, _>>()?,
    })
}

fn done(reset: &Reset) -> Result<DonePart, EvidenceRecordError> {
    let outcome = Outcome::from(reset);
    let finished_at = outcome
        .finished_at
        .ok_or_else(|| failed("it is not over"))?;
    let methods = outcome.methods.iter().map(|one| {
        let proof = match one.status {
            // Only while every list says so.
            MethodStatus::Removed => Some(Proof::AbsentFromList),
            MethodStatus::Deactivated => Some(Proof::Accepted),
            _ => None,
        };
        Ok(MethodDone {
            method: read(&one.method)?,
            outcome: standing(&one.status, proof)?,
        })
    });
    let revoked = (outcome.sessions == SessionStatus::Revoked).then_some(Proof::Accepted);
    Ok(DonePart {
        reset: outcome.reset,
        state: match outcome.state {
            State::Completed => End::Completed,
            State::NeedsHuman => End::NeedsHuman,
            State::Waiting | State::Running | State::Refused => {
                return Err(failed("it is not over"));
            }
        },
        finished_at,
        sessions: standing(&outcome.sessions, revoked)?,
        methods: methods.collect::<Result<_, EvidenceRecordError>>()?,
        listed_at: reset.listed_at(),
        can_register: in_words_of_evidence(&outcome.can_register)?,
        warnings: in_words_of_evidence(&outcome.warnings)?,
        ended_because: outcome.ended_because.map(|text| Ended {
            code: text.code,
            detail: text.detail,
        }),
    })
}

fn read(method: &Method) -> Result<MethodRead, EvidenceRecordError> {
    let kind = match &method.kind {
        MethodKind::Phone(PhoneType::Mobile) => "phone/mobile".to_owned(),
        MethodKind::Phone(PhoneType::AlternateMobile) => "phone/alternate_mobile".to_owned(),
        MethodKind::Phone(PhoneType::Office) => "phone/office".to_owned(),
        MethodKind::Unknown(kind) => format!("unknown/{kind}"),
        other => in_words_of_evidence(other)?,
    };
    Ok(MethodRead {
        id: method.id.to_string(),
        kind,
        label: method.label.clone(),
        created: method.created,
    })
}

/// The same word in the evidence record: as it is in the audit trail.
fn in_words_of_evidence<T: DeserializeOwned>(
    value: &impl Serialize,
) -> Result<T, EvidenceRecordError> {
    serde_json::to_value(value)
        .and_then(serde_json::from_value)
        .map_err(|_| failed("it says something for which the record has no word"))
}

fn standing<Status: DeserializeOwned>(
    status: &impl Serialize,
    proof: Option<Proof>,
) -> Result<StatusWithProof<Status>, EvidenceRecordError> {
    Ok(StatusWithProof {
        proof,
        ..in_words_of_evidence(status)?
    })
}

#[cfg(test)]
mod tests {
    use strum::VariantNames as _;

    use crate::evidence_record::{Remark, Why};
    use crate::reset::model::{Failure, KeepReason, Warning};

    #[test]
    fn the_record_has_a_word_for_each_warning_and_each_reason() {
        assert_eq!(Remark::VARIANTS, Warning::VARIANTS);
        let reasons = [KeepReason::VARIANTS, Failure::VARIANTS].concat();
        assert_eq!(Why::VARIANTS, reasons);
    }
}
