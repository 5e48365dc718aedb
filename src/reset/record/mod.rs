//! What the ledger keeps of one request, from the moment that it is accepted to the end.

pub(in crate::reset) mod event;
pub(in crate::reset) mod news;
pub(in crate::reset) mod outcome;
pub(in crate::reset) mod request;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::approval::Authentic;
use crate::clock::{self, Timestamp};
use crate::ids::{Digest, ResetId};
use crate::reset::state::{self, ClaimedApproval, Reset, State};
use event::{Event, Parties};
use news::{RecordedRefusal, RefusalText, RequestStatus};
use outcome::Outcome;
use request::Request;

/// For how long a request is tried, and for how long somebody is to be told of its end. Later, a person has surely
/// looked after it. Words that say "two hours" mean this.
pub(in crate::reset) const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

/// One request, and how far it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::reset) struct Record {
    pub id: ResetId,
    pub request: Request,
    /// Who is involved: more of them once the approvals are proven.
    pub parties: Parties,
    /// Until when whoever works on it is left alone.
    pub lease_until: Timestamp,
    /// When it is worth another try. A sender who repeats it sooner does not make us ask sooner.
    pub retry_at: Timestamp,
    /// How often somebody has worked on it.
    pub runs: u32,
    pub stage: Stage,
    pub duties: Duties,
}

/// How far a request is. It is claimed, refused or a repetition once, and stays that.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::reset) enum Stage {
    /// Accepted. Nothing is claimed and nothing changed; why it has not gone on, if it was tried.
    Waiting(Option<RefusalText>),
    /// Claimed: running, or over.
    Claimed(#[serde(with = "state::stored")] Reset),
    /// Turned away; nothing was claimed or changed.
    Refused(RecordedRefusal),
    /// Another request with the same approvals was first: what came of that one is the answer.
    Repeats(ResetId),
}

/// Who has to be told of the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::reset) struct Duties {
    /// The audit trail.
    pub trail: Duty,
    /// The security team.
    pub notice: Duty,
    /// The ticket.
    pub note: Duty,
}

/// One of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::reset) enum Duty {
    /// There is nobody to tell, or nothing yet.
    #[default]
    None,
    /// Not told yet.
    Owed,
    /// Told.
    Done,
    /// It cannot be told.
    GivenUp,
}

impl Duties {
    pub fn any_owed(self) -> bool {
        [self.trail, self.notice, self.note].contains(&Duty::Owed)
    }
}

impl Record {
    pub fn new(id: ResetId, request: Request, lease_until: Timestamp) -> Record {
        Record {
            id,
            parties: request.parties(&[]),
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
            Stage::Refused(rejection) => rejection.state(),
            Stage::Repeats(_) => State::Refused,
        }
    }

    /// Whether it has come to its end.
    pub fn is_over(&self) -> bool {
        !matches!(self.state(), State::Waiting | State::Running)
    }

    /// Whether nothing is left to do, and nobody left to tell.
    pub fn is_finished(&self) -> bool {
        self.is_over() && !self.duties.any_owed()
    }

    /// When it may be taken up again: nobody works on it any more, and what stood in the way may have passed.
    pub fn due_at(&self) -> Timestamp {
        self.lease_until.max(self.retry_at)
    }

    /// When it is given up.
    pub fn give_up_at(&self) -> Timestamp {
        clock::after(self.request.received_at, PATIENCE)
    }

    /// When it came to its end.
    pub fn over_at(&self) -> Option<Timestamp> {
        match &self.stage {
            Stage::Claimed(reset) => reset.finished_at(),
            Stage::Refused(rejection) => Some(rejection.at),
            Stage::Waiting(_) | Stage::Repeats(_) => None,
        }
    }

    /// Whether this very token is among those that came.
    pub fn came_with(&self, approval: &Authentic) -> bool {
        let mut came = self.request.tokens.iter();
        came.any(|token| token == approval.compact())
    }

    /// Whether this approval is one of those that it was made with. Before they are proven, the very token has to be
    /// among those that came.
    pub fn is_held_by(&self, approval: &Authentic) -> bool {
        if self.came_with(approval) {
            return true;
        }
        let approval = &approval.id();
        let marked = self.parties.approvals.iter().map(|mark| &mark.id);
        self.claimed_approvals()
            .iter()
            .map(|claimed| &claimed.id)
            .chain(marked)
            .any(|id| id == approval)
    }

    /// The approvals that it has used up; none before it is claimed.
    pub fn claimed_approvals(&self) -> &[ClaimedApproval] {
        match &self.stage {
            Stage::Claimed(reset) => &reset.claim().approvals,
            Stage::Waiting(_) | Stage::Refused(_) | Stage::Repeats(_) => &[],
        }
    }

    /// What there is to tell of it; nothing of one that repeats another.
    pub fn news(&self) -> Option<RequestStatus> {
        match &self.stage {
            Stage::Waiting(why) => Some(RequestStatus::Waiting {
                reset: self.id,
                ticket: self.request.ticket.clone(),
                why: why.clone(),
            }),
            Stage::Claimed(reset) => Some(RequestStatus::Reset(Outcome::from(reset))),
            Stage::Refused(rejection) => Some(RequestStatus::Refused {
                reset: self.id,
                ticket: self.request.ticket.clone(),
                rejection: rejection.clone(),
            }),
            Stage::Repeats(_) => None,
        }
    }

    /// What marks the note in the ticket, so that a second one finds it: the reset's name. A refusal is marked by what
    /// was refused and why, hour by hour, so that the same is not said twice: a rule that sends the ticket again because
    /// of our note would go round for ever.
    pub fn mark(&self) -> String {
        let Stage::Refused(rejection) = &self.stage else {
            return self.id.to_string();
        };
        let request = &self.request;
        let hour = request.received_at.as_second().div_euclid(60 * 60);
        let RefusalText { code, detail, .. } = &rejection.words;
        let user = request.user.as_ref().map(ToString::to_string);
        let tokens = request.tokens.join(" ");
        let refused = format!(
            "{hour} {} {code} {detail} {user:?} {tokens}",
            request.ticket
        );
        Digest::of(refused.as_bytes()).to_string()
    }

    /// Its end, for the audit trail and the security team; nothing before.
    pub fn last_event(&self) -> Option<Event> {
        match &self.stage {
            Stage::Claimed(reset) => Some(Event::Outcome {
                at: reset.finished_at()?,
                appeared: reset.appeared().len(),
                outcome: Outcome::from(reset),
            }),
            Stage::Refused(rejection) => Some(Event::Refused {
                at: rejection.at,
                reset: Some(self.id),
                code: rejection.words.code.clone(),
                gave_up: rejection.gave_up,
                why: rejection.why.clone(),
                parties: self.parties.clone(),
            }),
            Stage::Waiting(_) | Stage::Repeats(_) => None,
        }
    }
}
