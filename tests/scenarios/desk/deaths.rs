//! Processes that die at any call between a signature and its end, the page's and the worker's. What was signed comes to
//! the same end all the same, and what was not signed comes to none.

use std::time::Duration;

use serde_json::json;

use super::mortal::World;
use super::{Browser, same};
use crate::test_app::{JANE, SAM, VERA};

const FIVE_HOURS: Duration = Duration::from_secs(5 * 60 * 60);

#[derive(Clone, Copy, PartialEq)]
enum Act {
    Verify,
    Approve,
    Reject,
}

/// What is left when all is over.
#[derive(Debug, PartialEq)]
struct Ended {
    comments: Vec<&'static str>,
    trail: Vec<String>,
    methods: Vec<String>,
    messages: usize,
}

struct Played {
    ended: Ended,
    /// Whether the signature or the rejection was kept.
    is_kept: bool,
    page_died: bool,
    worker_died: bool,
}

/// Has Jane verified, and approved or rejected. The page of the last of these, and the worker, die after so many calls.
async fn play(act: Act, page: Option<usize>, worker: Option<usize>) -> Played {
    let world = World::new(same).await;
    let app = &world.app;
    let arm = || {
        if let Some(calls) = page {
            world.mortal.dies_after(calls);
        }
    };
    let vera = Browser::of(app, VERA).await;
    let verification = vera.draft_verification(JANE).await.json;
    let case = verification["id"].as_str().unwrap();
    if act == Act::Verify {
        arm();
    }
    vera.sign(&verification).await;
    let mut is_kept = world.has_signature(case);
    if act != Act::Verify {
        let sam = Browser::of(app, SAM).await;
        if act == Act::Approve {
            let draft = sam.draft_approval(case).await.json;
            arm();
            sam.sign(&draft).await;
            is_kept = world.has_signature(draft["id"].as_str().unwrap());
        } else {
            arm();
            let path = format!("/desk/cases/{case}/rejection");
            sam.post(&path, &json!({"reason": "it was not her"})).await;
            is_kept = false;
            let key = format!("desk-decision#{case}");
            let look = |body: &str| is_kept |= body.contains("rejected_by");
            world.mortal.store.look(&key, look);
        }
    }
    let page_died = world.mortal.begins_anew();
    let worker_died = world.wait(FIVE_HOURS, worker).await;
    Played {
        ended: Ended {
            comments: world.comments(),
            trail: world.trail(),
            methods: app.has(JANE),
            messages: app.queue_length(),
        },
        is_kept,
        page_died,
        worker_died,
    }
}

/// After one in this many calls there is a death; `CALLS=1` kills after each.
fn calls() -> usize {
    std::env::var("CALLS").map_or(3, |calls| calls.parse().unwrap())
}

/// Kills the page, and then the worker, after each number of calls, or some. Gives how many deaths there were.
async fn kill_everywhere(act: Act) -> usize {
    let whole = play(act, None, None).await.ended;
    let never = match act {
        Act::Verify => Ended {
            comments: Vec::new(),
            trail: Vec::new(),
            methods: play(Act::Verify, None, None).await.ended.methods,
            messages: 0,
        },
        Act::Approve | Act::Reject => play(Act::Verify, None, None).await.ended,
    };
    let mut deaths = 0;
    let mut first_kept = None;
    for calls in (0..).step_by(calls()) {
        let played = play(act, Some(calls), None).await;
        let expected = if played.is_kept { &whole } else { &never };
        assert_eq!(played.ended, *expected, "the page died after {calls} calls");
        if played.is_kept {
            first_kept.get_or_insert(calls);
        }
        if !played.page_died {
            break;
        }
        deaths += 1;
    }
    for calls in (0..).step_by(calls()) {
        let played = play(act, first_kept, Some(calls)).await;
        assert_eq!(
            played.ended, whole,
            "the page died after {first_kept:?} calls, the worker after {calls}"
        );
        if !played.worker_died {
            break;
        }
        deaths += 1;
    }
    println!("{deaths} deaths");
    deaths
}

#[tokio::test]
async fn a_reset_that_was_approved_is_done_wherever_the_page_and_the_worker_die() {
    assert_eq!(
        play(Act::Approve, None, None).await.ended.comments,
        ["verified", "done"]
    );
    assert!(kill_everywhere(Act::Approve).await > 40 / calls());
}

#[tokio::test]
async fn a_verification_that_no_approver_answers_expires_wherever_the_page_and_the_worker_die() {
    assert_eq!(
        play(Act::Verify, None, None).await.ended.comments,
        ["verified", "expired"]
    );
    assert!(kill_everywhere(Act::Verify).await > 20 / calls());
}

#[tokio::test]
async fn a_rejection_is_told_wherever_the_page_and_the_worker_die() {
    assert_eq!(
        play(Act::Reject, None, None).await.ended.comments,
        ["verified", "rejected"]
    );
    assert!(kill_everywhere(Act::Reject).await > 20 / calls());
}
