//! The transitions: which step is next, and what a step's result makes of a reset.

use std::time::Duration;

use super::method::{Entry, MethodEvent, Progress};
use super::{ListViews, Reset, Seen, SessionProgress, Step, StepResult};
use crate::backoff::Backoff;
use crate::clock::{self, Timestamp};
use crate::reset::model::{Action, Failure, KeepReason, Method, MethodKind, RefusalText, State};
use crate::reset::ports::{DirectoryError, Fault, Listing};

/// How often one request is sent in one run.
const MOST_ATTEMPTS: u8 = 6;

/// The pauses between two tries of one request.
const BETWEEN_TRIES: Backoff = Backoff {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(8),
};

/// The pauses between two reads of the list, while it does not confirm what was asked for.
const BETWEEN_LISTS: Backoff = Backoff {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(8),
};

/// How old a view of the list may be when something is removed.
const OLDEST_VIEW: Duration = Duration::from_secs(10);

/// What is kept of the time for a last look at the list.
const LAST_LOOK: Duration = Duration::from_secs(3);

/// When something that waits can be done.
enum When {
    Now,
    At(Timestamp),
    TooLate,
}

fn when(not_before: Option<Timestamp>, now: Timestamp, until: Timestamp) -> When {
    match not_before {
        _ if now >= until => When::TooLate,
        Some(at) if at >= until => When::TooLate,
        Some(at) if at > now => When::At(at),
        _ => When::Now,
    }
}

impl Reset {
    /// The next step of a run that must be over at `until`. What could only be done later than that does not
    /// hold up the rest. At `end` the reset is closed as it is.
    pub(in crate::reset) fn next(&self, now: Timestamp, until: Timestamp, end: Timestamp) -> Step {
        let body = &self.0;
        if body.state != State::Running || now >= end || self.is_settled() {
            return Step::Close;
        }
        if now >= until {
            return Step::Yield;
        }
        let last_look = clock::before(until, LAST_LOOK);
        // Sessions first, so that a person who is still signed in cannot register a method in between.
        if body.sessions == SessionProgress::Pending && body.session_attempts < MOST_ATTEMPTS {
            match when(body.session_not_before, now, last_look) {
                When::Now => return Step::RevokeSessions,
                When::At(at) => return Step::Wait(at),
                When::TooLate => {}
            }
        }
        let removal = self.next_removal(now, last_look);
        if let Some(step) = &removal
            && (self.has_fresh_view(now) || matches!(step, Step::Wait(_)))
        {
            return step.clone();
        }
        let unconfirmed = body
            .entries
            .iter()
            .any(|entry| matches!(entry.progress, Progress::Asked(_)));
        let wanted = removal.is_some() || unconfirmed || body.list.seen_at.is_none();
        if wanted && body.list.failures < MOST_ATTEMPTS {
            return match when(body.list.not_before, now, until) {
                When::Now => Step::List,
                When::At(at) => Step::Wait(at),
                When::TooLate => Step::Yield,
            };
        }
        Step::Yield
    }

    /// Whether the methods may be listed now: a pause that the directory asked for is kept.
    pub(in crate::reset) fn may_list(&self, now: Timestamp) -> bool {
        self.0.list.not_before.is_none_or(|at| at <= now)
    }

    /// When the first of what waits can be done, if something waits for a time.
    pub(in crate::reset) fn soonest(&self) -> Option<Timestamp> {
        let body = &self.0;
        let sessions = (body.sessions == SessionProgress::Pending)
            .then_some(body.session_not_before)
            .flatten();
        let pending = |entry: &&Entry| entry.progress == Progress::Pending;
        body.entries
            .iter()
            .filter(pending)
            .filter_map(|entry| entry.not_before)
            .chain(sessions)
            .chain(body.list.not_before)
            .min()
    }

    /// Whether nothing is left to do or to confirm.
    fn is_settled(&self) -> bool {
        let body = &self.0;
        let open = |progress| {
            matches!(
                progress,
                Progress::Pending | Progress::Trying | Progress::Deferred | Progress::Asked(_)
            )
        };
        body.list.seen_at.is_some()
            && !matches!(
                body.sessions,
                SessionProgress::Pending | SessionProgress::Trying
            )
            && !body.entries.iter().any(|entry| open(entry.progress))
    }

    fn has_fresh_view(&self, now: Timestamp) -> bool {
        let oldest = clock::before(now, OLDEST_VIEW);
        self.0.list.seen_at.is_some_and(|at| at >= oldest)
    }

    /// The first method that can go now, or when the first can; nothing if none can in time.
    fn next_removal(&self, now: Timestamp, until: Timestamp) -> Option<Step> {
        let mut soonest: Option<Timestamp> = None;
        for entry in self
            .0
            .entries
            .iter()
            .filter(|entry| entry.progress == Progress::Pending && !entry.is_exhausted())
        {
            match when(entry.not_before, now, until) {
                When::Now => {
                    let method = entry.method.clone();
                    let deactivate = entry.deactivate;
                    return Some(if deactivate {
                        Step::Deactivate(method)
                    } else {
                        Step::Remove(method)
                    });
                }
                When::At(at) => soonest = Some(soonest.map_or(at, |other| other.min(at))),
                When::TooLate => {}
            }
        }
        soonest.map(Step::Wait)
    }

    /// Writes down that a step is about to be performed.
    pub(in crate::reset) fn intend(&mut self, step: &Step) {
        match step {
            Step::RevokeSessions => self.0.sessions = SessionProgress::Trying,
            Step::Remove(method) | Step::Deactivate(method) => {
                if let Some(entry) = self.entry(method) {
                    entry.apply(MethodEvent::Intended);
                }
            }
            Step::List | Step::Wait(_) | Step::Yield | Step::Close => {}
        }
    }

    /// What a step's result makes of it.
    pub(in crate::reset) fn apply(&mut self, step: &Step, result: StepResult, now: Timestamp) {
        match (step, result) {
            (Step::RevokeSessions, StepResult::Revoked(result, seen)) => {
                self.sessions_answered(result, now);
                self.list_answered(seen, now);
                // What was registered before the sessions ended may be younger than this list: it is not the last one.
                if self.is_settled() {
                    self.0.list.seen_at = None;
                }
            }
            (Step::RevokeSessions, StepResult::Done(result)) => self.sessions_answered(result, now),
            (Step::Remove(method) | Step::Deactivate(method), StepResult::Done(result)) => {
                self.method_answered(method, result, now);
            }
            (Step::List, StepResult::Listed(seen)) => self.list_answered(seen, now),
            // No other step has such a result.
            (
                Step::Wait(_)
                | Step::Yield
                | Step::Close
                | Step::List
                | Step::RevokeSessions
                | Step::Remove(_)
                | Step::Deactivate(_),
                StepResult::Done(_) | StepResult::Listed(_) | StepResult::Revoked(..),
            ) => {}
        }
        self.settle(now);
    }

    fn sessions_answered(&mut self, result: Result<(), DirectoryError>, now: Timestamp) {
        let body = &mut self.0;
        body.session_attempts = body.session_attempts.saturating_add(1);
        body.sessions_tried = true;
        body.sessions_lost |= result == Err(DirectoryError::Indeterminate);
        body.sessions = match result {
            Ok(()) => SessionProgress::Revoked,
            // A credential may be mended while there is time.
            Err(DirectoryError::Permanent(fault)) if fault != Fault::Credential => {
                if body.sessions_lost {
                    SessionProgress::Unknown
                } else {
                    SessionProgress::Failed(fault.into())
                }
            }
            // To revoke twice does no harm, so a lost answer is simply asked for again.
            Err(error) => {
                body.session_not_before =
                    Some(clock::after(now, pause(&error, body.session_attempts)));
                SessionProgress::Pending
            }
        };
    }

    fn method_answered(
        &mut self,
        method: &Method,
        result: Result<(), DirectoryError>,
        now: Timestamp,
    ) {
        let Some(entry) = self.entry(method) else {
            return;
        };
        entry.attempts = entry.attempts.saturating_add(1);
        entry.tried = true;
        entry.apply(entry.event_of(&result));
        if let (Progress::Pending, Err(error)) = (entry.progress, &result) {
            entry.not_before = Some(clock::after(now, pause(error, entry.attempts)));
        }
        self.0.progress |= result.is_ok();
    }

    fn list_answered(&mut self, seen: Seen, now: Timestamp) {
        match seen.answer {
            Ok(listing) => {
                // Of an answer that took long some use is left, or a slow directory would never be done with.
                let shortest = clock::before(seen.answered_at, OLDEST_VIEW / 2);
                self.listed(listing, seen.asked_at.max(shortest), now);
            }
            Err(error) => {
                let list = &mut self.0.list;
                list.failures = list.failures.saturating_add(1);
                list.not_before = Some(clock::after(now, pause(&error, list.failures)));
            }
        }
    }

    /// Compares what is there with what was there at the claim.
    fn listed(&mut self, listing: Listing, seen_at: Timestamp, now: Timestamp) {
        let body = &mut self.0;
        body.list.seen_at = Some(seen_at);
        body.list.seen = body.list.seen.saturating_add(1);
        body.list.failures = 0;
        let mut waiting = false;
        let any = |is_it: &dyn Fn(&Method) -> bool| listing.methods.iter().any(is_it);
        for entry in body
            .entries
            .iter_mut()
            .filter(|entry| entry.method.kind != MethodKind::HardwareOath)
        {
            let before = entry.progress;
            // A list without anything does not prove that what was refused has gone.
            if matches!(before, Progress::Failed(_)) && listing.methods.is_empty() {
                continue;
            }
            let still = any(&|method| method.is_same_registration(&entry.method));
            let event = if any(&|method| method.is_certainly(&entry.method)) {
                MethodEvent::StillThere
            } else if still {
                MethodEvent::Listed
            } else if any(&|method| method.has_id_of(&entry.method)) {
                MethodEvent::Replaced
            } else {
                MethodEvent::NotListed
            };
            entry.apply(event);
            match entry.progress {
                Progress::Removed => body.progress |= before != Progress::Removed,
                Progress::Asked(_) => waiting |= still,
                // Its answer was lost, and it is still there.
                Progress::Pending if before != Progress::Pending => {
                    let pause = BETWEEN_TRIES.pause(entry.attempts.saturating_sub(1).into());
                    entry.not_before = Some(clock::after(now, pause));
                }
                _ => {}
            }
        }
        self.note_new_methods(listing);
        let pause = BETWEEN_LISTS.pause(self.0.list.seen.saturating_sub(1));
        self.0.list.not_before = waiting.then(|| clock::after(now, pause));
    }

    /// Takes note of methods that were not there before. Hardware OATH tokens that could not be listed until now
    /// have not appeared: they have been there, and what the policy says about them is done.
    fn note_new_methods(&mut self, listing: Listing) {
        let body = &mut self.0;
        for method in listing.methods {
            let mut known = body
                .entries
                .iter()
                .map(|entry| &entry.method)
                .chain(&body.appeared);
            if known.any(|other| method.is_same_registration(other)) {
                continue;
            }
            let claimed_at = body.claim.claimed_at;
            let newer = method.created.is_some_and(|at| at > claimed_at);
            if body.hardware_unknown && method.kind == MethodKind::HardwareOath && !newer {
                // One without a date may be new: an administrator has to look.
                let action = if body.claim.deactivates && method.created.is_some() {
                    Action::Deactivate
                } else {
                    Action::Keep(KeepReason::DeactivateByHand)
                };
                body.entries.push(Entry::new(method, action));
            } else {
                body.appeared.push(method);
            }
        }
        body.hardware_unknown &= listing.hardware_unknown;
    }

    /// Starts another pass over what was deferred, or gives it up when a pass has changed nothing. What only
    /// waits for its time does not hold up the others.
    fn settle(&mut self, now: Timestamp) {
        let body = &mut self.0;
        let any = |wanted: &dyn Fn(&Entry) -> bool| body.entries.iter().any(wanted);
        let ready = |entry: &Entry| {
            entry.progress == Progress::Pending
                && !entry.is_exhausted()
                && entry.not_before.is_none_or(|at| at <= now)
        };
        if any(&|entry| entry.progress == Progress::Trying || ready(entry)) {
            return;
        }
        let event = if body.progress {
            MethodEvent::PassBegan
        } else if any(&|entry| matches!(entry.progress, Progress::Pending | Progress::Asked(_))) {
            return;
        } else {
            MethodEvent::PassInVain
        };
        body.progress = false;
        for entry in &mut body.entries {
            if entry.progress == Progress::Deferred {
                entry.apply(event);
                entry.not_before = None;
            }
        }
    }

    /// Begins another run, perhaps after a process that is gone: a request that it may have sent has a lost
    /// answer, and what it had seen may have changed.
    pub(in crate::reset) fn resume(&mut self) {
        let body = &mut self.0;
        body.list = ListViews {
            seen: body.list.seen,
            // A pause that the directory asked for goes on.
            not_before: body.list.not_before,
            ..ListViews::default()
        };
        body.session_attempts = 0;
        if body.sessions == SessionProgress::Trying {
            body.sessions = SessionProgress::Pending;
            body.sessions_lost = true;
        }
        for entry in &mut body.entries {
            entry.attempts = 0;
            entry.apply(MethodEvent::RunBegan);
        }
    }

    /// Ends it: what is not confirmed is said to be so.
    pub(in crate::reset) fn close(&mut self, now: Timestamp) {
        let body = &mut self.0;
        if matches!(
            body.sessions,
            SessionProgress::Pending | SessionProgress::Trying
        ) {
            body.sessions = match (body.sessions_lost, body.sessions_tried) {
                (true, _) => SessionProgress::Unknown,
                (false, true) => SessionProgress::Failed(Failure::KeepsFailing),
                (false, false) => SessionProgress::Failed(Failure::OutOfTime),
            };
        }
        for entry in &mut body.entries {
            entry.apply(MethodEvent::Closed);
        }
        let deactivates = body.claim.deactivates;
        let done = |progress| match progress {
            // A token that was only found later, and may be new.
            Progress::Kept(KeepReason::DeactivateByHand) => !deactivates,
            Progress::Removed | Progress::Deactivated | Progress::Kept(_) | Progress::Gone(_) => {
                true
            }
            Progress::Pending
            | Progress::Trying
            | Progress::Deferred
            | Progress::Asked(_)
            | Progress::Failed(_)
            | Progress::Unknown => false,
        };
        // What cannot be read may be what had to go.
        let is_left = |entry: &Entry| matches!(entry.progress, Progress::Kept(_));
        let is_unreadable = |entry: &Entry| entry.method.kind == MethodKind::Unreadable;
        let unreadable_left = body.appeared.iter().any(Method::is_unreadable)
            || body
                .entries
                .iter()
                .any(|entry| is_left(entry) && is_unreadable(entry));
        let may_be_left =
            unreadable_left || body.missed_methods() || (deactivates && body.hardware_unknown);
        let all_done = body.no_longer_allowed.is_none()
            && !may_be_left
            && body.list.seen_at.is_some()
            && !matches!(
                body.sessions,
                SessionProgress::Failed(_) | SessionProgress::Unknown
            )
            && body.entries.iter().all(|entry| done(entry.progress));
        body.state = if all_done {
            State::Completed
        } else {
            State::NeedsHuman
        };
        body.finished_at = Some(now);
    }

    /// Ends it because the target may no longer be reset on these approvals.
    pub(in crate::reset) fn stop(&mut self, why: RefusalText, now: Timestamp) {
        self.0.no_longer_allowed = Some(why);
        self.close(now);
    }

    fn entry(&mut self, method: &Method) -> Option<&mut Entry> {
        self.0
            .entries
            .iter_mut()
            .find(|entry| entry.method == *method)
    }
}

impl Entry {
    /// Whether it has been tried often enough for this run.
    fn is_exhausted(&self) -> bool {
        self.attempts >= MOST_ATTEMPTS
    }
}

/// As long as the directory asks for, else twice as long each time.
fn pause(error: &DirectoryError, attempts: u8) -> Duration {
    match error {
        DirectoryError::Transient { after: Some(after) } => *after,
        _ => BETWEEN_TRIES.pause(attempts.saturating_sub(1).into()),
    }
}
