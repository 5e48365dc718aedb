//! How many requests to AWS a reset takes, over HTTP: until its caller is answered, and then by the worker.
//! `tests/scenarios/round_trips.rs` does the same for Graph.

use std::time::Duration;

use simulated::entra::Fault;
use simulated::request::Request;

use crate::behind_proxy::BehindProxy;
use crate::test_app::requests::jira_event;
use crate::test_app::{ADELE, GRACE, JIRA_SECRET};

impl BehindProxy {
    /// A process that is ready for its first event: `prepare` has read the key files, as `main` has it do.
    async fn ready() -> BehindProxy {
        let behind = BehindProxy::new(|policy| policy, None).await;
        behind.app.app.prepare().await;
        behind
    }

    /// The requests since this was asked last, as lines with how often each was made.
    fn requests(&self) -> String {
        let calls = self.proxy.take_calls();
        let line = |(call, count): (&String, &usize)| {
            let service = service(call);
            format!("{count} {service} {call}")
        };
        calls.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The requests until the answer, and those of the worker after it.
    async fn reset(&self, delivery: Request) -> (String, String) {
        self.requests();
        let reply = self.app.send_alone(delivery).await;
        reply.assert_completed();
        let answered = self.requests();
        self.app.work().await;
        (answered, self.requests())
    }
}

/// Whose operation it is.
fn service(call: &str) -> &'static str {
    match call.split(' ').next() {
        Some("BatchGetItem" | "GetItem" | "TransactWriteItems") => "DynamoDB",
        Some("GetSecretValue") => "SecretsManager",
        Some("Publish") => "SNS",
        Some("SendMessage") => "SQS",
        _ => "another service:",
    }
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_cold_reset_fetches_its_secrets_and_a_warm_one_does_not() {
    let behind = BehindProxy::ready().await;
    let app = &behind.app;
    let (answered, worker) = behind.reset(app.jira(&app.approve(app.draft()))).await;
    insta::assert_snapshot!(answered, @r"
    2 DynamoDB BatchGetItem
    1 SecretsManager GetSecretValue sandbox/graph
    1 SecretsManager GetSecretValue sandbox/jira
    2 SQS SendMessage
    8 DynamoDB TransactWriteItems
    ");
    insta::assert_snapshot!(worker, @r"
    1 DynamoDB GetItem reset
    1 SNS Publish
    2 DynamoDB TransactWriteItems
    ");
    let adele = app.draft().target(ADELE).ticket("HELP-43");
    let delivery = jira_event("HELP-43", &app.approve(adele)).signed("/webhooks/jira", JIRA_SECRET);
    let (answered, worker) = behind.reset(delivery).await;
    insta::assert_snapshot!(answered, @r"
    2 DynamoDB BatchGetItem
    2 SQS SendMessage
    9 DynamoDB TransactWriteItems
    ");
    insta::assert_snapshot!(worker, @r"
    1 DynamoDB GetItem reset
    1 SNS Publish
    2 DynamoDB TransactWriteItems
    ");
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_privileged_person_takes_one_secret_more() {
    let behind = BehindProxy::ready().await;
    let app = &behind.app;
    behind.reset(app.jira(&app.approve(app.draft()))).await;
    let first = app.draft().target(GRACE).ticket("HELP-43");
    let second = app.second_draft().target(GRACE).ticket("HELP-43");
    let delivery = jira_event("HELP-43", &app.approve_twice(first, second));
    let delivery = delivery.signed("/webhooks/jira", JIRA_SECRET);
    let (answered, worker) = behind.reset(delivery).await;
    insta::assert_snapshot!(answered, @r"
    2 DynamoDB BatchGetItem
    1 SecretsManager GetSecretValue sandbox/graph-privileged
    2 SQS SendMessage
    6 DynamoDB TransactWriteItems
    ");
    insta::assert_snapshot!(worker, @r"
    1 DynamoDB GetItem reset
    1 SNS Publish
    2 DynamoDB TransactWriteItems
    ");
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_replay_takes_two_reads_and_a_resumption_reads_the_switch_and_the_target() {
    let behind = BehindProxy::ready().await;
    let app = &behind.app;
    let delivery = app.jira(&app.approve(app.draft()));
    let outage = Fault::on("DELETE", "Methods").times(u32::MAX);
    app.tenant.fail(outage.status(503));
    app.send_alone(delivery.clone()).await.assert_running();
    app.tenant.mend();
    behind.requests();
    app.wait(Duration::from_secs(10 * 60)).await;
    insta::assert_snapshot!(behind.requests(), @r"
    1 DynamoDB GetItem freeze
    2 DynamoDB GetItem reset
    1 DynamoDB GetItem target
    1 SNS Publish
    8 DynamoDB TransactWriteItems
    ");
    let (answered, worker) = behind.reset(delivery).await;
    insta::assert_snapshot!(answered, @r"
    1 DynamoDB BatchGetItem
    1 DynamoDB GetItem reset
    ");
    insta::assert_snapshot!(worker, @"");
}
