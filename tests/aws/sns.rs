//! The security team's topic: what is an end is published, and what is not stays unsaid.

use aws_config::SdkConfig;
use aws_sdk_sqs::types::QueueAttributeName;
use reregister_mfa::aws::Sns;
use reregister_mfa::clock::Timestamp;
use reregister_mfa::ids::{ResetId, TicketKey};
use reregister_mfa::reset::ports::{Security, SecurityError};
use reregister_mfa::reset::{CanRegister, Event, Outcome, Parties, SessionStatus, State};
use serde_json::Value;

use crate::moto;
use crate::sqs::{Letterbox, answers};

const REGISTER_AT: &str = "https://register.contoso.example";

/// A new topic, and what whoever has subscribed to it gets.
async fn topic(config: &SdkConfig) -> (Sns, Letterbox) {
    let client = aws_sdk_sns::Client::new(config);
    let name = format!("t{}", uuid::Uuid::new_v4());
    let topic = client.create_topic().name(name).send().await.unwrap();
    let arn = topic.topic_arn().unwrap();
    let letterbox = Letterbox::new(config).await;
    client
        .subscribe()
        .topic_arn(arn)
        .protocol("sqs")
        .endpoint(letterbox.attribute(QueueAttributeName::QueueArn).await)
        .send()
        .await
        .unwrap();
    let sns = Sns::new(config, arn.to_owned(), REGISTER_AT.to_owned());
    (sns, letterbox)
}

/// Subject and text of the one message that has come.
async fn only(letterbox: &Letterbox) -> (String, String) {
    let letters = letterbox.letters().await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    let envelope: Value = serde_json::from_str(&letters[0]).unwrap();
    let part = |name: &str| envelope[name].as_str().unwrap().to_owned();
    (part("Subject"), part("Message"))
}

fn ticket() -> TicketKey {
    TicketKey::try_from("HELP-42").unwrap()
}

fn refused() -> Event {
    Event::Refused {
        at: Timestamp::now(),
        reset: None,
        code: "privileged_role".to_owned(),
        gave_up: false,
        why: "privileged, and there is one approval: holds the role Global Administrator"
            .to_owned(),
        parties: Parties {
            ticket: Some(ticket()),
            ..Parties::default()
        },
    }
}

/// Of somebody with a name beyond ASCII, which the subject of a message cannot hold.
fn completed() -> Event {
    Event::Outcome {
        at: Timestamp::now(),
        appeared: 0,
        outcome: Outcome {
            ended_because: None,
            reset: ResetId::random(),
            state: State::Completed,
            tenant: "7d6f5c4b-3a29-4180-9c7e-6b5a49382716".parse().unwrap(),
            ticket: ticket(),
            target_id: "a1000000-0000-4000-8000-00000000000b".parse().unwrap(),
            target: "jürgen@contoso.example".to_owned(),
            target_name: Some("Jürgen".to_owned()),
            privileged: false,
            approvers: Vec::new(),
            verifiers: Vec::new(),
            alone: None,
            sessions: SessionStatus::Revoked,
            methods: Vec::new(),
            can_register: CanRegister::Yes,
            warnings: Vec::new(),
            claimed_at: Timestamp::now(),
            finished_at: Some(Timestamp::now()),
        },
    }
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_refusal_is_published_with_a_subject_that_says_which() {
    let (sns, letterbox) = topic(&moto::config().await).await;
    sns.notify(&refused()).await.unwrap();
    let (subject, text) = only(&letterbox).await;
    assert_eq!(subject, "MFA reset refused: privileged_role (HELP-42)");
    assert!(text.contains("nothing was changed"), "{text}");
    assert!(text.contains("Global Administrator"), "{text}");
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn an_outcome_is_published_in_full_and_its_subject_in_ascii() {
    let (sns, letterbox) = topic(&moto::config().await).await;
    sns.notify(&completed()).await.unwrap();
    let (subject, text) = only(&letterbox).await;
    assert_eq!(subject, "MFA reset: j?rgen@contoso.example (HELP-42)");
    assert!(text.contains("jürgen@contoso.example"), "{text}");
    assert!(text.contains(REGISTER_AT), "{text}");
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn an_event_that_is_no_end_publishes_nothing() {
    let (sns, letterbox) = topic(&moto::config().await).await;
    for event in [
        Event::Replayed {
            at: Timestamp::now(),
            reset: ResetId::random(),
            parties: Parties::default(),
        },
        Event::Resumed {
            at: Timestamp::now(),
            reset: ResetId::random(),
            parties: Parties::default(),
        },
    ] {
        sns.notify(&event).await.unwrap();
    }
    assert_eq!(letterbox.letters().await, [""; 0]);
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_topic_that_is_not_there_has_told_nobody() {
    let arn = "arn:aws:sns:eu-west-1:123456789012:no-such-topic".to_owned();
    let sns = Sns::new(&moto::config().await, arn, REGISTER_AT.to_owned());
    let told = sns.notify(&refused()).await;
    assert!(matches!(told, Err(SecurityError(_))), "{told:?}");
}

#[tokio::test]
async fn a_success_without_the_id_of_a_message_has_published_nothing() {
    let results = [
        "",
        "<PublishResponse/>",
        "<PublishResponse><PublishResult/></PublishResponse>",
        "<PublishResponse><PublishResult><MessageId/></PublishResult></PublishResponse>",
    ];
    for body in results {
        let config = answers("text/xml", body).await;
        let topic = "arn:aws:sns:eu-west-1:123456789012:security".to_owned();
        let sns = Sns::new(&config, topic, REGISTER_AT.to_owned());
        assert!(sns.notify(&refused()).await.is_err(), "{body}");
    }
}
