//! Jira Data Center, as others simulate it: jira820, from PyPI. It takes any token, and renders no escapes.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reregister_mfa::reset::ports::TicketError;
use reregister_mfa::tickets::TicketSystems;
use serde_json::{Value, json};

use crate::{MARK, systems, write};

/// Ended when this is dropped.
struct Jira820 {
    child: Child,
    url: String,
    http: reqwest::Client,
}

impl Drop for Jira820 {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Jira820 {
    /// It takes a free port by itself and says in its log which.
    async fn start() -> Jira820 {
        let python = std::env::var("PYTHON").expect("PYTHON is set by make test");
        let log = tempfile::NamedTempFile::new().unwrap();
        let child = Command::new(python)
            .args(["-B", "-m", "jira820"])
            .env("JIRA820_PORT", "0")
            .stdout(Stdio::null())
            .stderr(log.reopen().unwrap())
            .spawn()
            .unwrap();
        let mut jira = Jira820 {
            child,
            url: String::new(),
            http: reqwest::Client::new(),
        };
        for _ in 0..300 {
            let said = fs::read_to_string(log.path()).unwrap();
            let address = said
                .split_once("running on ")
                .and_then(|(_, rest)| rest.split_once(' '));
            if let Some((url, _)) = address {
                jira.url = url.to_owned();
                return jira;
            }
            assert!(jira.child.try_wait().unwrap().is_none(), "{said}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!(
            "jira820 does not start: {}",
            fs::read_to_string(log.path()).unwrap()
        );
    }

    fn notes(&self) -> TicketSystems {
        systems(
            &format!("system.jira_data_center.base = {:?}", self.url),
            &json!({"token": "any will do"}),
        )
    }

    async fn add(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/rest/api/2/{path}", self.url);
        let answer = self.http.post(url).json(body).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }

    /// A new issue's key.
    async fn add_issue(&self) -> String {
        let fields = json!({
            "project": {"key": "JIRA820"},
            "issuetype": {"name": "Task"},
            "summary": "Jane lost her phone",
        });
        let issue = self.add("issue", &json!({"fields": fields})).await;
        issue["key"].as_str().unwrap().to_owned()
    }

    async fn add_comments(&self, key: &str, count: usize) {
        for number in 0..count {
            let comment = json!({"body": format!("Comment {number}")});
            self.add(&format!("issue/{key}/comment"), &comment).await;
        }
    }

    /// The bodies of those comments that are notes of ours.
    async fn marked(&self, key: &str) -> Vec<String> {
        let url = format!(
            "{}/rest/api/2/issue/{key}/comment?maxResults=1000",
            self.url
        );
        let answer = self.http.get(url).send().await.unwrap();
        let page: Value = answer.json().await.unwrap();
        let comments = page["comments"].as_array().unwrap().iter();
        comments
            .map(|comment| comment["body"].as_str().unwrap().to_owned())
            .filter(|body| body.contains(MARK))
            .collect()
    }
}

#[tokio::test]
#[ignore = "needs jira820: make test"]
async fn a_note_is_written_once_in_wiki_markup_that_is_none() {
    let jira = Jira820::start().await;
    let key = jira.add_issue().await;
    for _ in 0..2 {
        write(&jira.notes(), &key).await.unwrap();
    }
    let expected = format!(
        "Jane Doe registers again.\n\nShe does so at https://aka.ms/mfasetup \\[~admin] \\{{code}}\n{MARK}"
    );
    assert_eq!(jira.marked(&key).await, [expected]);
}

#[tokio::test]
#[ignore = "needs jira820: make test"]
async fn a_note_is_found_behind_a_hundred_newer_comments() {
    let jira = Jira820::start().await;
    let key = jira.add_issue().await;
    write(&jira.notes(), &key).await.unwrap();
    // Comments of one second have the older one first there.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    jira.add_comments(&key, 120).await;
    write(&jira.notes(), &key).await.unwrap();
    assert_eq!(jira.marked(&key).await.len(), 1);
}

#[tokio::test]
#[ignore = "needs jira820: make test"]
async fn a_ticket_that_does_not_exist_gets_no_note() {
    let jira = Jira820::start().await;
    assert!(matches!(
        write(&jira.notes(), "JIRA820-100000").await,
        Err(TicketError::Permanent(_))
    ));
}
