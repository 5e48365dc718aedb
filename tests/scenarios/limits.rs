//! Limits of time at their exact value.

use std::time::Duration;

use reregister_mfa::clock::Clock as _;
use reregister_mfa::http::Deadline;
use reregister_mfa::reset::ports::Wake;
use simulated::entra::Fault;

use crate::resumption::Interrupted;
use crate::test_app::{ALEX, JANE, TestApp};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const NANOSECOND: Duration = Duration::from_nanos(1);

/// For how long a request is retried.
const RETRIED: Duration = Duration::from_secs(2 * 60 * 60);

/// What must be left for a claim.
const WORTH_STARTING: Duration = Duration::from_secs(6);

/// What is kept of an invocation for its end.
const MARGIN: Duration = Duration::from_secs(10);

/// A request for Alex that waits, because Graph did not answer; the queue has lost its message. Gives its id.
async fn waiting(app: &TestApp) -> String {
    app.tenant
        .fail(Fault::on("GET", "").times(u32::MAX).status(503));
    let reply = app.reset(app.draft().target(ALEX)).await;
    reply.assert_waiting("directory_unavailable");
    app.tenant.mend();
    app.lose_messages();
    reply.reset().to_owned()
}

fn is_claimed(app: &TestApp) -> bool {
    app.decisions().contains(&"allowed".to_owned())
}

#[tokio::test]
async fn a_request_with_just_enough_time_left_is_begun_and_one_with_less_is_given_up() {
    for (less, begins) in [(Duration::ZERO, true), (NANOSECOND, false)] {
        let app = TestApp::new().await;
        let arrived = app.clock.now();
        let id = Wake::Reset(waiting(&app).await.parse().unwrap());
        let end = arrived.checked_add(RETRIED).unwrap();
        let left = WORTH_STARTING - less;
        let at = end.checked_sub(left).unwrap();
        let until = at.duration_since(app.clock.now());
        app.clock.pass(until.try_into().unwrap());
        app.app.wake(id, None).await.unwrap();
        assert_eq!(is_claimed(&app), begins, "{left:?}");
        let given_up = app
            .decisions()
            .contains(&"refused directory_unavailable".to_owned());
        assert_eq!(given_up, !begins, "{:?}", app.decisions());
    }
}

#[tokio::test]
async fn a_run_with_just_enough_time_left_claims_and_one_with_less_leaves_it_to_the_next() {
    for (less, claims) in [(Duration::ZERO, true), (NANOSECOND, false)] {
        let app = TestApp::new().await;
        let id = Wake::Reset(waiting(&app).await.parse().unwrap());
        app.clock.pass(MINUTE);
        let ends = app.clock.now().checked_add(MARGIN + WORTH_STARTING - less);
        app.app
            .wake(id, Some(Deadline(ends.unwrap())))
            .await
            .unwrap();
        assert_eq!(is_claimed(&app), claims, "{less:?}");
        app.wait(MINUTE).await;
        assert!(is_claimed(&app));
    }
}

#[tokio::test]
async fn an_abandoned_reset_is_closed_from_the_very_moment_when_its_time_and_its_lease_are_over() {
    for (less, closes) in [(Duration::ZERO, true), (NANOSECOND, false)] {
        // Its two hours, and then its lease, end at the moment or just after it.
        for by_lease in [false, true] {
            let interrupted = Interrupted::new().await;
            let app = &interrupted.app;
            app.lose_messages();
            let lease = interrupted.lease_until();
            let end = interrupted.received_at().checked_add(RETRIED).unwrap();
            let end = if by_lease {
                end.checked_add(MINUTE).unwrap()
            } else {
                end
            };
            assert!(lease < end);
            if by_lease {
                interrupted.set_lease_until(end);
            }
            let until = end
                .checked_sub(less)
                .unwrap()
                .duration_since(app.clock.now());
            app.clock.pass(until.try_into().unwrap());
            let second = app.approve(app.draft().ticket("RITM1"));
            let reply = app.send(app.servicenow("RITM1", JANE, &second)).await;
            reply.assert_waiting("target_busy");
            let is_closed = app.decisions().contains(&"NeedsHuman".to_owned());
            assert_eq!(is_closed, closes, "{less:?} {by_lease}");
        }
    }
}

#[tokio::test]
async fn a_repeated_request_waits_three_seconds_for_the_run_that_it_repeats() {
    let Interrupted { app, delivery, .. } = Interrupted::new().await;
    let asked = app.clock.now();
    app.send(delivery).await.assert_running();
    let waited: Duration = app.clock.now().duration_since(asked).try_into().unwrap();
    assert_eq!(waited, 3 * SECOND);
    assert_eq!(app.writes(), [""; 0]);
}
