//! The queue: a wake carries a name and nothing else, and comes when it is due.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::types::QueueAttributeName;
use reregister_mfa::aws::{Sqs, SqsEvent, SqsMessage};
use reregister_mfa::ids::ResetId;
use reregister_mfa::reset::ports::{Queue, QueueError, Wake};
use serde_json::{Value, json};

use crate::moto;

const DRAFT: &str = "0123456789abcdef0123456789abcdef";

/// A new queue, and somebody who looks into it.
pub struct Letterbox {
    client: aws_sdk_sqs::Client,
    pub url: String,
}

impl Letterbox {
    pub async fn new(config: &SdkConfig) -> Letterbox {
        let client = aws_sdk_sqs::Client::new(config);
        let queue = client
            .create_queue()
            .queue_name(format!("q{}", uuid::Uuid::new_v4()))
            .send()
            .await
            .unwrap();
        let url = queue.queue_url().unwrap().to_owned();
        Letterbox { client, url }
    }

    /// What has come by now, or comes within a second.
    pub async fn letters(&self) -> Vec<String> {
        let received = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10)
            .wait_time_seconds(1)
            .send()
            .await
            .unwrap();
        received
            .messages()
            .iter()
            .map(|message| message.body().unwrap().to_owned())
            .collect()
    }

    pub async fn attribute(&self, name: QueueAttributeName) -> String {
        let queue = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(name.clone())
            .send()
            .await
            .unwrap();
        queue.attributes().unwrap()[&name].clone()
    }
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_wake_is_one_message_with_the_name_of_the_reset_and_nothing_else() {
    let config = moto::config().await;
    let letterbox = Letterbox::new(&config).await;
    let queue = Sqs::new(&config, letterbox.url.clone());
    let id = ResetId::random();
    queue
        .schedule(Wake::Reset(id), Duration::ZERO)
        .await
        .unwrap();

    let letters = letterbox.letters().await;
    assert_eq!(letters.len(), 1);
    let body: Value = serde_json::from_str(&letters[0]).unwrap();
    assert_eq!(body, json!({"reset": id.to_string()}));
    let message = SqsMessage {
        body: letters[0].clone(),
    };
    assert_eq!(message.wake().unwrap(), Wake::Reset(id));
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_wake_does_not_come_before_it_is_due_and_at_the_latest_after_the_fifteen_minutes_of_sqs()
{
    let config = moto::config().await;
    for after in [900, 2 * 60 * 60] {
        let letterbox = Letterbox::new(&config).await;
        let queue = Sqs::new(&config, letterbox.url.clone());
        let after = Duration::from_secs(after);
        queue
            .schedule(Wake::Reset(ResetId::random()), after)
            .await
            .unwrap();
        assert_eq!(letterbox.letters().await, [""; 0]);
        let delayed = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
        assert_eq!(letterbox.attribute(delayed).await, "1");
    }
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn part_of_a_second_makes_a_wake_late_rather_than_early() {
    let config = moto::config().await;
    let letterbox = Letterbox::new(&config).await;
    let queue = Sqs::new(&config, letterbox.url.clone());
    let after = Duration::from_millis(1);
    queue
        .schedule(Wake::Reset(ResetId::random()), after)
        .await
        .unwrap();
    let delayed = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
    assert_eq!(letterbox.attribute(delayed).await, "1");
    let mut letters = letterbox.letters().await;
    letters.extend(letterbox.letters().await);
    assert_eq!(letters.len(), 1);
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_queue_that_is_not_there_has_taken_nothing() {
    let config = moto::config().await;
    let url = format!("{}/123456789012/no-such-queue", moto::url());
    let woken = Sqs::new(&config, url)
        .schedule(Wake::Reset(ResetId::random()), Duration::ZERO)
        .await;
    assert!(matches!(woken, Err(QueueError(_))), "{woken:?}");
}

#[test]
fn an_event_of_lambda_is_read_by_its_bodies_alone() {
    let id = ResetId::random();
    let event: SqsEvent = serde_json::from_value(json!({"Records": [{
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": json!({"reset": id.to_string()}).to_string(),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:wake",
        "awsRegion": "eu-west-1",
    }]}))
    .unwrap();
    assert_eq!(event.records.len(), 1);
    assert_eq!(event.records[0].wake().unwrap(), Wake::Reset(id));
}

#[test]
fn a_wake_of_the_desk_is_the_id_of_a_draft_and_nothing_else() {
    let wake = Wake::Draft(DRAFT.try_into().unwrap());
    let body = serde_json::to_string(&wake).unwrap();
    assert_eq!(body, json!({"draft": DRAFT}).to_string());
    assert_eq!(SqsMessage { body }.wake().unwrap(), wake);
}

#[test]
fn a_message_that_is_anything_but_a_name_is_no_wake() {
    let id = ResetId::random();
    for body in [
        String::new(),
        id.to_string(),
        "{}".to_owned(),
        json!({"reset": "all"}).to_string(),
        json!({"reset": [id.to_string()]}).to_string(),
        json!({"reset": id.to_string(), "remove": "everything"}).to_string(),
        json!({"draft": "all"}).to_string(),
        json!({"draft": DRAFT, "approve": true}).to_string(),
        json!({"reset": id.to_string(), "draft": DRAFT}).to_string(),
        json!({"reset": null, "draft": DRAFT}).to_string(),
        format!("{} {{}}", json!({"reset": id.to_string()})),
    ] {
        let message = SqsMessage { body };
        assert!(message.wake().is_err(), "{message:?}");
    }
}

/// A service that answers every request with 200 and this body.
pub async fn answers(kind: &'static str, body: &'static str) -> SdkConfig {
    let answer = move || async move { ([("content-type", kind)], body) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, service).await });
    moto::config_at(&url).await
}

#[tokio::test]
async fn a_success_without_the_id_of_a_message_has_queued_nothing() {
    let bodies = ["", "{}", r#"{"MessageId":null}"#, r#"{"MessageId":""}"#];
    for body in bodies {
        let config = answers("application/x-amz-json-1.0", body).await;
        let queue = Sqs::new(&config, "http://127.0.0.1/1/queue".to_owned());
        let queued = queue
            .schedule(Wake::Reset(ResetId::random()), Duration::ZERO)
            .await;
        assert!(queued.is_err(), "{body}");
    }
}
