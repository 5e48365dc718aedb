//! Malformed events, panics and silent peers neither kill the function nor hang it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulated::function_url::{self, SOURCE_IP};
use simulated::request::Request;
use simulated::runtime_api::Invocation;
use simulated::senders::on_call;
use tokio::net::TcpListener;

use crate::deployment::{Deployment, Entrance, over_runtime_api, sample};

/// AWS that takes connections and never says anything.
async fn silent() -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let held = tokio::spawn(async move {
        let mut sockets = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            sockets.push(socket);
        }
    });
    (url, held)
}

async fn deployment() -> Deployment {
    // Nobody listens on this port: connections are refused at once.
    Deployment::at(Entrance::RuntimeApi, "http://127.0.0.1:9", "x", "x").await
}

fn health() -> Value {
    function_url::event(&Request::get("/health"))
}

#[tokio::test]
async fn an_aws_that_is_down_or_silent_takes_only_what_needs_it() {
    let (silent, _held) = silent().await;
    for aws in ["http://127.0.0.1:9", &silent] {
        let mut deployment = Deployment::at(Entrance::RuntimeApi, aws, "x", "x").await;
        let api = deployment.runtime_api();
        assert_eq!(over_runtime_api(api, health()).await.status, 200);
        let webhook = Request::post_json("/webhooks/jira", "{}")
            .header("X-Hub-Signature", format!("sha256={}", "0".repeat(64)));
        let asked = Instant::now();
        let reply = over_runtime_api(api, function_url::event(&webhook)).await;
        assert_eq!(
            (reply.status, reply.word().as_str()),
            (503, "secrets_unavailable"),
            "{reply:?}"
        );
        assert!(
            asked.elapsed() < Duration::from_secs(15),
            "{aws}: {:?}",
            asked.elapsed()
        );
        assert!(deployment.is_up());
    }
}

#[tokio::test]
async fn an_event_of_another_service_is_an_error_and_the_next_one_is_served() {
    let mut deployment = deployment().await;
    let api = deployment.runtime_api();
    let mut without_http = health();
    without_http["requestContext"] = json!(null);
    for event in [
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "not json".to_owned(),
        json!({"Records": [{"eventSource": "aws:sqs", "body": "x"}]}).to_string(),
        without_http.to_string(),
    ] {
        let answer = api
            .invoke_bytes(event.clone(), Duration::from_secs(10))
            .await;
        assert!(
            matches!(answer, Ok(Invocation::Error { .. })),
            "{event}: {answer:?}"
        );
        assert_eq!(
            over_runtime_api(api, health()).await.status,
            200,
            "after {event}"
        );
    }
    assert!(deployment.is_up());
}

#[tokio::test]
async fn a_request_that_is_none_is_answered_and_no_fault_of_the_function() {
    let mut deployment = deployment().await;
    let api = deployment.runtime_api();
    // As a scanner sent it to a deployment in use: a raw quotation mark in the query.
    let recorded = include_str!("../data/lambda/scanner__function-url__raw-query.json");
    let recorded: Value = serde_json::from_str(recorded).unwrap();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut event = health();
        change(&mut event);
        event
    };
    for event in [
        recorded,
        with(&|event| event["rawQueryString"] = json!("a=<b> c")),
        with(&|event| event["rawPath"] = json!("//\u{0}%zz")),
        with(&|event| event["headers"]["x"] = json!("a\nb")),
        with(&|event| event["requestContext"]["http"]["method"] = json!("GE T")),
        with(&|event| {
            event["isBase64Encoded"] = json!(true);
            event["body"] = json!("***");
        }),
    ] {
        let reply = over_runtime_api(api, event.clone()).await;
        let answer = (reply.status, reply.word());
        assert_eq!(answer, (400, "malformed_request".to_owned()), "{event}");
    }
    assert!(deployment.is_up());
}

#[tokio::test]
async fn a_deadline_in_1970_as_cargo_lambda_sends_it_is_not_believed() {
    let deployment = deployment().await;
    let answer = deployment
        .runtime_api()
        .invoke_with_deadline(health(), 600_000, Duration::from_secs(10))
        .await;
    let Ok(Invocation::Response(bytes)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(function_url::answer(&bytes).unwrap().status, 200);
}

#[tokio::test]
async fn each_sample_event_gets_the_answer_that_its_readme_promises() {
    let deployment = deployment().await;
    let api = deployment.runtime_api();
    for (name, status, word) in [
        ("health.json", 200, ""),
        ("on-call-without-approval.json", 401, "approval_invalid"),
        ("jira-unsigned.json", 401, "delivery_unauthentic"),
        ("not-json.json", 415, "not_json"),
        ("no-such-source.json", 404, "no_such_source"),
    ] {
        let reply = over_runtime_api(api, sample(name)).await;
        assert_eq!(
            (reply.status, reply.word().as_str()),
            (status, word),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_the_one_thing_that_stops_the_start() {
    let files = tempfile::tempdir().unwrap();
    let policy = files.path().join("policy.toml");
    std::fs::write(&policy, "[audience]\nwebhook = \"a\"\non_call = 1\n").unwrap();
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policy.toml");
    for (path, expected) in [
        (
            policy,
            "policy.toml: line 3, column 11: audience.on_call: invalid type",
        ),
        (
            files.path().join("missing.toml"),
            "missing.toml cannot be read: No such file",
        ),
        (shipped, "column 11: audience.webhook still says CHANGE ME"),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_reregister-mfa"))
            .env("POLICY_FILE", path)
            .env("LISTEN", "127.0.0.1:0")
            .env("AWS_REGION", "eu-west-1")
            .env_remove("RUST_LOG")
            .output()
            .unwrap();
        assert!(!output.status.success());
        let line: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
        assert_eq!(line["message"], "cannot start");
        let error = line["error"].as_str().unwrap();
        assert!(error.contains(expected) && error.len() < 300, "{error}");
        assert!(output.stderr.is_empty(), "{output:?}");
    }
}

#[tokio::test]
async fn a_decision_is_one_line_of_json_that_the_alarms_of_the_template_can_read() {
    use std::io::{BufRead as _, BufReader};

    let files = tempfile::tempdir().unwrap();
    let policy = files.path().join("policy.toml");
    std::fs::write(&policy, include_str!("../../examples/policy.toml")).unwrap();
    let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_reregister-mfa"))
        .env("POLICY_FILE", &policy)
        .env("LISTEN", "127.0.0.1:0")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env_remove("RUST_LOG")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap())
        .lines()
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).expect("every line is JSON"));
    let address = lines
        .find_map(|line| Some(line["address"].as_str()?.to_owned()))
        .unwrap();
    let answer = reqwest::Client::new()
        .post(format!("http://{address}/webhooks/jira"))
        .header("content-type", "application/json")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 401);

    let decision = lines.find(|line| line["event"] == "decision").unwrap();
    assert_eq!(decision["code"], "delivery_unauthentic");
    assert_eq!(decision["source"], "jira");
    assert_eq!(decision["level"], "INFO");
    assert!(
        decision["timestamp"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .is_ok()
    );
    assert!(decision["span"]["request_id"].is_string());
    let audit = lines.find(|line| line["audit"] == "refused").unwrap();
    assert_eq!(audit["code"], "delivery_unauthentic");
    assert_eq!(audit["door"], "webhook");
    process.kill().unwrap();
    process.wait().unwrap();
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn the_trail_has_the_address_that_lambda_saw_whatever_a_header_says() {
    let deployment = Deployment::new(Entrance::RuntimeApi).await;
    let draft = deployment.on_call_draft("INC-7", "$cash@contoso.example");
    let approval = deployment.on_call.approve(&draft);
    let asked = on_call::post("/resets/preview", &approval, None)
        .header("X-Forwarded-For", "198.51.100.66")
        .header("User-Agent", "a browser");
    assert_eq!(deployment.send(asked).await.status, 200);
    let log = deployment.into_log();
    let origin = format!("\"origin\":{{\"address\":\"{SOURCE_IP}\",\"agent\":\"a browser\"}}");
    let line = log
        .lines()
        .find(|line| line.contains("\"audit\":\"previewed\""));
    assert!(line.unwrap().contains(&origin), "{line:?}");
    assert!(!log.contains("198.51.100.66"));
}
