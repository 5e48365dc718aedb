//! The outcome of a reset: what its state says.

use super::method::Progress;
use super::{Reset, SessionProgress};
use crate::reset::model::{MethodOutcome, MethodStatus, Outcome, SessionStatus, Warning};
use crate::reset::rules::can_register::{Leftovers, can_register, warnings};

impl From<&Reset> for Outcome {
    fn from(reset: &Reset) -> Outcome {
        let claim = reset.claim();
        let entries = reset
            .methods()
            .map(|(method, progress)| (method, progress.into()));
        let appeared = reset
            .appeared()
            .iter()
            .map(|method| (method, reset.status_of_appeared(method)));
        let methods: Vec<MethodOutcome> = entries
            .chain(appeared)
            .map(|(method, status)| MethodOutcome {
                method: method.clone(),
                status,
            })
            .collect();
        let left = Leftovers {
            methods: methods
                .iter()
                .map(|outcome| (&outcome.method, outcome.status))
                .collect(),
            hardware_unknown: reset.hardware_unknown(),
        };
        let ended_because = reset.no_longer_allowed().cloned();
        let mut warnings = warnings(&left, claim);
        warnings.extend(ended_because.as_ref().map(|_| Warning::NoLongerAllowed));
        Outcome {
            reset: claim.id,
            state: reset.state(),
            tenant: claim.tenant,
            ticket: claim.ticket.clone(),
            target_id: claim.target,
            target: claim.upn.clone(),
            target_name: claim.display_name.clone(),
            privileged: claim.privileged,
            approvers: claim.approvals.iter().map(|one| one.approver).collect(),
            verifiers: claim
                .approvals
                .iter()
                .flat_map(|one| one.verifiers.clone())
                .collect(),
            alone: claim.alone.clone(),
            sessions: reset.sessions().into(),
            can_register: can_register(&left, claim),
            warnings,
            ended_because,
            claimed_at: claim.claimed_at,
            finished_at: reset.finished_at(),
            methods,
        }
    }
}

impl From<Progress> for MethodStatus {
    fn from(progress: Progress) -> MethodStatus {
        match progress {
            Progress::Pending | Progress::Trying | Progress::Deferred | Progress::Asked(_) => {
                MethodStatus::Pending
            }
            Progress::Removed => MethodStatus::Removed,
            Progress::Deactivated => MethodStatus::Deactivated,
            Progress::Kept(why) => MethodStatus::Kept(why),
            Progress::Gone(_) => MethodStatus::Gone,
            Progress::Failed(why) => MethodStatus::Failed(why),
            Progress::Unknown => MethodStatus::Unknown,
        }
    }
}

impl From<SessionProgress> for SessionStatus {
    fn from(progress: SessionProgress) -> SessionStatus {
        match progress {
            SessionProgress::Pending | SessionProgress::Trying => SessionStatus::Pending,
            SessionProgress::Revoked => SessionStatus::Revoked,
            SessionProgress::KeptByScope => SessionStatus::KeptByScope,
            SessionProgress::NotForGuests => SessionStatus::NotForGuests,
            SessionProgress::Failed(why) => SessionStatus::Failed(why),
            SessionProgress::Unknown => SessionStatus::Unknown,
        }
    }
}
