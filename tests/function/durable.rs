//! What one process leaves undone another finishes; and many at once do it once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use simulated::entra::Fault;
use simulated::function_url;
use simulated::request::Request;
use simulated::runtime_api::Invocation;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::senders::on_call;
use simulated::senders::servicenow::ItemApproved;
use simulated::tickets::jira_cloud::{API_TOKEN, EMAIL, JiraCloud};
use simulated::tickets::servicenow::{PASSWORD, ServiceNow, USER};
use tokio::net::TcpListener;

use crate::deployment::{Deployment, Entrance, Extras, Worker};
use crate::moto;

const JANE: &str = "jane.doe@contoso.example";
const ADELE: &str = "adele.vance@contoso.example";
const ITEM: &str = "RITM0010072";
// As in examples/secrets.json.
const JIRA_SECRET: &str = "development only: the secret of the Jira webhook";
const SERVICENOW_KEY: &str = "whsec_ZGV2ZWxvcG1lbnQgb25seTogdGhlIHNlY3JldCBvZiBTZXJ2aWNlTm93";

/// More than anything here takes.
const TIME: Duration = Duration::from_secs(60);

pub async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// One message as Lambda hands it over (AWS Lambda developer guide, "Using Lambda with Amazon SQS").
pub fn event(body: &str) -> Value {
    json!({"Records": [{
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:wake",
        "awsRegion": "eu-west-1",
    }]})
}

/// What the queue brings next, within ten seconds.
pub async fn next_message(queue: &str) -> String {
    let client = aws_sdk_sqs::Client::new(&moto::config().await);
    for _ in 0..10 {
        let received = client
            .receive_message()
            .queue_url(queue)
            .wait_time_seconds(1)
            .send()
            .await
            .unwrap();
        if let Some(message) = received.messages().first() {
            return message.body().unwrap().to_owned();
        }
    }
    panic!("nothing came out of the queue");
}

pub async fn succeeds(worker: &Worker, event: Value) {
    let answer = worker.api.invoke(event, TIME).await;
    assert!(
        matches!(answer, Ok(Invocation::Response(_))),
        "an error would bring the message again: {answer:?}"
    );
}

async fn fails(worker: &Worker, event: Value) {
    let answer = worker.api.invoke(event.clone(), TIME).await;
    assert!(
        matches!(answer, Ok(Invocation::Error { .. })),
        "{event}: {answer:?}"
    );
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn what_the_function_behind_the_url_could_not_do_the_worker_does_when_the_queue_brings_it() {
    let servicenow = ServiceNow::new();
    servicenow.add_record("sc_req_item", ITEM);
    let serving = servicenow.serve(listener().await);
    let notes = format!(
        "[notes.servicenow]\n\
         system.servicenow = {{ instance = {:?}, table = \"sc_req_item\" }}\n\
         secret = \"sandbox/servicenow-notes\"\n",
        serving.url
    );
    let account = json!({"username": USER, "password": PASSWORD});
    let extras = Extras {
        policy: notes,
        secrets: vec![("sandbox/servicenow-notes", account)],
        queue: true,
        ..Extras::default()
    };
    let deployment = Deployment::with(Entrance::RuntimeApi, extras).await;
    let mut worker = deployment.worker().await;

    deployment
        .tenant
        .fail(Fault::on("GET", "").times(u32::MAX).status(503));
    let approval = deployment
        .service_desk
        .approve(&deployment.draft(ITEM, ADELE));
    let item = ItemApproved::new(ITEM, ADELE).approval(&approval);
    let now = jiff::Timestamp::now().as_second();
    let asked = item.signed("/webhooks/servicenow", SERVICENOW_KEY, now);
    let first = deployment.send(asked.unwrap()).await;
    assert_eq!(first.status, 202, "{first:?}");
    assert_eq!(first.json["state"], "waiting", "{first:?}");
    assert_eq!(first.json["code"], "directory_unavailable", "{first:?}");
    deployment.tenant.mend();
    assert!(deployment.tenant.writes().is_empty());

    // Somebody else has written into the queue before.
    fails(&worker, event("reset everybody")).await;
    let message = next_message(deployment.queue.as_ref().unwrap()).await;
    let reset = first.json["reset"].as_str().unwrap();
    assert_eq!(message, json!({"reset": reset}).to_string());
    succeeds(&worker, event(&message)).await;

    let read = on_call::get(&format!("/resets/{reset}"), &approval);
    let read = deployment.send(read).await;
    assert_eq!((read.status, read.word().as_str()), (200, "completed"));
    let journal = servicenow.journal(ITEM);
    assert_eq!(journal.len(), 1, "{journal:?}");
    assert!(
        journal[0]
            .text
            .ends_with(&format!("\nreregister-mfa {reset}"))
    );

    // Queues bring a message more than once.
    let writes = deployment.tenant.writes().len();
    succeeds(&worker, event(&message)).await;
    assert_eq!(deployment.tenant.writes().len(), writes);
    assert_eq!(servicenow.journal(ITEM).len(), 1);
    assert!(worker.is_up());
}

fn jira(ticket: &str, approval: &str) -> Request {
    let approved = Status::new("10042", "Approved");
    let issue = Issue::new(ticket, approved).field("customfield_10123", approval);
    IssueEvent::transition(issue, &Status::new("1", "Open")).signed("/webhooks/jira", JIRA_SECRET)
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn fifty_deliveries_of_one_approval_at_once_make_one_reset_and_one_note() {
    let site = JiraCloud::new();
    site.add_issue("HELP-1");
    let serving = site.serve(listener().await);
    let notes = format!(
        "[notes.jira]\nsystem.jira_cloud.site = {:?}\nsecret = \"sandbox/jira-notes\"\n",
        serving.url
    );
    let account = json!({"email": EMAIL, "api_token": API_TOKEN});
    let extras = Extras {
        policy: notes,
        secrets: vec![("sandbox/jira-notes", account)],
        ..Extras::default()
    };
    let deployment = Deployment::with(Entrance::Socket, extras).await;
    let draft = deployment.draft("HELP-1", JANE);
    let delivery = jira("HELP-1", &deployment.service_desk.approve(&draft));

    let asked = (0..50).map(|_| deployment.send(delivery.clone()));
    let mut resets = BTreeSet::new();
    for reply in futures_util::future::join_all(asked).await {
        assert!(matches!(reply.status, 200 | 202), "{reply:?}");
        resets.insert(reply.json["reset"].to_string());
    }
    assert_eq!(resets.len(), 1, "{resets:?}");

    // It goes on by itself if that took longer than the senders wait.
    for _ in 0..120 {
        if !site.comments("HELP-1").is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let last = deployment.send(delivery).await;
    assert_eq!((last.status, last.word().as_str()), (200, "completed"));
    assert_eq!(deployment.tenant.methods_of(JANE).len(), 1);
    let writes = deployment.tenant.writes();
    let revoked = writes
        .iter()
        .filter(|call| call.path.ends_with("revokeSignInSessions"))
        .count();
    assert_eq!(revoked, 1, "{writes:?}");
    assert_eq!(site.comments("HELP-1").len(), 1);
}

#[tokio::test]
async fn what_is_no_wake_is_an_error_and_so_is_a_wake_while_aws_is_down_and_the_next_is_served() {
    // Nobody listens on this port: connections are refused at once.
    let deployment = Deployment::at(Entrance::RuntimeApi, "http://127.0.0.1:9", "x", "x").await;
    let mut worker = deployment.worker().await;
    let wake = json!({"reset": "6e7b768e-07e2-4810-8459-485f84f8f204"});
    let mut more = wake.clone();
    more["remove"] = json!("everything");
    for wrong in [
        event(""),
        event("reset everybody"),
        event("{}"),
        event(&json!({"reset": "all"}).to_string()),
        event(&more.to_string()),
        json!({}),
        json!([]),
        function_url::event(&Request::get("/health")),
        // What this one is about cannot be looked up: the queue has to bring it again.
        event(&wake.to_string()),
    ] {
        fails(&worker, wrong).await;
        succeeds(&worker, json!({"Records": []})).await;
    }
    assert!(worker.is_up());
}
