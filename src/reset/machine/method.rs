//! One method of a reset, and the one table of its transitions.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::reset::model::{Action, Failure, KeepReason, Method, MethodKind};
use crate::reset::ports::{DirectoryError, Fault};

/// One method, and how far it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    pub method: Method,
    pub progress: Progress,
    pub deactivate: bool,
    /// How often it was tried in this run.
    pub attempts: u8,
    /// Whether it was ever tried.
    pub tried: bool,
    /// Whether an answer about its deactivation was lost, so that it may have happened.
    pub lost: bool,
    pub not_before: Option<Timestamp>,
}

/// How far one method is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// To do.
    Pending,
    /// A request may be out: written down before it is sent.
    Trying,
    /// Refused while others were there; tried again when one of them is gone.
    Deferred,
    /// The directory was asked; whether the method is gone shows in the next list.
    Asked(Answer),
    /// Gone from the list.
    Removed,
    /// Deactivated, as the button does to hardware OATH tokens.
    Deactivated,
    /// Left by decision.
    Kept(KeepReason),
    /// Was to be left, and was removed by another party.
    Gone(KeepReason),
    /// Still there.
    Failed(Failure),
    /// It could not be found out.
    Unknown,
}

/// What the directory said to a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Accepted,
    NotThere,
    /// The answer was lost.
    Lost,
}

/// What happens to a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodEvent {
    /// Its request is about to be sent.
    Intended,
    /// The directory did what it was asked.
    Succeeded,
    /// The directory says that there is no such method.
    NotFound,
    /// The directory refuses it in the present state of the methods.
    RefusedNow,
    /// It may have happened.
    AnswerLost,
    /// It has not happened, and another try may help.
    TryAgain,
    /// It has not happened, and another try will not help.
    Failed(Failure),
    /// The same registration is on a list, as far as the list tells.
    Listed,
    /// The same registration is on a list, for certain.
    StillThere,
    /// It is not on a list.
    NotListed,
    /// It is not on a list, and another registration has its id.
    Replaced,
    /// Another run has begun, perhaps after a process that is gone.
    RunBegan,
    /// Another method is gone: what was deferred is tried again.
    PassBegan,
    /// A pass over what was deferred has changed nothing.
    PassInVain,
    /// The reset is closed.
    Closed,
}

impl Entry {
    pub fn new(method: Method, action: Action) -> Entry {
        Entry {
            method,
            progress: match action {
                Action::Keep(why) => Progress::Kept(why),
                Action::Remove | Action::Deactivate => Progress::Pending,
            },
            deactivate: action == Action::Deactivate,
            attempts: 0,
            tried: false,
            lost: false,
            not_before: None,
        }
    }

    /// The table of transitions. What it does not name stays as it is.
    pub fn apply(&mut self, event: MethodEvent) {
        use MethodEvent as On;
        use Progress::*;

        // No list confirms a deactivation, so a lost answer about one is remembered.
        self.lost |= self.deactivate
            && (event == On::AnswerLost || (event == On::RunBegan && self.progress == Trying));
        self.progress = match (self.progress, event) {
            (_, On::Intended) => Trying,

            (_, On::Succeeded) if self.deactivate => Deactivated,
            (_, On::Succeeded) => Asked(Answer::Accepted),
            (_, On::NotFound) => Asked(Answer::NotThere),
            (_, On::RefusedNow) => Deferred,
            (_, On::AnswerLost) if self.deactivate => Pending,
            (_, On::AnswerLost) => Asked(Answer::Lost),
            (_, On::TryAgain) => Pending,
            (_, On::Failed(_)) if self.lost => Unknown,
            (_, On::Failed(why)) => Failed(why),

            // Lists may come from replicas that disagree: gone is gone only while every list says so.
            (Asked(Answer::Lost), On::Listed | On::StillThere) => Pending,
            // An earlier run was told so, perhaps by a proxy, and a list that lags is over. A phone that is registered anew
            // may look like the old one: it is not asked for again.
            (Asked(Answer::Accepted), On::StillThere) if self.attempts == 0 => Pending,
            (Asked(Answer::Accepted) | Removed, On::Listed | On::StillThere) => {
                Asked(Answer::Accepted)
            }
            (Asked(_), On::NotListed | On::Replaced) => Removed,
            // It was refused, and went all the same.
            (Failed(_), On::NotListed | On::Replaced) => Removed,
            // What has its id now is another registration, which must stay.
            (Pending | Deferred, On::Replaced) => Removed,
            // A number may come back under the same id at any moment, so it is looked for again. Any other method is
            // asked for all the same: a list may lag.
            (Pending | Deferred, On::NotListed)
                if matches!(self.method.kind, MethodKind::Phone(_)) =>
            {
                Asked(Answer::NotThere)
            }
            (Kept(why), On::NotListed | On::Replaced) => Gone(why),
            (Gone(why), On::Listed | On::StillThere) => Kept(why),

            (Trying, On::RunBegan) if self.deactivate => Pending,
            // What was said not to be there, and is on the list all the same, is asked for again by now.
            (Trying | Asked(Answer::NotThere), On::RunBegan) => Asked(Answer::Lost),

            (Deferred, On::PassBegan) => Pending,
            (Deferred, On::PassInVain | On::Closed) => Failed(Failure::Refused),

            (Pending, On::Closed) if self.lost => Unknown,
            (Pending, On::Closed) if self.tried => Failed(Failure::KeepsFailing),
            (Pending, On::Closed) => Failed(Failure::OutOfTime),
            (Trying | Asked(_), On::Closed) => Unknown,

            (unchanged, _) => unchanged,
        };
    }

    /// What the directory's answer to its request is for it.
    pub fn event_of(&self, result: &Result<(), DirectoryError>) -> MethodEvent {
        match result {
            Ok(()) => MethodEvent::Succeeded,
            Err(DirectoryError::Indeterminate) => MethodEvent::AnswerLost,
            // An operator may mend a credential while there is time.
            Err(
                DirectoryError::Transient { .. } | DirectoryError::Permanent(Fault::Credential),
            ) => MethodEvent::TryAgain,
            Err(DirectoryError::Permanent(Fault::NotFound)) if !self.deactivate => {
                MethodEvent::NotFound
            }
            Err(DirectoryError::Permanent(Fault::Refused)) if !self.deactivate => {
                MethodEvent::RefusedNow
            }
            Err(DirectoryError::Permanent(fault)) => MethodEvent::Failed((*fault).into()),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        match fault {
            Fault::NotAllowed | Fault::Credential => Failure::NotAllowed,
            Fault::Refused => Failure::Refused,
            Fault::NotFound | Fault::Rejected | Fault::Unreadable | Fault::Unlicensed => {
                Failure::Other
            }
        }
    }
}
