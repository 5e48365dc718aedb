//! What the ledger keeps of one request, from its acceptance to its end.

use serde::{Deserialize, Serialize};

use crate::approval::{Authentic, longest_use};
use crate::clock::{self, Timestamp};
use crate::ids::{Digest, ResetId, TicketKey};
use crate::reset::machine::{self, Reset};
use crate::reset::model::{
    ClaimedApproval, Code, Event, Outcome, Parties, RecordedRefusal, RefusalText, Request,
    RequestStatus, State,
};
use crate::reset::rules::retry::RETRY_WINDOW;

/// One request, and how far it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    pub id: ResetId,
    pub request: Request,
    /// Who is involved: the approvals are named once they are authentic.
    pub parties: Parties,
    /// Until when other runs leave it to the run that has the lease.
    pub lease_until: Timestamp,
    /// When it is worth another try. A sender that repeats it sooner does not cause an earlier one.
    pub retry_at: Timestamp,
    /// How many runs there were.
    pub runs: u32,
    pub stage: Stage,
    pub duties: Duties,
}

/// How far a request is. Once it is claimed, refused or a repetition, it stays that.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Accepted. Nothing is claimed and nothing changed; why it has not gone on, if it was tried.
    Waiting(Option<RefusalText>),
    /// Claimed: running, or over.
    Claimed(#[serde(with = "machine::stored")] Reset),
    /// Refused; nothing was claimed or changed.
    Refused(RecordedRefusal),
    /// Another request with the same approvals was first: what came of that one is the answer.
    Repeats(ResetId),
}

/// What has to be notified of the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duties {
    pub trail: Duty,
    pub notice: Duty,
    pub note: Duty,
    /// The evidence record. Earlier versions do not know it.
    #[serde(default, skip_serializing_if = "Duty::is_none")]
    pub evidence: Duty,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// There is no recipient, or no end yet.
    #[default]
    None,
    /// Not notified yet.
    Owed,
    Done,
    /// It cannot be notified.
    GivenUp,
}

impl Duty {
    fn is_none(&self) -> bool {
        *self == Duty::None
    }
}

impl Duties {
    pub fn any_owed(self) -> bool {
        [self.trail, self.notice, self.note, self.evidence].contains(&Duty::Owed)
    }
}

impl Record {
    pub fn new(id: ResetId, request: Request, parties: Parties, lease_until: Timestamp) -> Record {
        Record {
            id,
            parties,
            retry_at: request.received_at,
            request,
            lease_until,
            runs: 1,
            stage: Stage::Waiting(None),
            duties: Duties::default(),
        }
    }

    pub fn state(&self) -> State {
        match &self.stage {
            Stage::Waiting(_) => State::Waiting,
            Stage::Claimed(reset) => reset.state(),
            Stage::Refused(refusal) => refusal.state(),
            Stage::Repeats(_) => State::Refused,
        }
    }

    /// Whether it has come to its end.
    pub fn is_over(&self) -> bool {
        !matches!(self.state(), State::Waiting | State::Running)
    }

    /// Whether nothing is left to do or to notify.
    pub fn is_finished(&self) -> bool {
        self.is_over() && !self.duties.any_owed()
    }

    /// When the next run may take it: no run has the lease, and what was in the way may have passed.
    pub fn due_at(&self) -> Timestamp {
        self.lease_until.max(self.retry_at)
    }

    /// When it is given up.
    pub fn give_up_at(&self) -> Timestamp {
        clock::after(self.request.received_at, RETRY_WINDOW)
    }

    /// When it came to its end.
    pub fn over_at(&self) -> Option<Timestamp> {
        match &self.stage {
            Stage::Claimed(reset) => reset.finished_at(),
            Stage::Refused(refusal) => Some(refusal.at),
            Stage::Waiting(_) | Stage::Repeats(_) => None,
        }
    }

    /// Whether it was refused, and the same delivery would only be refused again: it has no approval, an approval in it
    /// has expired, or it was refused when it had been known for so long that no approval in it could be valid.
    pub fn is_refused_for_good(&self, again: &Request, first_at: Option<Timestamp>) -> bool {
        let Stage::Refused(refusal) = &self.stage else {
            return false;
        };
        let (before, now) = (&self.request, again);
        // The policy may read the same bytes in another way than it did.
        let is_the_same = before.tokens == now.tokens
            && before.user == now.user
            && before.tenant == now.tenant
            && before.ticket == now.ticket;
        let has_expired = refusal.text.code == Code::ApprovalExpired.as_str();
        let was_too_old = first_at.is_some_and(|first_at| {
            clock::after(first_at, longest_use(now.channel)) <= before.received_at
        });
        is_the_same && (now.tokens.is_empty() || has_expired || was_too_old)
    }

    /// Whether this very token is among those that came.
    pub fn came_with(&self, approval: &Authentic) -> bool {
        let mut came = self.request.tokens.iter();
        came.any(|token| token == approval.compact())
    }

    /// Whether this approval is one of those that it was made with. Before they are authenticated, the very token has to
    /// be among those that came.
    pub fn is_held_by(&self, approval: &Authentic) -> bool {
        if self.came_with(approval) {
            return true;
        }
        let approval = &approval.id();
        let named = self.parties.approvals.iter().map(|summary| &summary.id);
        self.claimed_approvals()
            .iter()
            .map(|claimed| &claimed.id)
            .chain(named)
            .any(|id| id == approval)
    }

    /// The approvals that it has used up; none before it is claimed.
    pub fn claimed_approvals(&self) -> &[ClaimedApproval] {
        match &self.stage {
            Stage::Claimed(reset) => &reset.claim().approvals,
            Stage::Waiting(_) | Stage::Refused(_) | Stage::Repeats(_) => &[],
        }
    }

    /// Its status; `None` if it repeats another, whose status is the answer.
    pub fn status(&self) -> Option<RequestStatus> {
        match &self.stage {
            Stage::Waiting(why) => Some(RequestStatus::Waiting {
                reset: self.id,
                ticket: self.request.ticket.clone(),
                why: why.clone(),
            }),
            Stage::Claimed(reset) => Some(RequestStatus::Reset(Outcome::from(reset))),
            Stage::Refused(refusal) => Some(RequestStatus::Refused {
                reset: self.id,
                ticket: self.request.ticket.clone(),
                refusal: refusal.clone(),
                presented: self.parties.approvals.len(),
            }),
            Stage::Repeats(_) => None,
        }
    }

    /// What marks the note in the ticket, so that a retry finds it: the reset's id. A refusal is marked by a digest of
    /// what was refused and why, hour by hour, so that one note stands for all of them: a rule in the ticket system that
    /// sends the ticket again because of the note would otherwise go round for ever.
    pub fn mark(&self) -> String {
        let Stage::Refused(refusal) = &self.stage else {
            return self.id.to_string();
        };
        let request = &self.request;
        let hour = request.received_at.as_second().div_euclid(60 * 60);
        let RefusalText { code, detail, .. } = &refusal.text;
        let user = request.user.as_ref().map(ToString::to_string);
        let tokens = request.tokens.join(" ");
        let refused = format!(
            "{hour} {} {code} {detail} {user:?} {tokens}",
            request.ticket
        );
        Digest::of(refused.as_bytes()).to_string()
    }

    /// Its end, for the audit trail and the security team; `None` before.
    pub fn last_event(&self) -> Option<Event> {
        match &self.stage {
            Stage::Claimed(reset) => Some(Event::Outcome {
                at: reset.finished_at()?,
                appeared: reset.appeared().len(),
                outcome: Outcome::from(reset),
            }),
            Stage::Refused(refusal) => Some(Event::Refused {
                at: refusal.at,
                reset: Some(self.id),
                code: refusal.text.code.clone(),
                gave_up: refusal.gave_up,
                why: refusal.why.clone(),
                parties: self.parties.clone(),
            }),
            Stage::Waiting(_) | Stage::Repeats(_) => None,
        }
    }
}

/// Whether a reset was about what this approval is about: an issuer that gives two approvals one `jti` must not get the
/// outcome of the one for the other.
pub fn is_about(reset: &Reset, approval: &Authentic, ticket: &TicketKey) -> bool {
    let claim = reset.claim();
    let same_target = claim
        .approvals
        .iter()
        .any(|claimed| claimed.id == approval.id() && claimed.sub == approval.claims().sub);
    let says_the_same =
        claim.scope == approval.claims().scope && claim.reason == approval.claims().reason;
    claim.ticket.is_same(ticket) && same_target && says_the_same
}
