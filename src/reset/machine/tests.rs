//! Whatever the directory answers and whenever the process dies: forward only, honest, and nothing new removed.

use proptest::prelude::*;

use std::time::Duration;

use super::*;
use crate::approval::Scope;
use crate::clock;
use crate::reset::model::{MethodId, MethodKind, PhoneType, samples};
use crate::reset::ports::Fault;
use crate::reset::rules::HardwareOath;
use crate::reset::rules::plan::plan;

mod odd;

static_assertions::assert_not_impl_any!(Reset: serde::de::DeserializeOwned);

const START: &str = "2026-11-24T09:00:00Z";

fn method(id: &str, kind: MethodKind) -> Method {
    let is_phone = matches!(kind, MethodKind::Phone(_));
    Method {
        id: id.to_owned().try_into().unwrap(),
        kind,
        label: is_phone.then(|| "ending in 12".to_owned()),
        created: None,
        in_authenticator: false,
    }
}

fn listing(methods: &[Method]) -> Listing {
    Listing {
        methods: methods.to_vec(),
        hardware_unknown: false,
    }
}

fn registered() -> Vec<Method> {
    vec![
        method("authenticator", MethodKind::MicrosoftAuthenticator),
        method("mobile", MethodKind::Phone(PhoneType::Mobile)),
        method("alternate", MethodKind::Phone(PhoneType::AlternateMobile)),
        method("oath", MethodKind::SoftwareOath),
        method("hardware", MethodKind::HardwareOath),
        method("passkey", MethodKind::Passkey),
    ]
}

fn reset(hardware: HardwareOath) -> Reset {
    let start: Timestamp = START.parse().unwrap();
    let scope = Scope::try_from("mfa:reregister".to_owned()).unwrap();
    let claim = Claim {
        claimed_at: start,
        ..samples::claim(scope, None)
    };
    Reset::new(claim, plan(registered(), scope, hardware), false)
}

/// As the ledger does it.
fn written_and_read(reset: &Reset) -> Reset {
    let mut text = Vec::new();
    stored::serialize(reset, &mut serde_json::Serializer::new(&mut text)).unwrap();
    stored::deserialize(&mut serde_json::Deserializer::from_slice(&text)).unwrap()
}

/// What the world does at one step.
#[derive(Debug, Clone, Copy)]
enum Mood {
    Works,
    WorksButAnswerIsLost,
    Lost,
    Later,
    Refuses,
    Forbids,
    SaysNotFound,
    /// The process dies after the request was sent, and another takes up.
    Dies,
    /// A method is registered meanwhile.
    Registers,
}

fn moods() -> impl Strategy<Value = Vec<Mood>> {
    let mood = prop_oneof![
        6 => Just(Mood::Works),
        1 => Just(Mood::WorksButAnswerIsLost),
        1 => Just(Mood::Lost),
        2 => Just(Mood::Later),
        2 => Just(Mood::Refuses),
        1 => Just(Mood::Forbids),
        1 => Just(Mood::SaysNotFound),
        1 => Just(Mood::Dies),
        1 => Just(Mood::Registers),
    ];
    proptest::collection::vec(mood, 0..60)
}

fn seen(answer: Result<Listing, DirectoryError>, asked_at: Timestamp) -> Seen {
    Seen {
        asked_at,
        answered_at: asked_at,
        answer,
    }
}

struct World {
    there: Vec<Method>,
    asked_for: Vec<Method>,
    sessions_revoked: bool,
    newcomers: usize,
}

impl World {
    fn answer(&mut self, step: &Step, mood: Mood, now: Timestamp) -> StepResult {
        if matches!(mood, Mood::Registers) {
            self.newcomers += 1;
            let newcomer = method(
                &format!("new{}", self.newcomers),
                MethodKind::MicrosoftAuthenticator,
            );
            self.there.push(newcomer);
        }
        let happens = matches!(
            mood,
            Mood::Works | Mood::WorksButAnswerIsLost | Mood::Registers | Mood::Dies
        );
        let result = match mood {
            Mood::Works | Mood::Registers | Mood::Dies => Ok(()),
            Mood::WorksButAnswerIsLost | Mood::Lost => Err(DirectoryError::Indeterminate),
            Mood::Later => Err(DirectoryError::Transient { after: None }),
            Mood::Refuses => Err(DirectoryError::Permanent(Fault::Refused)),
            Mood::Forbids => Err(DirectoryError::Permanent(Fault::NotAllowed)),
            Mood::SaysNotFound => Err(DirectoryError::Permanent(Fault::NotFound)),
        };
        match step {
            Step::List => StepResult::Listed(seen(result.map(|()| listing(&self.there)), now)),
            Step::RevokeSessions => {
                self.sessions_revoked |= happens;
                let listed = result.clone().map(|()| listing(&self.there));
                StepResult::Revoked(result, seen(listed, now))
            }
            Step::Remove(method) => {
                self.asked_for.push(method.clone());
                if happens {
                    self.there.retain(|other| other != method);
                }
                StepResult::Done(result)
            }
            Step::Deactivate(_) | Step::Wait(_) | Step::Yield | Step::Close => {
                StepResult::Done(result)
            }
        }
    }
}

fn run(moods: &[Mood], hardware: HardwareOath) -> (Reset, World, usize) {
    let mut now: Timestamp = START.parse().unwrap();
    let end = clock::after(now, Duration::from_secs(2 * 60 * 60));
    let mut until = clock::after(now, Duration::from_secs(60));
    let mut reset = reset(hardware);
    let mut world = World {
        there: registered(),
        asked_for: Vec::new(),
        sessions_revoked: false,
        newcomers: 0,
    };
    let mut moods = moods.iter().copied();
    for steps in 0..1000 {
        if reset.state() != State::Running {
            return (reset, world, steps);
        }
        let step = reset.next(now, until, end);
        match step {
            Step::Wait(at) => now = at,
            Step::Close => reset.close(now),
            // The next run, a little later.
            Step::Yield => {
                now = clock::after(now, Duration::from_secs(300));
                until = clock::after(now, Duration::from_secs(60));
                reset = written_and_read(&reset);
                reset.resume();
            }
            step => {
                reset.intend(&step);
                let stored = reset.clone();
                let mood = moods.next().unwrap_or(Mood::Works);
                let found = world.answer(&step, mood, now);
                if matches!(mood, Mood::Dies) {
                    reset = written_and_read(&stored);
                    reset.resume();
                } else {
                    reset.apply(&step, found, now);
                }
            }
        }
    }
    panic!("it does not end");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_happens_it_ends_and_says_only_what_is_true(moods in moods()) {
        let (reset, world, _) = run(&moods, HardwareOath::Report);
        for (method, progress) in reset.methods() {
            let there = world.there.iter().any(|other| other.id == method.id);
            match progress {
                Progress::Removed => prop_assert!(!there, "{method:?} is said to be removed and is there"),
                Progress::Kept(_) => prop_assert!(there, "{method:?} is said to be kept and is gone"),
                Progress::Failed(_) | Progress::Unknown => {}
                other => prop_assert!(false, "{method:?} ends as {other:?}"),
            }
        }
        if reset.state() == State::Completed {
            prop_assert!(world.sessions_revoked);
            let left: Vec<_> = world.there.iter().map(|m| m.id.to_string()).filter(|id| !id.starts_with("new")).collect();
            prop_assert_eq!(left, ["hardware", "passkey"]);
        }
    }

    #[test]
    fn nothing_but_the_planned_methods_is_ever_asked_to_go(moods in moods()) {
        let (_, world, _) = run(&moods, HardwareOath::Report);
        for method in &world.asked_for {
            let id = method.id.to_string();
            prop_assert!(["authenticator", "mobile", "alternate", "oath"].contains(&id.as_str()), "{id}");
        }
    }

    #[test]
    fn whoever_appeared_before_the_last_look_is_reported(count in 1_usize..4) {
        let moods = vec![Mood::Registers; count];
        let (reset, world, _) = run(&moods, HardwareOath::Report);
        prop_assert_eq!(reset.appeared().len(), world.newcomers);
    }

    #[test]
    fn no_request_is_repeated_without_end(moods in moods()) {
        let (_, world, steps) = run(&moods, HardwareOath::Deactivate);
        // Of two hours, with a run every five minutes.
        prop_assert!(steps < 500, "{steps} steps");
        for method in registered() {
            let times = world.asked_for.iter().filter(|other| other.id == method.id).count();
            prop_assert!(times <= 24 * 6, "{times} times {method:?}");
        }
    }
}

#[test]
fn on_a_good_day_each_method_is_asked_for_once() {
    let (reset, world, _) = run(&[], HardwareOath::Deactivate);
    assert_eq!(reset.state(), State::Completed);
    let ids: Vec<String> = world
        .asked_for
        .iter()
        .map(|method| method.id.to_string())
        .collect();
    assert_eq!(ids, ["oath", "authenticator", "alternate", "mobile"]);
}

#[test]
fn a_list_is_as_old_as_its_question_and_nothing_is_removed_on_one_that_is_too_old() {
    let asked_at: Timestamp = START.parse().unwrap();
    let until = clock::after(asked_at, Duration::from_secs(200));
    let after = |seconds| clock::after(asked_at, Duration::from_secs(seconds));
    let mut reset = reset(HardwareOath::Report);
    let first = reset.next(asked_at, until, until);
    assert_eq!(first, Step::RevokeSessions);
    reset.intend(&first);
    // The answers come four seconds later, that about the sessions last.
    let listed = |asked: u64, answered: u64| Seen {
        asked_at: after(asked),
        answered_at: after(answered),
        answer: Ok(listing(&registered())),
    };
    let found = StepResult::Revoked(Ok(()), listed(0, 1));
    reset.apply(&first, found, after(4));
    let removes = |step| matches!(step, Step::Remove(_));
    assert!(removes(reset.next(after(10), until, until)));
    assert_eq!(reset.next(after(11), until, until), Step::List);

    // Of an answer that took longer than a list counts, five seconds are left.
    reset.apply(&Step::List, StepResult::Listed(listed(11, 40)), after(40));
    assert!(removes(reset.next(after(45), until, until)));
    assert_eq!(reset.next(after(46), until, until), Step::List);

    // An answer about sessions that took long makes no list younger.
    let found = StepResult::Revoked(Ok(()), listed(46, 46));
    reset.apply(&Step::RevokeSessions, found, after(57));
    assert_eq!(reset.next(after(57), until, until), Step::List);
}

#[test]
fn a_list_from_before_the_sessions_ended_is_never_the_last_one() {
    let now: Timestamp = START.parse().unwrap();
    let until = clock::after(now, Duration::from_secs(60));
    let mut reset = reset(HardwareOath::Report);
    for entry in &mut reset.0.entries {
        entry.progress = Progress::Removed;
    }
    let first = reset.next(now, until, until);
    reset.intend(&first);
    let found = StepResult::Revoked(Ok(()), seen(Ok(Listing::default()), now));
    reset.apply(&first, found, now);
    assert_eq!(reset.next(now, until, until), Step::List);
}

#[test]
fn a_list_waits_as_long_as_the_directory_asked_also_beside_a_revocation() {
    let now: Timestamp = START.parse().unwrap();
    let until = clock::after(now, Duration::from_secs(60));
    let mut reset = reset(HardwareOath::Report);
    let first = reset.next(now, until, until);
    reset.intend(&first);
    let later = |seconds| {
        Err(DirectoryError::Transient {
            after: Some(Duration::from_secs(seconds)),
        })
    };
    let throttled = seen(later(30).map(|()| Listing::default()), now);
    reset.apply(&first, StepResult::Revoked(later(1), throttled), now);
    assert!(!reset.may_list(clock::after(now, Duration::from_secs(29))));
    assert!(reset.may_list(clock::after(now, Duration::from_secs(30))));
}

#[test]
fn a_phone_that_was_registered_anew_under_its_old_id_is_not_deleted_again() {
    let now: Timestamp = START.parse().unwrap();
    let until = clock::after(now, Duration::from_secs(60));
    let mut reset = reset(HardwareOath::Report);
    let mut there = registered();
    let mut lost = false;
    while reset.state() == State::Running {
        let step = reset.next(now, until, until);
        reset.intend(&step);
        let found = match &step {
            Step::List => StepResult::Listed(seen(Ok(listing(&there)), now)),
            Step::Remove(method) if method.id.to_string() == "mobile" => {
                assert!(!lost, "the new phone would be deleted");
                lost = true;
                // It went, the answer was lost, and the person registered a new number at once.
                for other in &mut there {
                    if other.id == method.id {
                        other.label = Some("ending in 99".to_owned());
                    }
                }
                StepResult::Done(Err(DirectoryError::Indeterminate))
            }
            Step::Remove(method) => {
                there.retain(|other| other != method);
                StepResult::Done(Ok(()))
            }
            Step::Close => {
                reset.close(now);
                continue;
            }
            _ => StepResult::Done(Ok(())),
        };
        reset.apply(&step, found, now);
    }
    assert_eq!(reset.state(), State::Completed);
    let appeared: Vec<_> = reset
        .appeared()
        .iter()
        .filter_map(|method| method.label.clone())
        .collect();
    assert_eq!(appeared, ["ending in 99"]);
}

/// Whether it is closed as complete if a list shows this at last, after all that was planned has gone.
fn completed_with(kind: MethodKind, id: MethodId) -> bool {
    let now: Timestamp = START.parse().unwrap();
    let mut reset = reset(HardwareOath::Report);
    for step in [Step::RevokeSessions, Step::List] {
        reset.intend(&step);
        let odd = Method {
            in_authenticator: false,
            id: id.clone(),
            kind: kind.clone(),
            label: None,
            created: None,
        };
        let mut left = vec![odd];
        for entry in &mut reset.0.entries {
            match entry.progress {
                Progress::Pending => entry.progress = Progress::Removed,
                Progress::Kept(_) => left.push(entry.method.clone()),
                _ => {}
            }
        }
        let found = match &step {
            Step::List => StepResult::Listed(seen(Ok(listing(&left)), now)),
            _ => StepResult::Done(Ok(())),
        };
        reset.apply(&step, found, now);
    }
    reset.close(now);
    reset.state() == State::Completed
}

#[test]
fn a_reset_whose_last_list_shows_what_cannot_be_read_is_not_complete() {
    let id = |text: &str| MethodId::try_from(text.to_owned()).unwrap();
    let authenticator = MethodKind::MicrosoftAuthenticator;
    assert!(completed_with(authenticator.clone(), id("new")));
    assert!(!completed_with(authenticator, MethodId::unreadable(b"{}")));
    assert!(!completed_with(MethodKind::Unreadable, id("new")));
}
