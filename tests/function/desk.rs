//! The desk in a real Chromium, with the real function behind its URL. The journeys are in tests/page/desk-journeys.mjs.

use std::process::Command;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use simulated::entra::Registration;
use simulated::passkey::Passkey;
use simulated::tickets::jira_cloud::{API_TOKEN, EMAIL, JiraCloud};

use crate::deployment::{Deployment, Entrance, Extras, Worker};
use crate::durable::{event, listener, succeeds};
use crate::front::{Exchange, Front};
use crate::moto;
use crate::scan::{self, Place, Secret};

const JANE: &str = "jane.doe@contoso.example";
const BOB: &str = "bob.brooks@contoso.example";
const KIM: &str = "kim.larsen@contoso.example";
const TINA: &str = "tina.torres@contoso.example";
const SAM: &str = "sam.approver@contoso.example";
/// The tickets, and how many notes each has in the end.
const NOTES: [(&str, usize); 4] = [
    ("HELP-42", 2),
    ("HELP-43", 2),
    ("HELP-44", 2),
    // What comes from the on-call page has no ticket system.
    ("HELP-45", 1),
];

/// Where the desk of the tour is, and its app.
const TOUR: &str = "http://127.0.0.1:9000";
const APP: &str = "2d3e4f50-6172-4384-9a5b-6c7d8e9fa0b1";
const VERIFIERS: &str = "c1000000-0000-4000-8000-0000000000d1";
const APPROVERS: &str = "c1000000-0000-4000-8000-0000000000d2";

/// A queue, and all that was ever in it.
struct Letterbox {
    client: aws_sdk_sqs::Client,
    url: String,
    letters: Vec<String>,
}

impl Letterbox {
    async fn new(url: &str) -> Letterbox {
        let client = aws_sdk_sqs::Client::new(&moto::config().await);
        let url = url.to_owned();
        Letterbox {
            client,
            url,
            letters: Vec::new(),
        }
    }

    /// Subscribed to a new topic, whose address comes beside it.
    async fn of_topic(name: &str) -> (String, Letterbox) {
        let aws = moto::config().await;
        let sqs = aws_sdk_sqs::Client::new(&aws);
        let queue = sqs.create_queue().queue_name(name).send().await.unwrap();
        let url = queue.queue_url().unwrap();
        let arn = sqs
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await
            .unwrap()
            .attributes()
            .unwrap()[&QueueAttributeName::QueueArn]
            .clone();
        let sns = aws_sdk_sns::Client::new(&aws);
        let topic = sns.create_topic().name(name).send().await.unwrap();
        let topic = topic.topic_arn().unwrap().to_owned();
        sns.subscribe()
            .topic_arn(&topic)
            .protocol("sqs")
            .endpoint(arn)
            .send()
            .await
            .unwrap();
        (topic, Letterbox::new(url).await)
    }

    /// What comes next, within a second.
    async fn next(&mut self) -> Option<String> {
        let asked = self.client.receive_message().queue_url(&self.url);
        let received = asked.wait_time_seconds(1).send().await.unwrap();
        let message = received.messages().first()?;
        self.client
            .delete_message()
            .queue_url(&self.url)
            .receipt_handle(message.receipt_handle().unwrap())
            .send()
            .await
            .unwrap();
        let body = message.body().unwrap().to_owned();
        self.letters.push(body.clone());
        Some(body)
    }
}

/// Hands the queue's messages to the worker, as Lambda does. Ends never.
async fn work(queue: &mut Letterbox, worker: &Worker) {
    loop {
        if let Some(message) = queue.next().await {
            succeeds(worker, event(&message)).await;
        }
    }
}

fn policy(url: &str, jira: &str) -> String {
    let desk = include_str!("../../examples/desk.toml").replace(TOUR, url);
    let notes = format!(
        "[notes.jira]\nsystem.jira_cloud.site = {jira:?}\nsecret = \"sandbox/jira-notes\"\n"
    );
    format!("{desk}\n{notes}")
}

#[tokio::test]
#[ignore = "needs moto, Node and Chromium: make test"]
async fn people_verify_and_approve_in_a_browser_and_no_secret_is_where_it_must_not_be() {
    let jira = JiraCloud::new();
    for (ticket, _) in NOTES {
        jira.add_issue(ticket);
    }
    let tickets = jira.serve(listener().await);
    let mut front = Front::open().await;
    let name = format!("d{}", uuid::Uuid::new_v4());
    let (topic, mut security) = Letterbox::of_topic(&name).await;
    let account = json!({"email": EMAIL, "api_token": API_TOKEN});
    // A passkey needs a domain: the address 127.0.0.1 is none.
    let origin = front.url.replace("127.0.0.1", "localhost");
    let passkey = Passkey::es256("https://passkeys.contoso.example", "sam-phone", &origin);
    let issuer = json!({
        "iss": passkey.iss(),
        "keys": { "webauthn": { "rp_id": "localhost", "origin": origin } },
        "algorithms": ["ES256"],
        "domain": "phones",
        "key": { "sam-phone": passkey.policy(SAM) },
    });
    let extras = Extras {
        passkeys: Some(issuer),
        policy: policy(&front.url, &tickets.url),
        secrets: vec![("sandbox/jira-notes", account)],
        environment: vec![
            ("SECURITY_TOPIC_ARN", topic),
            ("AWS_LAMBDA_LOG_LEVEL", "trace".to_owned()),
        ],
        ..Extras::default()
    };
    let deployment = Deployment::with(Entrance::RuntimeApi, extras).await;
    let registration = Registration::web(&format!("{}/desk", front.url))
        .role("Verifier", VERIFIERS.parse().unwrap())
        .role("Approver", APPROVERS.parse().unwrap());
    deployment
        .tenant
        .set_registration(APP.parse().unwrap(), registration);
    let worker = deployment.worker().await;
    let mut queue = Letterbox::new(deployment.queue.as_ref().unwrap()).await;

    let mut tests = Command::new(std::env::var("NODE").expect("NODE is set by make test"));
    tests
        .args(["--test", "desk-journeys.mjs"])
        .env("DESK_URL", &front.url)
        .env("LOGIN_URL", deployment.login())
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/page"));
    let (credential, private_key) = passkey.exported().unwrap();
    let passkey = json!({
        "origin": origin,
        "credential": STANDARD.encode(credential),
        "private_key": STANDARD.encode(private_key),
    });
    tests.env("DESK_PASSKEY", passkey.to_string());
    let journeys = async {
        // The tenant answers in this thread while Node runs in another.
        let ended = tokio::task::spawn_blocking(move || tests.status()).await;
        assert!(ended.unwrap().unwrap().success());
        // The worker writes the last notes.
        while NOTES
            .iter()
            .any(|(ticket, count)| jira.comments(ticket).len() < *count)
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = journeys => {}
        () = front.serve(deployment.runtime_api()) => {}
        () = work(&mut queue, &worker) => {}
        () = tokio::time::sleep(Duration::from_secs(240)) => panic!("the journeys do not end"),
    }

    assert!(deployment.tenant.methods_of(TINA).is_empty());
    for person in [JANE, BOB] {
        let left = deployment.tenant.methods_of(person);
        let left: Vec<_> = left.iter().map(|method| method.kind.as_str()).collect();
        assert_eq!(
            left,
            ["windowsHelloForBusinessAuthenticationMethod"],
            "{person}"
        );
    }
    let writes = deployment.tenant.writes();
    let revoked = writes.iter().filter(|call| call.path.ends_with("Sessions"));
    assert_eq!(revoked.count(), 3, "once for each: {writes:?}");
    let untouched = deployment.tenant.methods_of(KIM);
    assert_eq!(untouched.len(), 2, "{untouched:?}");

    let mut places = items(&deployment.table).await;
    for (ticket, count) in NOTES {
        let notes = jira.comments(ticket);
        assert_eq!(notes.len(), count, "{notes:?}");
        let notes = notes.into_iter();
        places.extend(notes.map(|note| Place::new(format!("note in {ticket}"), note.text)));
    }
    while security.next().await.is_some() {}
    assert!(!security.letters.is_empty() && !queue.letters.is_empty());
    let letters = security.letters.into_iter();
    places.extend(letters.map(|text| Place::new("notification", text)));
    let letters = queue.letters.into_iter();
    places.extend(letters.map(|text| Place::new("queue", text)));

    let log = deployment.into_log();
    let worked = worker.into_log();
    // Both are complete: they have the audit trail, from the first look to the end.
    for (entry, log) in [
        ("\"audit\":\"looked_up\"", &log),
        ("\"contact\":\"business_phone\"", &log),
        ("\"audit\":\"signature_refused\"", &log),
        ("\"audit\":\"rejected\"", &log),
        ("\"audit\":\"signed\"", &log),
        ("\"audit\":\"outcome\"", &worked),
    ] {
        assert!(log.contains(entry), "{entry} is not in the log");
    }
    places.push(Place::new("log of the function", log));
    places.push(Place::new("log of the worker", worked));
    let exchanges = front.into_exchanges();
    let addresses = exchanges.iter().map(|exchange| exchange.asked.clone());
    places.extend(addresses.map(|asked| Place::new("address", asked)));
    // An id_token never comes into a browser.
    let is_token = |text: &str| text.starts_with("eyJ") && text.contains('.');
    for one in &exchanges {
        let answer = one.answer.to_string();
        assert!(!answer.split('"').any(is_token), "{}", one.asked);
    }

    // A record keeps an approval that was presented on call: its holder may read how it ended.
    let is_by_passkey =
        |place: &Place| place.name.starts_with("item reset#") && place.text.contains("sam-phone");
    let all = places.len();
    places.retain(|place| !is_by_passkey(place));
    assert_eq!(all - places.len(), 1);

    let secrets = secrets(&exchanges);
    let found = scan::found(&places, &secrets);
    assert!(found.is_empty(), "{found:#?}");
    let is_signed = |place: &&Place| place.name.starts_with(scan::SIGNATURES);
    let signed = places.iter().filter(is_signed).count();
    assert!(signed >= 5, "{signed} signatures are kept");
}

/// Every item of a table.
async fn items(table: &str) -> Vec<Place> {
    let client = aws_sdk_dynamodb::Client::new(&moto::config().await);
    let mut pages = client
        .scan()
        .table_name(table)
        .into_paginator()
        .items()
        .send();
    let mut places = Vec::new();
    while let Some(item) = pages.next().await {
        let item = item.unwrap();
        let texts = item.values().map(|value| match value {
            AttributeValue::S(text) | AttributeValue::N(text) => text.clone(),
            other => format!("{other:?}"),
        });
        let text = texts.collect::<Vec<_>>().join("\n");
        places.push(Place::new(
            format!("item {}", item["pk"].as_s().unwrap()),
            text,
        ));
    }
    places
}

/// What went between browser and desk and must be nowhere else, the numbers of the directory, and the credentials.
fn secrets(exchanges: &[Exchange]) -> Vec<Secret> {
    let texts = |part: fn(&Exchange) -> &Value, name: &str| {
        let values = exchanges.iter().map(part);
        let texts = values.filter_map(|value| value[name].as_str());
        texts.map(str::to_owned).collect::<Vec<_>>()
    };
    let sent = |name| texts(|one| &one.body, name);
    let got = |name| texts(|one| &one.answer, name);
    let (codes, verifiers) = (sent("code"), sent("code_verifier"));
    let (bearers, shown) = (got("bearer"), got("number"));
    assert!(codes.len() >= 10 && verifiers.len() >= 10, "{codes:?}");
    assert!(bearers.len() >= 5 && !shown.is_empty(), "{bearers:?}");
    let credentials: Value =
        serde_json::from_str(include_str!("../../examples/secrets.json")).unwrap();
    let credentials = credentials.as_object().unwrap().values();
    let credentials = credentials.flat_map(|one| [&one["client_secret"], &one["current"]]);
    let credentials = credentials.filter_map(Value::as_str).chain([API_TOKEN]);
    let tenant: Value = serde_json::from_str(include_str!("../../examples/users.json")).unwrap();
    let numbers = tenant["users"].as_array().unwrap().iter().flat_map(|user| {
        let business = user["businessPhones"].as_array().into_iter().flatten();
        business.chain(user.get("mobilePhone"))
    });
    let numbers = numbers.filter_map(Value::as_str).map(str::to_owned);
    let texts = [codes, verifiers, bearers].concat().into_iter();
    texts
        .chain(credentials.map(str::to_owned))
        .map(Secret::Text)
        .chain(shown.into_iter().chain(numbers).map(Secret::Number))
        .collect()
}
