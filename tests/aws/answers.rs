//! Each field of each answer of Secrets Manager, DynamoDB, SQS and SNS is changed into something that it should not be,
//! and so is each field of the stored items. A whole reset is run on that.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use reregister_mfa::aws::DynamoDb;
use reregister_mfa::clock::{SystemClock, Timestamp};
use reregister_mfa::reset::{FreezeChange, FreezeReason, Ledger, Tiers};
use simulated::entra::Fault;

use crate::behind_proxy::BehindProxy;
use crate::each::{self, every, in_own_runtime};
use crate::odd::{Change, Field, Odd, Where};
use crate::table::{self, Outcomes};
use crate::test_app::{Document, JANE, without_cool_down};

/// What stands in the table when the delivery comes whose answers are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing is in the way.
    Nothing,
    /// Resets are frozen.
    Frozen,
    /// A reset of the person was begun, and then resets were frozen.
    FrozenMeanwhile,
    /// The approval was used for a reset of the person.
    Used,
    /// Another reset of the person is running.
    Running,
    /// The person was reset a moment ago.
    JustReset,
}

/// All before which nothing may be changed.
const IN_THE_WAY: [Before; 5] = [
    Before::Frozen,
    Before::FrozenMeanwhile,
    Before::Used,
    Before::Running,
    Before::JustReset,
];

/// How it ended after ten minutes.
struct End {
    outcome: String,
    is_completed: bool,
    /// The changes that were asked of Graph meanwhile.
    writes: Vec<String>,
    left: Vec<String>,
    sessions_revoked: bool,
    seen: BTreeSet<Field>,
    changed: usize,
}

async fn freeze(store: DynamoDb) {
    let change = FreezeChange::Freeze {
        tiers: Tiers::All,
        why: FreezeReason::new("a laptop was stolen").unwrap(),
    };
    let ledger = Ledger::new(Arc::new(store));
    ledger
        .change_freeze(&change, Timestamp::now())
        .await
        .unwrap();
}

async fn play(before: Before, change: Option<Change>) -> End {
    let policy = |policy: Document| match before {
        Before::JustReset => policy,
        _ => without_cool_down(policy),
    };
    let BehindProxy {
        app,
        proxy,
        direct,
        table,
    } = BehindProxy::new(policy, change).await;
    let clock = Arc::new(SystemClock);
    let approval = |ticket: &str| {
        let draft = app.draft().ticket(ticket);
        app.approve(draft.scope("mfa:reregister passkeys:remove"))
    };
    let used = approval("HELP-42");
    let mut delivery = app.jira(&used);
    match before {
        Before::Nothing => {}
        Before::Frozen => freeze(DynamoDb::new(&direct, table, clock)).await,
        Before::Used | Before::JustReset => {
            assert_eq!(app.send(delivery.clone()).await.state(), "completed");
            let other = app.jira_automation(&used);
            delivery = match before {
                Before::Used => other,
                _ => app.jira(&approval("HELP-42")),
            };
        }
        Before::Running | Before::FrozenMeanwhile => {
            let outage = Fault::on("DELETE", "Methods").times(u32::MAX);
            app.tenant.fail(outage.status(503));
            assert_eq!(app.send(delivery.clone()).await.state(), "running");
            app.tenant.mend();
            if before == Before::FrozenMeanwhile {
                freeze(DynamoDb::new(&direct, table, clock)).await;
            } else {
                app.lose_messages();
                delivery = app.jira(&approval("HELP-42"));
            }
        }
    }
    let earlier = app.writes().len();
    proxy.turn(true);
    let mut reply = app.send(delivery.clone()).await;
    if reply.status == 202 {
        app.wait(Duration::from_secs(10 * 60)).await;
        reply = app.send(delivery).await;
    }
    let mut left = app.has(JANE);
    left.retain(|method| !matches!(method.as_str(), "password" | "windowsHelloForBusiness"));
    End {
        outcome: match (reply.state(), reply.code()) {
            ("", code) => format!("refused `{code}`"),
            (state, "") => format!("`{state}`"),
            (state, code) => format!("{state} `{code}`"),
        },
        is_completed: reply.state() == "completed",
        writes: app.writes().split_off(earlier),
        left,
        sessions_revoked: app.tenant.sessions_revoked(JANE),
        seen: proxy.seen(),
        changed: proxy.changed(),
    }
}

fn run(before: Before, change: Option<Change>) -> End {
    in_own_runtime(play(before, change))
}

/// Runs one for each change. Those in which the change was never asked for are left out.
fn run_each(before: Before, changes: Vec<Change>) -> Vec<(Change, End)> {
    each::run_each(changes, |change| {
        let end = run(before, Some(change));
        (end.changed > 0).then_some(end)
    })
}

/// All changes of these fields, each of all items of a list at once.
fn changes(fields: BTreeSet<Field>) -> Vec<Change> {
    let mut changes = each::changes(fields);
    changes.retain(|change| change.at == Where::Everywhere);
    changes
}

#[test]
#[ignore = "needs moto: make test"]
fn no_strange_answer_of_aws_has_a_person_changed_where_something_is_in_the_way() {
    let (mut cases, mut faults) = (0, Vec::new());
    for (nth, before) in IN_THE_WAY.into_iter().enumerate() {
        let plain = run(before, None);
        assert_eq!(plain.writes, [""; 0], "{before:?}: {}", plain.outcome);
        let changes = changes(plain.seen).into_iter();
        let sample = changes.skip(nth % every()).step_by(every()).collect();
        for (change, end) in run_each(before, sample) {
            cases += 1;
            let is_no_item =
                change.field.pointer == "/Item" && matches!(change.odd, Odd::Absent | Odd::Null);
            if !end.writes.is_empty() && !is_no_item {
                faults.push(format!(
                    "{before:?}: {change:?}: {} {:?}",
                    end.outcome, end.writes
                ));
            }
        }
    }
    println!("{cases} strange answers of AWS with something in the way");
    assert!(cases * every() > 400, "only {cases}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
#[ignore = "needs moto: make test"]
fn no_strange_answer_of_aws_has_a_reset_called_done_that_is_not() {
    let plain = run(Before::Nothing, None);
    assert!(plain.is_completed, "{}", plain.outcome);
    let changes = changes(plain.seen).into_iter();
    let mut faults = Vec::new();
    let (mut cases, mut outcomes) = (0, Outcomes::new());
    for (change, end) in run_each(Before::Nothing, changes.step_by(every()).collect()) {
        cases += 1;
        let is_other_secret = change.field.pointer == "/SecretString";
        let is_done = end.left.is_empty() && end.sessions_revoked;
        if end.is_completed && (!is_done || is_other_secret) {
            faults.push(format!(
                "{change:?}: {:?}, {}",
                end.left, end.sessions_revoked
            ));
        }
        let of_field = outcomes.entry(change.field).or_default();
        of_field.entry(change.odd).or_default().insert(end.outcome);
    }
    println!(
        "{cases} strange answers of AWS in {} fields",
        outcomes.len()
    );
    assert!(cases * every() > 600, "only {cases}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // A sample proves nothing of the table, which only the full form writes.
    if every() == 1 {
        table::check("aws", &outcomes, true);
    }
}
