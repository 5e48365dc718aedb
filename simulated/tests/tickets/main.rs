//! The simulated ticket systems over real HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

mod jira_cloud;
mod servicenow;

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use simulated::tickets::jira_cloud::{API_TOKEN, EMAIL, JiraCloud};
use simulated::tickets::{Fault, Serving};
use tokio::net::TcpListener;

const COMMENTS: &str = "/rest/api/3/issue/HELP-42/comment";

async fn free_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// The status and the body of the response; null if the body is not JSON.
async fn send(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or_default())
}

/// A running site with the issue HELP-42.
struct Site {
    jira: JiraCloud,
    serving: Serving,
    http: Client,
}

impl Site {
    async fn new() -> Site {
        let jira = JiraCloud::new();
        jira.add_issue("HELP-42");
        Site {
            serving: jira.serve(free_port().await),
            jira,
            http: Client::new(),
        }
    }

    fn get(&self, target: &str) -> RequestBuilder {
        self.http
            .get(format!("{}{target}", self.serving.url))
            .basic_auth(EMAIL, Some(API_TOKEN))
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.serving.url))
            .basic_auth(EMAIL, Some(API_TOKEN))
            .json(body)
    }

    /// Posts one plain paragraph to HELP-42.
    fn comment(&self, text: &str) -> RequestBuilder {
        let content = json!([{"type": "text", "text": text}]);
        let paragraphs = json!([{"type": "paragraph", "content": content}]);
        let document = json!({"type": "doc", "version": 1, "content": paragraphs});
        self.post(COMMENTS, &json!({"body": document}))
    }

    /// The texts of the comments of HELP-42.
    fn texts(&self) -> Vec<String> {
        let comments = self.jira.comments("HELP-42");
        comments.into_iter().map(|comment| comment.text).collect()
    }
}

#[tokio::test]
async fn a_fault_skips_some_requests_and_then_affects_as_many_as_it_says() {
    let site = Site::new().await;
    let fault = Fault::on("GET", "HELP-42/comment").skip(1).times(2);
    site.jira.fail(fault);
    let other = site.get("/rest/api/3/myself");
    assert_eq!(send(other).await.0, 200);
    for expected in [200, 503, 503, 200] {
        assert_eq!(send(site.get(COMMENTS)).await.0, expected);
    }
}

#[tokio::test]
async fn a_fault_matches_the_decoded_query_too() {
    let site = Site::new().await;
    site.jira
        .fail(Fault::on("*", "orderBy=-created").status(500));
    let target = format!("{COMMENTS}?orderBy=%2Dcreated");
    assert_eq!(send(site.get(&target)).await.0, 500);
}

#[tokio::test]
async fn a_throttled_call_may_have_retry_after_and_changes_nothing() {
    let site = Site::new().await;
    site.jira
        .fail(Fault::on("POST", "/comment").throttle(Some(7)));
    site.jira.fail(Fault::on("POST", "/comment").throttle(None));
    let answer = site.comment("1").send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "7");
    let answer = site.comment("2").send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers().get("retry-after"), None);
    assert!(site.texts().is_empty());
    assert_eq!(send(site.comment("3")).await.0, 201);
    assert_eq!(site.texts(), ["3"]);
}

#[tokio::test]
async fn a_lost_answer_leaves_the_change_made() {
    let site = Site::new().await;
    site.jira.fail(Fault::on("POST", "/comment").lose_answer());
    assert!(site.comment("once").send().await.is_err());
    assert_eq!(site.texts(), ["once"]);
}

#[tokio::test]
async fn a_hanging_call_ends_only_when_the_client_times_out() {
    let site = Site::new().await;
    site.jira.fail(Fault::on("POST", "/comment").hang());
    let timeout = Duration::from_millis(50);
    let answer = site.comment("never").timeout(timeout).send().await;
    assert!(answer.unwrap_err().is_timeout());
    assert!(site.texts().is_empty());
    assert_eq!(send(site.comment("now")).await.0, 201);
}

#[tokio::test]
async fn calls_are_recorded_in_order_also_those_that_failed() {
    let site = Site::new().await;
    site.jira.fail(Fault::on("POST", "/comment"));
    send(site.comment("refused")).await;
    send(site.get(&format!("{COMMENTS}?startAt=3"))).await;
    let calls = site.jira.clone().calls();
    let expected = ["POST", "GET"].map(|verb| format!("{verb} {COMMENTS}"));
    assert_eq!(calls, expected);
}

#[tokio::test]
async fn a_dropped_server_accepts_no_connections() {
    let site = Site::new().await;
    let url = site.serving.url.clone();
    drop(site.serving);
    let refused = async {
        while Client::new().get(&url).send().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), refused)
        .await
        .unwrap();
}
