//! The budget of round trips: how long a reset takes while time stands still for all but its calls, and which calls it makes.
//!
//! Graph and the ticket system are 60 milliseconds away, AWS is 4. A reset has one critical path, and every safety rule that
//! adds a round trip to it has to change a figure here. The trips in their order, each with what goes beside it, the rule that
//! it serves and the test that fails without it:
//!
//! 1. AWS, delivery and approvals. A replay buys no call to Graph:
//!    `a_delivery_that_came_before_is_answered_without_graph`
//! 2. Graph, people; beside it AWS, wake and then accept. The wake comes first, so that nothing is lost:
//!    `acting_before_acceptance_is_caught`, `a_queue_that_loses_messages_is_caught`
//! 3. Graph, what makes privileged, and methods; beside it AWS, switch, target and counts. No answer decides by coming
//!    first: `a_person_who_is_privileged_is_refused_after_two_trips_to_graph`
//! 4. AWS, claim with the first intent. One approval is for one reset, and a change is in the ledger before it is sent:
//!    `a_claim_without_intent_is_caught`,
//!    `a_freeze_that_comes_between_the_look_at_the_switch_and_the_claim_stops_the_claim`
//! 5. Graph, revoke; beside it Graph, list. Nothing is removed on a view from before the claim: `a_stale_view_is_caught`
//! 6. For each method AWS, intent, then Graph, removal. A run that was overtaken changes nothing:
//!    `a_ledger_without_a_fence_is_caught`
//! 7. Graph, list. Only what every list says is gone counts as removed
//! 8. AWS, end, over the target's version that the claim wrote; beside it AWS, wake. The person is freed with the end:
//!    `an_end_without_the_target_is_caught`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod distant;
mod virtual_time;
#[path = "../support/wiring.rs"]
mod wiring;

use std::time::Duration;

use distant::{Distant, Sent};

/// Microsoft Graph.
const GRAPH: u64 = 60;

/// DynamoDB and SQS.
const AWS: u64 = 4;

fn took(sent: &Sent) -> u64 {
    u64::try_from(sent.took.as_millis()).unwrap()
}

#[test]
fn a_reset_of_three_methods_by_name_takes_seven_trips_to_graph_and_six_to_aws() {
    let distant = Distant::new();
    let sent = distant.submit(&distant.by_name());
    assert_eq!(sent.state, "completed");
    assert_eq!(took(&sent), 7 * GRAPH + 6 * AWS);
    insta::assert_snapshot!(sent.calls, @r"
      0 AWS: read delivery, approval
      4 AWS: wake in 34 s
      4 Graph: person
      4 Graph: person
      4 Graph: person
      8 AWS: commit reset, delivery
     64 AWS: read freeze, target, count, count, count, count
     64 Graph: methods
     64 Graph: privilege facts
    124 AWS: commit reset, approval, target, count, count, count, count, freeze
    128 Graph: methods
    128 Graph: revoke sessions
    188 AWS: commit reset
    192 Graph: remove oath
    252 AWS: commit reset
    256 Graph: remove authenticator
    316 AWS: commit reset
    320 Graph: remove mobile
    380 Graph: methods
    440 AWS: commit reset, target
    440 AWS: wake in 1 s
    ");
}

#[test]
fn an_approval_by_object_ids_saves_one_trip_to_graph() {
    let distant = Distant::new();
    let sent = distant.submit(&distant.by_id());
    assert_eq!(sent.state, "completed");
    assert_eq!(took(&sent), 6 * GRAPH + 6 * AWS);
    insta::assert_snapshot!(sent.calls, @r"
      0 AWS: read delivery, approval
      4 AWS: read freeze, target, count, count, count, count
      4 AWS: wake in 34 s
      4 Graph: methods
      4 Graph: person
      4 Graph: person
      4 Graph: person
      4 Graph: privilege facts
      8 AWS: commit reset, delivery
     64 AWS: commit reset, approval, target, count, count, count, count, freeze
     68 Graph: methods
     68 Graph: revoke sessions
    128 AWS: commit reset
    132 Graph: remove oath
    192 AWS: commit reset
    196 Graph: remove authenticator
    256 AWS: commit reset
    260 Graph: remove mobile
    320 Graph: methods
    380 AWS: commit reset, target
    380 AWS: wake in 1 s
    ");
}

#[test]
fn whether_the_manager_vouched_is_asked_beside_the_rest() {
    let distant = Distant::new();
    let sent = distant.submit(&distant.vouched());
    assert_eq!(sent.state, "completed");
    assert_eq!(took(&sent), 6 * GRAPH + 6 * AWS);
    assert_eq!(sent.calls.matches("Graph: manager").count(), 1);
}

#[test]
fn an_object_id_of_the_target_alone_saves_that_trip_for_one_more_to_aws() {
    let distant = Distant::new();
    let sent = distant.submit(&distant.target_by_id());
    assert_eq!(sent.state, "completed");
    assert_eq!(took(&sent), 6 * GRAPH + 7 * AWS);
}

#[test]
fn each_method_more_costs_one_trip_to_graph_and_one_to_aws() {
    let distant = Distant::new();
    distant.register(2);
    let sent = distant.submit(&distant.by_name());
    assert_eq!(sent.state, "completed");
    assert_eq!(took(&sent), (7 + 2) * GRAPH + (6 + 2) * AWS);
}

#[test]
fn without_a_method_to_remove_one_list_after_the_revocation_is_the_last() {
    let distant = Distant::new();
    distant.register_none();
    let sent = distant.submit(&distant.by_name());
    assert_eq!(sent.state, "completed");
    assert_eq!(took(&sent), 4 * GRAPH + 3 * AWS);
}

#[test]
fn the_methods_of_a_privileged_person_are_read_once_more_by_the_credential_that_acts() {
    let distant = Distant::privileged();
    let sent = distant.submit(&distant.two_by_name());
    assert_eq!(sent.state, "completed");
    assert_eq!(took(&sent), 8 * GRAPH + 6 * AWS);
}

#[test]
fn a_delivery_that_came_before_is_answered_without_graph() {
    let distant = Distant::new();
    let delivery = distant.by_name();
    distant.submit(&delivery);
    let sent = distant.submit(&delivery);
    assert_eq!(sent.state, "completed");
    assert_eq!(took(&sent), 2 * AWS);
    insta::assert_snapshot!(sent.calls, @r"
    0 AWS: read delivery, approval
    4 AWS: read reset
    ");
}

#[test]
fn an_approval_that_was_used_is_answered_without_graph() {
    let distant = Distant::new();
    let delivery = distant.by_name();
    distant.submit(&delivery);
    let sent = distant.submit(&distant.in_another_body(&delivery));
    assert_eq!(sent.state, "completed");
    insta::assert_snapshot!(sent.calls, @r"
     0 AWS: read delivery, approval
     4 AWS: wake in 34 s
     8 AWS: commit reset, delivery
    12 AWS: read reset
    16 AWS: commit reset
    20 AWS: read reset
    ");
}

#[test]
fn a_person_who_is_privileged_is_refused_after_two_trips_to_graph() {
    let distant = Distant::privileged();
    let sent = distant.submit(&distant.by_name());
    assert_eq!(sent.state, "refused privileged_role");
    // The last one looks once more whether another reset has used the approval meanwhile.
    assert_eq!(took(&sent), 2 * GRAPH + 3 * AWS);
}

#[test]
fn the_worker_notifies_after_the_answer() {
    let distant = Distant::new();
    let sent = distant.submit(&distant.by_name());
    let woken = distant.wake(Duration::from_secs(1));
    assert!(!sent.calls.contains("note"), "{}", sent.calls);
    insta::assert_snapshot!(woken.calls, @r"
      0 AWS: read reset
      4 AWS: commit reset
      8 AWS: notice
     12 Jira: look for the note
     72 Jira: write the note
    132 AWS: commit reset
    ");
}

#[test]
fn a_reset_that_was_interrupted_is_resumed_with_every_check_made_again() {
    let distant = Distant::new();
    distant.stop_after("Graph: remove authenticator");
    distant.submit(&distant.by_name());
    let woken = distant.wake(Duration::from_secs(60));
    assert_eq!(distant.left(), ["password"]);
    insta::assert_snapshot!(woken.calls, @r"
      0 AWS: read reset
      4 AWS: commit reset
      8 AWS: read freeze
     12 Graph: person
     12 Graph: person
     12 Graph: person
     72 Graph: privilege facts
    132 Graph: methods
    192 AWS: commit reset
    196 Graph: remove mobile
    256 Graph: methods
    316 AWS: read target
    320 AWS: commit reset, target
    324 AWS: notice
    328 Jira: look for the note
    388 Jira: write the note
    448 AWS: commit reset
    ");
}
