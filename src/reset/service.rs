//! Resets, as the channels see them: submit a request, preview it, read its status, run it when the queue says so, refuse
//! it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::executor::claim::{KnownBefore, Proofs};
use super::executor::context::{Caller, Deployment};
use super::executor::look_ahead::Answers;
use super::executor::outlook::Unapproved;
use super::executor::replay::Answered;
use super::executor::throttle::{Misuse, NotificationThrottle, PreviewThrottle};
use super::executor::validate::Presented;
use super::ledger::{
    Acceptance, ApprovalUse, Block, Record, Stage, SwitchError, SwitchedTo, Use, is_about,
};
use super::model::{
    ApprovalSummary, Event, Freeze, FreezeChange, LedgerError, Parties, Preview, Privilege,
    Request, RequestStatus,
};
use super::refusal::Refusal;
use super::rules::guardrails::{DAY, verifier_count};
use crate::approval::sign_in::DeskRole;
use crate::approval::{ApprovalError, Authentic, TokenId};
use crate::clock::{self, Timestamp};
use crate::ids::{Label, ObjectId, Reference, ResetId, TenantId};

/// The resets of the deployment. Cheap to clone.
#[derive(Clone)]
pub struct Resets {
    deployment: Arc<Deployment>,
    throttle: Arc<NotificationThrottle>,
    previews: Arc<PreviewThrottle>,
}

/// A request as it was submitted, with what is known of it.
pub struct Submission {
    pub request: Request,
    pub parties: Parties,
    /// The approvals that are authentic already, on call.
    pub approvals: Vec<Authentic>,
    /// When the answer must be there.
    pub until: Timestamp,
}

/// Why a request was not accepted.
enum NotAccepted {
    /// The same delivery was accepted meanwhile.
    Duplicate,
    Refused(Refusal),
}

impl<E: Into<Refusal>> From<E> for NotAccepted {
    fn from(error: E) -> NotAccepted {
        NotAccepted::Refused(error.into())
    }
}

/// How long an outcome can be read.
const READABLE: Duration = Duration::from_secs(24 * 60 * 60);

/// On call, expired approvals are accepted only if something was done on one of them: an old link must not fill the
/// ledger, nor notify anyone.
fn reject_if_expired_unused(
    request: &Request,
    approvals: &[Authentic],
    uses: &[ApprovalUse],
) -> Result<(), Refusal> {
    let last = approvals.iter().map(|approval| approval.claims().exp).max();
    match last.filter(|exp| *exp <= request.received_at) {
        Some(exp) if uses.iter().all(Option::is_none) => Err(ApprovalError::Expired { exp }.into()),
        _ => Ok(()),
    }
}

impl Resets {
    pub fn new(deployment: Deployment) -> Resets {
        Resets {
            deployment: Arc::new(deployment),
            throttle: Arc::default(),
            previews: Arc::default(),
        }
    }

    /// Authenticates the approvals that an operator on call presents.
    pub async fn authenticate_on_call(&self, tokens: &[String]) -> Presented {
        let Deployment {
            validator,
            channels,
            ..
        } = &*self.deployment;
        validator
            .authenticate_all(tokens, &channels.on_call.issuers)
            .await
    }

    /// Authenticates one approval of any issuer.
    pub async fn authenticate_any(&self, token: String) -> Presented {
        let validator = &self.deployment.validator;
        let issuers: Vec<Label> = validator.issuers.keys().cloned().collect();
        validator.authenticate_all(&[token], &issuers).await
    }

    /// The tenant that on-call approvals are for.
    ///
    /// # Errors
    /// [`Refusal::OtherTenant`] if this deployment does not serve it, or they do not say which of several.
    pub fn tenant(&self, approvals: &[Authentic]) -> Result<TenantId, Refusal> {
        let tid = approvals.first().and_then(|one| one.claims().tid);
        self.deployment.channels.tenant(tid)
    }

    /// Does what the request asks, once. The same request again gets what is stored. From the moment that a request is
    /// accepted it comes to an end without a further request.
    ///
    /// # Errors
    /// A [`Refusal`] if it is not accepted. The refusal of an accepted request is its status.
    pub async fn submit(&self, submission: Submission) -> Result<Answered, Refusal> {
        let Submission {
            request,
            parties,
            approvals,
            until,
        } = submission;
        let deployment = &*self.deployment;
        let ledger = &deployment.ledger;
        let run = deployment.run_in(request.tenant, until, Caller::Waits)?;
        // Nothing is fetched and Graph is not asked before it is known that the delivery is new.
        let presented = deployment
            .validator
            .validate_with_known_keys(&request, &deployment.channels)
            .await;
        let mut ids = presented.ids();
        if ids.is_empty() {
            ids = approvals.iter().map(Authentic::id).collect();
        }
        let (mut previous, uses) = ledger.look_up(&request, &ids).await?;
        if let Some(record) = previous.take_answer() {
            return deployment.replay(record, &parties, until).await;
        }
        reject_if_expired_unused(&request, &approvals, &uses)?;
        let proofs = (!presented.lacks_keys()).then(|| Proofs::new(presented, uses));
        let lease_until = run.lease_until();
        let id = ResetId::random();
        let record = Record::new(id, request, parties.clone(), lease_until);
        let accept = async {
            // The next run is scheduled first, so that there is one even if this process dies.
            run.schedule(id, clock::between(run.now(), lease_until))
                .await?;
            match ledger.accept(record.clone(), &previous).await? {
                Acceptance::Accepted(lease) => Ok(lease),
                Acceptance::Duplicate => Err(NotAccepted::Duplicate),
            }
        };
        // It never fails, so it cannot end the acceptance; without an acceptance it is not needed.
        let look_ahead = async {
            let at = record.request.received_at;
            Ok(match proofs.as_ref().and_then(|proofs| proofs.unused(at)) {
                Some(unused) => run.look_ahead(&record.request, unused).await,
                None => Answers::default(),
            })
        };
        let (lease, answers) = match tokio::try_join!(accept, look_ahead) {
            Ok(accepted) => accepted,
            Err(NotAccepted::Refused(refusal)) => return Err(refusal),
            Err(NotAccepted::Duplicate) => {
                // The same delivery came twice at once. Unless the other one is refused already, its answer is this one's.
                (previous, _) = ledger.look_up(&record.request, &[]).await?;
                if let Some(first) = previous.take_answer() {
                    return deployment.replay(first, &parties, until).await;
                }
                let Acceptance::Accepted(lease) = ledger.accept(record, &previous).await? else {
                    return Err(LedgerError::Unavailable(
                        "the request is being accepted by another run".to_owned(),
                    )
                    .into());
                };
                (lease, Answers::default())
            }
        };
        let end = run.run(lease, KnownBefore { proofs, answers }).await;
        deployment.answer(end, &parties, until).await
    }

    /// Goes on with a record whose id the queue has brought.
    ///
    /// # Errors
    /// A [`Refusal`] if the queue has to bring it again.
    pub async fn wake(&self, id: ResetId, until: Timestamp) -> Result<(), Refusal> {
        let Deployment { ledger, clock, .. } = &*self.deployment;
        let found = ledger.find(id).await?;
        match &found.record {
            Some(record) => {
                let tenant = record.request.tenant;
                let run = self.deployment.run_in(tenant, until, Caller::None)?;
                run.wake(found).await
            }
            None => match ledger.block_acceptance(id, clock.now()).await? {
                Block::Blocked => Ok(()),
                Block::AlreadyAccepted => {
                    let accepted =
                        LedgerError::Unavailable("the request was accepted meanwhile".to_owned());
                    Err(accepted.into())
                }
            },
        }
    }

    /// Says what [`Resets::submit`] would do, and does nothing.
    ///
    /// # Errors
    /// The [`Refusal`] that it would meet.
    pub async fn preview(&self, submission: &Submission) -> Result<Preview, Refusal> {
        let deployment = &self.deployment;
        let request = &submission.request;
        let run = deployment.run_in(request.tenant, submission.until, Caller::Waits)?;
        let presented = deployment
            .validator
            .validate(request, &deployment.channels)
            .await;
        presented.reject_if_any_failed()?;
        let ids = presented.ids();
        if !self.previews.allows(&ids, deployment.clock.now()) {
            return Err(Refusal::TooManyPreviews);
        }
        let (previous, uses) = deployment.ledger.look_up(request, &ids).await?;
        // What is accepted goes on by itself: there is nothing to preview any more.
        if previous.record.is_some() {
            return Err(Refusal::ApprovalUsed);
        }
        let proofs = Proofs::new(presented, uses);
        let answers = match proofs.unused(request.received_at) {
            Some(unused) => run.look_ahead(request, unused).await,
            None => Answers::default(),
        };
        let (unused, used) = run.split_off_used(request, proofs).await?;
        if unused.is_empty() && used.is_some() {
            return Err(Refusal::ApprovalUsed);
        }
        let mut parties = submission.parties.clone();
        parties.name(&unused);
        let mut planned = run
            .plan_reset(ResetId::random(), request, unused, answers)
            .await?;
        planned.reject_obstacle()?;
        let counts = |summary: &&ApprovalSummary| {
            let mut counted = planned.claim.approvals.iter();
            counted.any(|approval| approval.id == summary.id)
        };
        let counted = parties.approvals.iter().filter(counts).cloned().collect();
        // The holder of an approval learns what the person has registered: each preview is written down.
        let previewed = planned.previewed(run.now(), parties);
        deployment.audit.append(&previewed).await?;
        Ok(planned.preview(counted))
    }

    /// The stored status of a request that was submitted before. Starts and resumes nothing. `None` if nothing is stored
    /// that answers it.
    ///
    /// # Errors
    /// A [`Refusal`] if the ledger does not answer.
    pub async fn stored(&self, request: &Request) -> Result<Option<RequestStatus>, Refusal> {
        let deployment = &self.deployment;
        let (mut previous, _) = deployment.ledger.look_up(request, &[]).await?;
        match previous.take_answer() {
            Some(record) => Ok(deployment.follow_repetition(record).await?.status()),
            None => Ok(None),
        }
    }

    /// Whether a request was accepted before, whatever came of it.
    ///
    /// # Errors
    /// A [`Refusal`] if the ledger does not answer.
    pub async fn was_accepted(&self, request: &Request) -> Result<bool, Refusal> {
        let (previous, _) = self.deployment.ledger.look_up(request, &[]).await?;
        Ok(previous.is_any())
    }

    /// Rejects the approvals of this name. False if a reset has begun on one of them: that one goes on.
    ///
    /// # Errors
    /// [`LedgerError`] if it is not known to be rejected.
    pub async fn reject(&self, approval: &TokenId) -> Result<bool, LedgerError> {
        let now = self.deployment.clock.now();
        let found = self.deployment.ledger.reject(approval, now).await?;
        Ok(found == Use::Rejected)
    }

    /// Authenticates an approval that was signed at the desk, with the keys that Entra has now.
    ///
    /// # Errors
    /// The [`Refusal`] that it would meet.
    pub async fn authenticate_at_desk(&self, reference: &Reference) -> Result<(), Refusal> {
        let validator = &self.deployment.validator;
        let names = validator.desk.iter().map(|desk| desk.name.clone());
        let names: Vec<Label> = names.collect();
        let tokens = [reference.to_string()];
        let presented = validator.authenticate_all(&tokens, &names).await;
        presented.reject_if_any_failed()
    }

    /// What makes this person privileged, if anything does, as the directory has it now.
    ///
    /// # Errors
    /// A [`Refusal`] that every reset of this person on one approval would meet.
    pub async fn privilege_of(
        &self,
        tenant: TenantId,
        target: ObjectId,
        until: Timestamp,
    ) -> Result<Option<Privilege>, Refusal> {
        let run = self.deployment.run_in(tenant, until, Caller::Waits)?;
        Ok(run.tier_of(target).await?.privilege().cloned())
    }

    /// Of the roles that a token gives a person at the desk, those that they have now.
    ///
    /// # Errors
    /// [`Refusal::SignerJustReset`], or an outage.
    pub async fn desk_roles(
        &self,
        tenant: TenantId,
        person: ObjectId,
        given: &BTreeSet<DeskRole>,
        until: Timestamp,
    ) -> Result<BTreeSet<DeskRole>, Refusal> {
        let run = self.deployment.run_in(tenant, until, Caller::Waits)?;
        run.desk_roles(person, given).await
    }

    /// What a reset of this person would do, before it is approved.
    ///
    /// # Errors
    /// A [`Refusal`] that every approval would meet.
    pub async fn outlook(
        &self,
        tenant: TenantId,
        unapproved: &Unapproved<'_>,
        until: Timestamp,
    ) -> Result<Preview, Refusal> {
        let run = self.deployment.run_in(tenant, until, Caller::Waits)?;
        run.outlook(unapproved).await
    }

    /// How many resets were begun within a day on the word of this verifier.
    ///
    /// # Errors
    /// [`LedgerError`] if that cannot be read.
    pub async fn verified_within_a_day(
        &self,
        tenant: TenantId,
        verifier: ObjectId,
    ) -> Result<usize, LedgerError> {
        let deployment = &self.deployment;
        let since = clock::before(deployment.clock.now(), DAY);
        let name = verifier_count(tenant, verifier);
        deployment.ledger.counted(&name, since).await
    }

    /// The stored status of a reset, for the holder of one of its approvals. That the end was read is written down.
    ///
    /// # Errors
    /// [`Refusal::NoSuchReset`] if there is none, or it is not this approval's, or it is older than a day.
    pub async fn status(
        &self,
        id: ResetId,
        approval: &Authentic,
        caller: &Parties,
    ) -> Result<RequestStatus, Refusal> {
        let deployment = &self.deployment;
        let oldest = clock::before(deployment.clock.now(), READABLE);
        let record = deployment.ledger.read(id).await?;
        let record = deployment
            .follow_repetition(record.ok_or(Refusal::NoSuchReset)?)
            .await?;
        let is_readable = record.is_held_by(approval)
            && record.request.received_at >= oldest
            && record.request.ticket.is_same(&approval.claims().txn);
        // A token that came with the others and was passed over has no part in the claim.
        let has_no_part = match &record.stage {
            Stage::Claimed(reset) => {
                !record.came_with(approval) && !is_about(reset, approval, &record.request.ticket)
            }
            Stage::Waiting(_) | Stage::Refused(_) | Stage::Repeats(_) => false,
        };
        if !is_readable || has_no_part {
            return Err(Refusal::NoSuchReset);
        }
        if record.is_over() {
            deployment.append_replay(&record, caller).await;
        }
        record.status().ok_or(Refusal::NoSuchReset)
    }

    /// The freeze switch; `None` if it was never set.
    ///
    /// # Errors
    /// [`LedgerError`], which must never be taken for off.
    pub async fn freeze_switch(&self) -> Result<Option<Freeze>, LedgerError> {
        self.deployment.ledger.freeze_switch().await
    }

    /// Freezes or thaws resets for an operator.
    ///
    /// # Errors
    /// [`SwitchError`] if the change is not known to be made.
    pub async fn change_freeze(&self, change: &FreezeChange) -> Result<SwitchedTo, SwitchError> {
        let now = self.deployment.clock.now();
        self.deployment.ledger.change_freeze(change, now).await
    }

    /// Writes down the refusal of a request that was not accepted, and notifies the security team where the table of
    /// refusals says so. A failure of either changes nothing: it is refused all the same.
    pub async fn refuse(&self, refusal: &Refusal, parties: &Parties) {
        let deployment = &self.deployment;
        let (code, why, now) = (refusal.code(), refusal.to_string(), deployment.clock.now());
        parties.log(code.as_str(), &why);
        let event = Event::Refused {
            at: now,
            reset: None,
            code: code.as_str().to_owned(),
            gave_up: false,
            why,
            parties: parties.clone(),
        };
        if let Err(error) = deployment.audit.append(&event).await {
            tracing::error!(%error, code = code.as_str(), "a refusal could not be written into the audit trail");
        }
        let misuse = Misuse::of(code, parties);
        let is_known = misuse
            .as_ref()
            .is_some_and(|misuse| self.throttle.knows(misuse, now));
        if is_known || !refusal.tells_security(parties.good_until(), now) {
            return;
        }
        match (deployment.security.notify(&event).await, misuse) {
            (Ok(()), Some(misuse)) => self.throttle.record(misuse, now),
            (Ok(()), None) => {}
            (Err(error), _) => {
                let code = code.as_str();
                tracing::info!(event = "notice", state = "failed", code);
                tracing::error!(%error, code, "the security team could not be notified of a refusal");
            }
        }
    }
}
