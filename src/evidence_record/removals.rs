//! Whether what was done is what was approved, of what was there.

use super::document::JudgedPart;
use super::done::{DonePart, End, MethodDone, MethodEnd, Proof, Remark, SessionsDone};

/// What each reset removes.
const REMOVABLE: [&str; 5] = [
    "software_oath",
    "microsoft_authenticator",
    "phone/office",
    "phone/alternate_mobile",
    "phone/mobile",
];

pub(super) fn check(judged: &JudgedPart, done: &DonePart) -> Result<(), &'static str> {
    let known = done.methods.iter();
    let known = known.filter(|one| one.outcome.status != MethodEnd::Appeared);
    if !known.map(|one| &one.method).eq(&judged.methods) {
        return Err("the methods are others than before");
    }
    for one in &done.methods {
        check_method(judged, done, one)?;
    }
    let sessions = &done.sessions;
    let fits = match (sessions.status, sessions.why, sessions.proof) {
        (SessionsDone::Revoked, None, Some(Proof::Accepted)) => !judged.scope.keep_sessions,
        (SessionsDone::KeptByScope, None, None) => judged.scope.keep_sessions,
        (SessionsDone::NotForGuests, None, None) => judged.external,
        (SessionsDone::Failed, Some(why), None) => !why.is_of_keeping(),
        (SessionsDone::Unknown, None, None) => true,
        _ => false,
    };
    if !fits {
        return Err("the sessions");
    }
    let was_stopped = done.ended_because.is_some();
    if was_stopped != done.warnings.contains(&Remark::NoLongerAllowed) {
        return Err("whether it was ended early");
    }
    let mut ends = done.methods.iter().map(|one| one.outcome.status);
    let is_left = ends.any(|end| matches!(end, MethodEnd::Failed | MethodEnd::Unknown))
        || matches!(
            sessions.status,
            SessionsDone::Failed | SessionsDone::Unknown
        );
    match done.state {
        End::Completed if is_left || was_stopped => Err("it is completed, and something is left"),
        End::Completed | End::NeedsHuman => Ok(()),
    }
}

fn check_method(
    judged: &JudgedPart,
    done: &DonePart,
    one: &MethodDone,
) -> Result<(), &'static str> {
    let kind = one.method.kind.as_str();
    let has_to_go = REMOVABLE.contains(&kind) || kind == "passkey" && judged.scope.remove_passkeys;
    let outcome = &one.outcome;
    let (fits, what) = match (outcome.status, outcome.why, outcome.proof) {
        (MethodEnd::Removed, None, Some(Proof::AbsentFromList)) if done.listed_at.is_none() => {
            (false, "a method was removed, and no list says so")
        }
        (MethodEnd::Removed, None, Some(Proof::AbsentFromList)) => {
            (has_to_go, "a method was removed that was not approved")
        }
        (MethodEnd::Deactivated, None, Some(Proof::Accepted)) => (
            kind == "hardware_oath",
            "a method was deactivated that was not approved",
        ),
        (MethodEnd::Kept, Some(why), None) => (
            why.is_of_keeping() && !has_to_go,
            "a method was kept that had to go",
        ),
        (MethodEnd::Failed, Some(why), None) => {
            (!why.is_of_keeping(), "a failure has another kind of reason")
        }
        (MethodEnd::Gone | MethodEnd::Appeared | MethodEnd::Unknown, None, None) => (true, ""),
        _ => (
            false,
            "a method has no proof or reason, or one of another kind",
        ),
    };
    fits.then_some(()).ok_or(what)
}
