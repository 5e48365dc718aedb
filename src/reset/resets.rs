//! Resets as the doors see them: open one, look what it would do, read what came of one, go on with one.

use std::sync::Arc;
use std::time::Duration;

use super::ledger::{LedgerError, VersionedRecord};
use super::record::event::{ApprovalSummary, Parties};
use super::record::news::RequestStatus;
use super::record::outcome::Preview;
use super::record::request::Request;
use super::record::{Record, Stage};
use super::refusal::Refusal;
use super::run::{LEASE_MARGIN, Run};
use super::tenancy::TenantContext;
use crate::approval::{ApprovalError, Authentic};
use crate::clock::{self, Timestamp};
use crate::ids::ResetId;

/// Resets in one tenant. Cheap to clone.
#[derive(Clone)]
pub struct Resets(pub(super) Arc<TenantContext>);

/// What there is to answer, and whether it was there before this request.
#[derive(Debug)]
pub struct Stored {
    /// The answer.
    pub news: RequestStatus,
    /// True if this request changed nothing.
    pub replayed: bool,
}

/// How long an outcome can be read.
const READABLE: Duration = Duration::from_secs(24 * 60 * 60);

/// How soon to look again at something that somebody else has just taken.
const SOON: Duration = Duration::from_secs(5);

impl Resets {
    /// In this tenant.
    pub fn new(tenancy: TenantContext) -> Resets {
        Resets(Arc::new(tenancy))
    }

    /// Does what the request asks, once. Whoever asks the same again gets what is stored. From the moment that a
    /// request is accepted it comes to an end without anybody asking again.
    ///
    /// # Errors
    /// A [`Refusal`] if it could not be accepted. What becomes of a request that was, refusals included, is
    /// [`RequestStatus`].
    pub async fn open(&self, request: Request, until: Timestamp) -> Result<Stored, Refusal> {
        let tenancy = &self.0;
        let lease_until = clock::after(until, LEASE_MARGIN);
        let asker = request.parties(&[]);
        let record = Record::new(ResetId::random(), request, lease_until);
        if let Some(known) = tenancy.ledger.known(&record.request).await? {
            return self.answer_known(known, &asker, until).await;
        }
        // First of all, so that whatever becomes of this process, the record is brought back.
        let after = clock::between(tenancy.clock.now(), lease_until);
        tenancy.queue.schedule(record.id, after).await?;
        match tenancy.ledger.accept(record.clone()).await {
            Ok(held) => {
                let run = self.go_on(held, until).await;
                self.answer(run, &asker, until).await
            }
            // The same delivery twice at once: the other was first, and its answer is ours too.
            Err(LedgerError::Accepted) => {
                let known = tenancy.ledger.known(&record.request).await?;
                let known = known.ok_or(Refusal::Ledger(LedgerError::Leased))?;
                self.answer_known(known, &asker, until).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether there is anything in approvals that are all over: for whoever is on call, where the approval is all that
    /// a sender has to show. An old link must not fill the ledger, nor wake anybody.
    ///
    /// # Errors
    /// [`ApprovalError::Expired`] if each has expired, and nothing was ever done or accepted on one.
    pub async fn is_worth_accepting(
        &self,
        request: &Request,
        approvals: &[Authentic],
    ) -> Result<(), Refusal> {
        let ledger = &self.0.ledger;
        let last = approvals.iter().map(|approval| approval.claims().exp).max();
        let Some(exp) = last.filter(|exp| *exp <= request.received_at) else {
            return Ok(());
        };
        if ledger.known(request).await?.is_some() {
            return Ok(());
        }
        for approval in approvals {
            if ledger.used_by(&approval.id()).await?.is_some() {
                return Ok(());
            }
        }
        Err(ApprovalError::Expired { exp }.into())
    }

    /// What to answer after a run. What is left to do comes back by itself.
    pub(super) async fn answer(
        &self,
        run: Run,
        asker: &Parties,
        until: Timestamp,
    ) -> Result<Stored, Refusal> {
        let record = match run {
            Run::Over(record) => record,
            Run::Later(record, after) => {
                if let Err(error) = self.0.queue.schedule(record.id, after).await {
                    tracing::warn!(%error, "it comes back later than it could");
                }
                record
            }
            Run::Stopped(record, error) => {
                tracing::warn!(%error, reset = %record.id, "stopped; it comes back by itself");
                record
            }
        };
        match record.news() {
            Some(news) => Ok(Stored {
                news,
                replayed: false,
            }),
            None => self.answer_known(record, asker, until).await,
        }
    }

    /// Goes on with a reset that is not finished: the queue has brought its name, and this was found under it.
    ///
    /// # Errors
    /// A [`Refusal`] if the queue has to bring it again.
    pub async fn wake(&self, found: VersionedRecord, until: Timestamp) -> Result<(), Refusal> {
        let tenancy = &self.0;
        let now = tenancy.clock.now();
        let id = found.id;
        let Some(record) = &found.record else {
            return Ok(tenancy.ledger.never_accept(id, now).await?);
        };
        if record.is_finished() {
            return Ok(());
        }
        // Somebody works on it, or it is not worth a try yet: another message was sent for later, too.
        if record.due_at() > now {
            let after = clock::between(now, record.due_at());
            return Ok(tenancy.queue.schedule(id, after).await?);
        }
        let lease_until = clock::after(until, LEASE_MARGIN);
        let held = match tenancy.ledger.take(found, now, lease_until).await {
            Ok(held) => held,
            Err(LedgerError::Leased) => return Ok(tenancy.queue.schedule(id, SOON).await?),
            Err(error) => return Err(error.into()),
        };
        match self.go_on(held, until).await {
            Run::Over(_) => Ok(()),
            Run::Later(_, after) => Ok(tenancy.queue.schedule(id, after).await?),
            // Whoever has taken over brings it to its end; if not, it is looked at again.
            Run::Stopped(_, LedgerError::Leased) => Ok(tenancy.queue.schedule(id, SOON).await?),
            Run::Stopped(_, error) => Err(error.into()),
        }
    }

    /// Says what [`Resets::open`] would do, and does nothing.
    ///
    /// # Errors
    /// The [`Refusal`] that it would meet.
    pub async fn preview(&self, request: Request, until: Timestamp) -> Result<Preview, Refusal> {
        let tenancy = &self.0;
        let approvals = tenancy
            .prover
            .validate_request(&request, &tenancy.doors)
            .await?;
        // What is accepted goes on by itself: there is nothing to look at beforehand any more.
        if tenancy.ledger.known(&request).await?.is_some() {
            return Err(Refusal::Used);
        }
        let (fresh, known) = self.split_off_known(&request, approvals).await?;
        if fresh.is_empty() && known.is_some() {
            return Err(Refusal::Used);
        }
        let parties = request.parties(&fresh);
        let allowed = self
            .decide(ResetId::random(), &request, fresh, until)
            .await?;
        let bounds = allowed.bounds(tenancy);
        tenancy.ledger.room(&allowed.claim, &bounds).await?;
        let counts =
            |mark: &ApprovalSummary| allowed.claim.approvals.iter().any(|a| a.id == mark.id);
        let marks = parties.approvals.iter().filter(|mark| counts(mark));
        let marks = marks.cloned().collect();
        // Who holds an approval learns what the person has: nobody looks unseen.
        let shown = allowed.shown(tenancy.clock.now(), parties);
        tenancy.audit.append(&shown).await?;
        Ok(Preview::of(
            &allowed.claim,
            allowed.tier.privilege().map(ToString::to_string),
            marks,
            allowed.plan,
            allowed.hardware_unknown,
        ))
    }

    /// What is stored about a reset, for whoever holds one of its approvals. Who reads how it ended is written down.
    ///
    /// # Errors
    /// [`Refusal::NoSuchReset`] if there is none, or it is not this approval's, or it is older than a day.
    pub async fn stored(
        &self,
        id: ResetId,
        approval: &Authentic,
        asker: &Parties,
    ) -> Result<RequestStatus, Refusal> {
        let ledger = &self.0.ledger;
        let oldest = clock::before(self.0.clock.now(), READABLE);
        let record = ledger.read(id).await?.ok_or(Refusal::NoSuchReset)?;
        let record = Some(self.first_of(record).await?)
            .filter(|record| record.is_held_by(approval))
            .filter(|record| record.request.received_at >= oldest)
            .filter(|record| record.request.ticket == approval.claims().txn)
            .ok_or(Refusal::NoSuchReset)?;
        // A token that came with the others and was passed over has no part in the claim.
        if let Stage::Claimed(reset) = &record.stage
            && !record.came_with(approval)
            && !super::run::known::is_about(reset, approval, &record.request.ticket)
        {
            return Err(Refusal::NoSuchReset);
        }
        if record.is_over() {
            self.write_down_replay(&record, asker).await;
        }
        record.news().ok_or(Refusal::NoSuchReset)
    }
}
