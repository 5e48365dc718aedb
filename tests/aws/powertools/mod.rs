//! The ledger, held to the test cases of the idempotency utility of Powertools for AWS Lambda (Python): the whole
//! product over a table of moto.
//!
//! | Powertools | here |
//! |---|---|
//! | `first_execution`, `…_with_validation` | `a_first_delivery_is_done_and_its_items_are_in_the_table` |
//! | `already_completed` | `what_is_done_is_answered_from_the_table_even_after_its_items_have_expired` |
//! | `expired`, `status_expired` | the same, 36 days later |
//! | ttl expiration | `what_dynamodb_has_forgotten_is_not_done_again` |
//! | `in_progress`, `status_inprogress_consistent` | `while_somebody_works_on_it_a_second_delivery_does_nothing` |
//! | `expires_in_progress_before_…`, `…_after_expire` | `a_lease_is_held_to_its_last_second_and_then_taken_up` |
//! | `…_unavailable_remaining_time` | the same: no test here has a deadline of the platform |
//! | seconds for milliseconds (#1387) | the same |
//! | `expired_during_request`, ttl timeout | `when_the_first_never_answers_the_second_or_the_queue_completes_it` |
//! | `status_inprogress_inconsistent` | `whoever_comes_back_after_the_lease_changes_nothing_more` |
//! | `in_progress_expiry` missing (#8386) | `a_record_that_does_not_say_when_its_lease_ends_is_no_orphan` |
//! | invalid status value | `a_record_that_cannot_be_read_is_never_executed` |
//! | `event_mutation`, payload tampering | `an_approval_that_was_used_is_no_good_for_another_ticket` |
//! | `tampering_nested_object` | `a_body_that_was_changed_on_its_way_is_nobodys` |
//! | `completed_with_validation_bad_payload` | `the_same_ticket_in_another_body_is_the_same_reset` |
//! | `data_sorting` | `the_same_json_in_another_order_is_another_delivery_and_the_same_reset` |
//! | `duplicates`, compound key | `the_same_bytes_from_another_source_are_another_delivery_and_the_same_reset` |
//! | `exception` | `a_panic_in_the_middle_leaves_its_record_and_the_work_goes_on` |
//! | `persistence_exception_getting` | `wherever_a_read_fails_it_is_not_accepted_or_finished_later` |
//! | `…_updating`, `save_inprogress_error` | `wherever_a_write_fails_it_is_not_accepted_or_finished_later` |
//! | none: the answer to our own write is lost | `a_write_of_ours_is_known_as_ours_also_when_it_was_sent_twice` |
//! | `persistence_exception_deleting` | `nothing_is_ever_deleted` |
//! | parallel execution | `eight_deliveries_at_once_are_one_reset` |
//! | thread safety | `two_people_at_once_are_two_resets` |
//! | `…_cached`, `…_with_cache`, `…_never_saved_to_cache`, `cache_with_…` | no meaning: nothing is cached |
//! | `missing_idempotency_key`, falsy values, optional key | no meaning: there is always a digest |
//! | response hook, disabled by the environment | no meaning: there is no such thing |

mod product;

use std::collections::BTreeSet;
use std::time::Duration;

use reregister_mfa::clock::{self, Clock, Timestamp};
use reregister_mfa::ids::Digest;
use reregister_mfa::reset::ports::Wake;
use serde_json::{Map, Value, json};
use simulated::request::Request;
use simulated::senders::signatures::hub_signature;

use crate::test_app::{AUTOMATION_SECRET, JANE, JIRA_SECRET};

const ALEX: &str = "alex.wilber@contoso.example";
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

use product::*;

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_first_delivery_is_done_and_its_items_are_in_the_table() {
    let product = Product::new().await;
    let reply = product.send().await;
    is_completed(&reply);
    product.is_done(1).await;
    let digest = Digest::of(&product.delivery.body);
    let expected: [&str; 8] = [
        "approval#https://approvals.contoso.example#",
        "count#approver#",
        "count#issuer#",
        "count#tenant#",
        "count#verifier#",
        &format!("delivery#jira#{digest}"),
        &format!("reset#{}", reply.json["reset"].as_str().unwrap()),
        "target#",
    ];
    let items = product.items("").await;
    assert_eq!(items.len(), expected.len(), "{:?}", items.keys());
    for ((key, item), expected) in items.iter().zip(expected) {
        assert!(key.starts_with(expected), "{key}");
        // In seconds, as DynamoDB wants it.
        let left = expires_at(item) - product.test_app.now();
        assert!((34 * 86_400..=35 * 86_400).contains(&left), "{key}: {left}");
    }
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn what_is_done_is_answered_from_the_table_even_after_its_items_have_expired() {
    let (product, first) = Product::done().await;
    for later in [Duration::ZERO, 100 * MINUTE, DAY, 36 * DAY] {
        product.test_app.clock.pass(later);
        let again = product.send().await;
        is_stored(&again, &first);
        assert_eq!(again.note(), first.note());
    }
    let now = product.test_app.now();
    let items = product.items("").await;
    assert!(items.values().all(|item| expires_at(item) < now));
    let other = added_to("HELP-42", &product);
    is_stored(&product.test_app.send(other).await, &first);
    assert_eq!(product.test_app.tenant.calls().len(), 0);
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn what_dynamodb_has_forgotten_is_not_done_again() {
    for (prefix, status, code) in [
        ("delivery#", 200, ""),
        ("approval#", 200, ""),
        ("target#", 200, ""),
        ("reset#", 422, "approval_used"),
        ("", 422, "approval_expired"),
    ] {
        let (product, _) = Product::done().await;
        product.test_app.clock.pass(36 * DAY);
        product.forget(prefix).await;
        let reply = product.send().await;
        assert_eq!((reply.status, reply.code()), (status, code), "{prefix}");
        product.nothing_was_changed();
    }
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn while_somebody_works_on_it_a_second_delivery_does_nothing() {
    for (nth, state) in [(CLAIM, "waiting"), (FIRST_INTENT, "running")] {
        let product = Product::new().await;
        let meanwhile = async {
            let before = product.test_app.writes();
            let second = product.send().await;
            assert_eq!((second.status, &second.json["state"]), (202, &state.into()));
            assert_eq!(product.test_app.writes(), before);
            second
        };
        let (first, second) = product.send_and(nth, meanwhile).await;
        assert_eq!(first.json["reset"], second.json["reset"]);
        product.test_app.wait(10 * MINUTE).await;
        is_stored(&product.send().await, &second);
        product.is_done(1).await;
    }
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_lease_is_held_to_its_last_second_and_then_taken_up() {
    let product = Product::stuck().await;
    let (app, clock) = (&product.test_app.app, &product.test_app.clock);
    let record = product.records().await.remove(0);
    let id = record["id"].as_str().unwrap().parse().unwrap();
    let ends: Timestamp = record["lease_until"].as_str().unwrap().parse().unwrap();
    let left = clock::between(clock.now(), ends);
    // What the source has for its answer, and 20 seconds.
    assert_eq!(left, Duration::from_secs(15 + 20));
    let short = Duration::from_millis(999);
    clock.pass(left - short);
    app.wake(Wake::Reset(id), None).await.unwrap();
    product.nothing_was_changed();
    assert_eq!(product.records().await, [record]);
    clock.pass(short);
    app.wake(Wake::Reset(id), None).await.unwrap();
    product.is_done(1).await;
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn when_the_first_never_answers_the_second_or_the_queue_completes_it() {
    // The lease ends after 35 seconds: before the second comes, or while it waits, which it does for three seconds.
    for later in [60, 33] {
        let product = Product::stuck().await;
        product.test_app.clock.pass(Duration::from_secs(later));
        is_completed(&product.send().await);
        product.is_done(1).await;
    }
    let product = Product::stuck().await;
    product.test_app.clock.pass(Duration::from_secs(30));
    product.send().await.assert_running();
    product.test_app.wait(MINUTE).await;
    product.is_done(1).await;
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn whoever_comes_back_after_the_lease_changes_nothing_more() {
    let product = Product::new().await;
    let meanwhile = async {
        product.test_app.clock.pass(MINUTE);
        is_completed(&product.send().await);
        product.items("").await
    };
    let (first, after) = product.send_and(FIRST_INTENT, meanwhile).await;
    assert_eq!(first.status, 202, "it knows no more than that: {first:?}");
    assert_eq!(product.items("").await, after);
    // Both revoke sessions, which does no harm.
    product.is_done(2).await;
}

/// A reset is interrupted, its record changed, and nobody does anything with it.
async fn is_never_executed(change: impl Fn(&mut Value)) {
    let product = Product::stuck().await;
    let before = product.records().await;
    product.edit("reset#", change).await;
    assert_ne!(product.records().await, before);
    product.test_app.clock.pass(MINUTE);
    let reply = product.send().await;
    assert_eq!((reply.status, reply.code()), (503, "misconfigured"));
    product.test_app.wait(180 * MINUTE).await;
    product.nothing_was_changed();
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_record_that_cannot_be_read_is_never_executed() {
    is_never_executed(|record| *record = json!({})).await;
    is_never_executed(|record| record["stage"]["claimed"]["state"] = "EXPIRED".into()).await;

    // That of an approval, which is looked up for another delivery, before that is accepted.
    let (product, _) = Product::done().await;
    product.edit("approval#", |used| *used = json!({})).await;
    let reply = product.test_app.send(added_to("HELP-42", &product)).await;
    assert_eq!((reply.status, reply.code()), (503, "misconfigured"));
    product.test_app.wait(180 * MINUTE).await;
    product.nothing_was_changed();
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_record_that_does_not_say_when_its_lease_ends_is_no_orphan() {
    is_never_executed(|record| record["lease_until"] = Value::Null).await;
    is_never_executed(|record| record["lease_until"] = json!(1_790_000_000_000_u64)).await;
    is_never_executed(|record| {
        record.as_object_mut().unwrap().remove("lease_until");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn an_approval_that_was_used_is_no_good_for_another_ticket() {
    let (product, first) = Product::done().await;
    let reply = product.test_app.send(added_to("HELP-43", &product)).await;
    assert_eq!((reply.status, reply.code()), (422, "other_ticket"));
    is_stored(&product.send().await, &first);
    assert_eq!(product.test_app.tenant.calls().len(), 0);
    product.claimed_one().await;
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_body_that_was_changed_on_its_way_is_nobodys() {
    let product = Product::new().await;
    let text = String::from_utf8(product.delivery.body.clone()).unwrap();
    let changed = Request {
        body: text.replace("HELP-42", "HELP-43").into_bytes(),
        ..product.delivery.clone()
    };
    assert_ne!(changed, product.delivery);
    let reply = product.test_app.send(changed).await;
    assert_eq!((reply.status, reply.code()), (401, "delivery_unauthentic"));
    assert_eq!(product.items("").await.len(), 0);
    is_completed(&product.send().await);
}

/// Another delivery with the same approval gets the same outcome, and is remembered as another.
async fn is_another_of_the_same(other: impl FnOnce(&Product) -> Request) {
    let (product, first) = Product::done().await;
    let other = other(&product);
    for _ in 0..2 {
        is_stored(&product.test_app.send(other.clone()).await, &first);
    }
    assert_eq!(product.test_app.tenant.calls().len(), 0);
    assert_eq!(product.items("delivery#").await.len(), 2);
    product.claimed_one().await;
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn the_same_ticket_in_another_body_is_the_same_reset() {
    is_another_of_the_same(|product| added_to("HELP-42", product)).await;
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn the_same_json_in_another_order_is_another_delivery_and_the_same_reset() {
    is_another_of_the_same(|product| {
        let delivery = product.delivery.clone().without("X-Hub-Signature");
        let event: Map<String, Value> = serde_json::from_slice(&delivery.body).unwrap();
        let members: Vec<String> = event
            .iter()
            .rev()
            .map(|(name, value)| format!("{}:{value}", json!(name)))
            .collect();
        let body = format!("{{{}}}", members.join(",")).into_bytes();
        let signature = hub_signature(JIRA_SECRET, &body);
        let signed = delivery.header("X-Hub-Signature", signature);
        Request { body, ..signed }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn the_same_bytes_from_another_source_are_another_delivery_and_the_same_reset() {
    is_another_of_the_same(|product| {
        let body = product.delivery.body.clone();
        Request::post_json("/webhooks/jira-automation", body)
            .header("X-Reregister-Secret", AUTOMATION_SECRET)
    })
    .await;
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_panic_in_the_middle_leaves_its_record_and_the_work_goes_on() {
    for nth in [CLAIM, FIRST_INTENT, FIRST_INTENT + 1] {
        let product = Product::new().await;
        product.store.plan(Call::Commit, nth, Trouble::Panics);
        let reply = product.send().await;
        assert_eq!((reply.status, reply.code()), (500, "internal_error"));
        let name = product.records().await[0]["id"].clone();
        product.test_app.wait(MINUTE).await;
        product.is_done(2).await;
        assert_eq!(product.records().await[0]["id"], name);
    }
}

/// Something goes wrong with each call in turn. What is not accepted is not done, and what is comes to its end by
/// itself.
async fn wherever(call: Call, trouble: Trouble, statuses: &[u16], most_revocations: usize) {
    for nth in 0.. {
        let product = Product::new().await;
        product.store.plan(call, nth, trouble);
        let first = product.send().await;
        if !product.store.struck() {
            assert!(nth > 6, "there are more calls than {nth}");
            return;
        }
        assert!(statuses.contains(&first.status), "{nth}: {first:?}");
        if first.status == 503 {
            assert_eq!(first.code(), "ledger_unavailable");
            assert_eq!(product.items("").await.len(), 0);
            product.test_app.wait(10 * MINUTE).await;
            product.nothing_was_changed();
            is_completed(&product.send().await);
        } else {
            product.test_app.wait(10 * MINUTE).await;
            is_stored(&product.send().await, &first);
        }
        product.is_done(most_revocations).await;
    }
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn wherever_a_read_fails_it_is_not_accepted_or_finished_later() {
    wherever(Call::Read, Trouble::Fails, &[200, 202, 503], 1).await;
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn wherever_a_write_fails_it_is_not_accepted_or_finished_later() {
    // 200: the last write only says that everybody was told.
    wherever(Call::Commit, Trouble::Fails, &[200, 202, 503], 2).await;
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_write_of_ours_is_known_as_ours_also_when_it_was_sent_twice() {
    wherever(Call::Commit, Trouble::AnswerLost, &[200], 1).await;
    wherever(Call::Commit, Trouble::SentTwice, &[200], 1).await;
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn eight_deliveries_at_once_are_one_reset() {
    let product = Product::new().await;
    // All have found nothing when the first of them is accepted.
    product.store.gathering.add_permits(AT_ONCE);
    let replies = futures_util::future::join_all((0..AT_ONCE).map(|_| product.send())).await;
    product.test_app.wait(60 * MINUTE).await;
    let last = product.send().await;
    for reply in replies {
        assert!(matches!(reply.status, 200 | 202), "{reply:?}");
        is_stored(&last, &reply);
    }
    product.is_done(1).await;
    assert_eq!(product.records().await.len(), 1);
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn two_people_at_once_are_two_resets() {
    let product = Product::new().await;
    let test_app = &product.test_app;
    let approval = test_app.approve(test_app.draft().target(ALEX).ticket("RITM1"));
    let delivery = test_app.servicenow("RITM1", ALEX, &approval);
    let (jane, alex) = tokio::join!(product.send(), test_app.send(delivery));
    for (reply, target) in [(jane, JANE), (alex, ALEX)] {
        is_completed(&reply);
        assert_eq!(reply.json["target"], target);
    }
    assert_eq!(product.items("approval#").await.len(), 2);
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn nothing_is_ever_deleted() {
    let product = Product::new().await;
    let mut kept = BTreeSet::new();
    for (delivery, enabled, status) in [
        (product.delivery.clone(), false, 422),
        // A refusal is no end of it: the same may be asked again.
        (product.delivery.clone(), true, 200),
        (product.delivery.clone(), true, 200),
        (added_to("HELP-42", &product), true, 200),
        (added_to("HELP-43", &product), true, 422),
    ] {
        product.test_app.tenant.set_enabled(JANE, enabled);
        assert_eq!(product.test_app.send(delivery).await.status, status);
        let keys: BTreeSet<String> = product.items("").await.into_keys().collect();
        assert!(keys.is_superset(&kept), "{kept:?} {keys:?}");
        kept = keys;
    }
    product.is_done(1).await;
}
