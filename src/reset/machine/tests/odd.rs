//! Answers that are not the service's own, and lists that are not whole.

use super::*;
use crate::reset::model::{KeepReason, Outcome};

fn now() -> Timestamp {
    START.parse().unwrap()
}

fn list(reset: &mut Reset, there: &[Method]) {
    let found = StepResult::Listed(seen(Ok(listing(there)), now()));
    reset.apply(&Step::List, found, now());
}

/// All that is to go is asked for, and this is the answer.
fn ask(reset: &mut Reset, answer: Result<(), DirectoryError>) {
    let methods = reset.methods();
    let pending = methods.filter(|(_, progress)| *progress == Progress::Pending);
    let pending: Vec<Method> = pending.map(|(method, _)| method.clone()).collect();
    for method in pending {
        let step = Step::Remove(method);
        reset.intend(&step);
        reset.apply(&step, StepResult::Done(answer.clone()), now());
    }
}

fn progress_of(reset: &Reset, id: &str) -> Progress {
    let mut methods = reset.methods();
    let found = methods.find(|(method, _)| method.id.to_string() == id);
    found.unwrap().1
}

/// Whose plan is about these methods, and whose sessions are revoked.
fn reset_of(methods: Vec<Method>, deactivates: bool, hardware_unknown: bool) -> Reset {
    let scope = Scope::try_from("mfa:reregister".to_owned()).unwrap();
    let claim = Claim {
        claimed_at: now(),
        deactivates,
        ..samples::claim(scope, None)
    };
    let rule = if deactivates {
        HardwareOath::Deactivate
    } else {
        HardwareOath::Report
    };
    let mut reset = Reset::new(claim, plan(methods, scope, rule), hardware_unknown);
    reset.0.sessions = SessionProgress::Revoked;
    reset
}

#[test]
fn a_token_that_was_found_too_late_to_be_deactivated_leaves_the_reset_to_an_administrator() {
    for (deactivates, expected) in [(true, State::NeedsHuman), (false, State::Completed)] {
        let mut reset = reset_of(Vec::new(), deactivates, true);
        list(&mut reset, &[method("token", MethodKind::HardwareOath)]);
        reset.close(now());
        assert_eq!(reset.state(), expected);
        let kept = Progress::Kept(KeepReason::DeactivateByHand);
        assert_eq!(progress_of(&reset, "token"), kept);
    }
}

#[test]
fn a_deletion_that_was_accepted_and_never_showed_is_asked_for_again_once_in_each_run() {
    let mut reset = reset_of(registered(), false, false);
    ask(&mut reset, Ok(()));
    let accepted = Progress::Asked(method::Answer::Accepted);
    for _ in 0..3 {
        list(&mut reset, &registered());
        assert_eq!(progress_of(&reset, "oath"), accepted, "a list may lag");
    }
    for _ in 0..3 {
        reset.resume();
        list(&mut reset, &registered());
        assert_eq!(progress_of(&reset, "oath"), Progress::Pending);
        let step = Step::Remove(method("oath", MethodKind::SoftwareOath));
        reset.intend(&step);
        reset.apply(&step, StepResult::Done(Ok(())), now());
        list(&mut reset, &registered());
        assert_eq!(progress_of(&reset, "oath"), accepted);
    }
}

/// The person registers the same number anew, under the same id.
#[test]
fn a_phone_that_may_be_a_new_one_is_not_deleted_again_after_an_accepted_deletion() {
    let phone = |created: Option<&str>| Method {
        created: created.map(|at| at.parse().unwrap()),
        ..method("mobile", MethodKind::Phone(PhoneType::Mobile))
    };
    let old = Some("2026-01-01T09:00:00Z");
    let accepted = Progress::Asked(method::Answer::Accepted);
    for (before, later, expected) in [
        (None, None, accepted),
        (old, None, accepted),
        (None, Some("2026-11-24T09:10:00Z"), accepted),
        (old, old, Progress::Pending),
        (old, Some("2026-11-24T09:10:00Z"), Progress::Removed),
    ] {
        let mut reset = reset_of(vec![phone(before)], false, false);
        let step = Step::Remove(phone(before));
        reset.intend(&step);
        reset.apply(&step, StepResult::Done(Ok(())), now());
        reset.resume();
        list(&mut reset, &[phone(later)]);
        assert_eq!(progress_of(&reset, "mobile"), expected, "{later:?}");
    }
}

#[test]
fn what_was_refused_and_is_gone_all_the_same_is_removed_unless_the_list_is_empty() {
    let refused = Err(DirectoryError::Permanent(Fault::Rejected));
    let failed = Progress::Failed(Failure::Other);
    let mut reset = reset_of(registered(), false, false);
    ask(&mut reset, refused);
    list(&mut reset, &registered());
    assert_eq!(progress_of(&reset, "oath"), failed);
    list(&mut reset, &[]);
    assert_eq!(progress_of(&reset, "oath"), failed);
    list(&mut reset, &[method("password", MethodKind::Password)]);
    assert_eq!(progress_of(&reset, "oath"), Progress::Removed);
    list(&mut reset, &registered());
    assert_ne!(progress_of(&reset, "oath"), Progress::Removed);
}

#[test]
fn a_method_that_was_there_before_the_claim_and_is_listed_only_later_leaves_the_reset_to_an_administrator()
 {
    let app = |created: Option<&str>| Method {
        created: created.map(|at| at.parse().unwrap()),
        ..method("app", MethodKind::MicrosoftAuthenticator)
    };
    let (old, new) = (Some("2026-01-01T09:00:00Z"), Some("2026-11-24T09:00:01Z"));
    let password = || method("password", MethodKind::Password);
    let statuses = |later: &[Method]| {
        let mut reset = reset_of(Vec::new(), false, false);
        list(&mut reset, later);
        reset.close(now());
        let statuses = Outcome::from(&reset).methods.into_iter();
        let statuses: Vec<_> = statuses.map(|one| one.status).collect();
        (reset.state(), statuses)
    };
    let (missed, appeared) = (MethodStatus::NotListedAtFirst, MethodStatus::Appeared);
    for (later, state, expected) in [
        (vec![app(old)], State::NeedsHuman, vec![missed]),
        (vec![app(Some(START))], State::NeedsHuman, vec![missed]),
        (vec![password()], State::NeedsHuman, vec![missed]),
        (
            vec![password(), app(None)],
            State::NeedsHuman,
            vec![missed, missed],
        ),
        (
            vec![password(), app(new)],
            State::NeedsHuman,
            vec![missed, appeared],
        ),
        (vec![app(None)], State::Completed, vec![appeared]),
        (vec![app(new)], State::Completed, vec![appeared]),
    ] {
        assert_eq!(statuses(&later), (state, expected), "{later:?}");
    }
}
