//! What is around the product at the moment of a snapshot: a tenant, ticket systems, keys, a queue; and requests to it.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Client;
use serde_json::{Value, json};
use simulated::entra::{self, Tenant};
use simulated::tickets;
use simulated::tickets::jira_cloud::JiraCloud;
use simulated::tickets::servicenow::ServiceNow;
use tokio::net::TcpListener;

use crate::product::{Product, message_for};
use crate::setting::{GRAPH, JIRA, SERVICENOW, Setting};
use crate::snapshot::{HttpRequest, Snapshot};

/// The issues of the stories. HELP-404 is not among them.
const ISSUES: [&str; 4] = ["HELP-42", "HELP-43", "HELP-44", "HELP-45"];

/// The records in ServiceNow.
const ITEMS: [&str; 2] = ["RITM0010072", "RITM0010073"];

/// What a message waits for when it was not taken: the queue's visibility timeout.
const COMES_AGAIN_AFTER: Duration = Duration::from_secs(180);

/// A record is tried for two hours, and who is told of its end for two more, at most every five minutes.
const MOST_MESSAGES: usize = 500;

pub struct World {
    pub product: Product,
    pub tenant: Tenant,
    pub jira: JiraCloud,
    pub keys: tempfile::TempDir,
    pub graph: String,
    url: String,
    client: Client,
    _serving: (entra::Serving, [tickets::Serving; 2]),
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub json: Value,
}

impl World {
    /// The world at the moment of this snapshot, `later`, with everything around it in good order.
    pub async fn start(setting: &Setting, snapshot: &Snapshot, later: Duration) -> World {
        let tenant = Tenant::from_json(&users(setting, snapshot).to_string()).unwrap();
        let (jira, servicenow) = (JiraCloud::new(), ServiceNow::new());
        for issue in ISSUES {
            jira.add_issue(issue);
        }
        for (ticket, comments) in &snapshot.comments {
            comments
                .iter()
                .for_each(|text| jira.add_comment(ticket, text));
        }
        for item in ITEMS {
            servicenow.add_record("sc_req_item", item);
        }
        let listener = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        let graph = tenant.serve(listener().await);
        let systems = [
            jira.serve(listener().await),
            servicenow.serve(listener().await),
        ];

        let keys = tempfile::tempdir().unwrap();
        for (name, set) in &setting.keys {
            std::fs::write(keys.path().join(name), set.to_string()).unwrap();
        }
        let policy = setting.policies[&snapshot.policy]
            .replace(GRAPH, &graph.url)
            .replace(JIRA, &systems[0].url)
            .replace(SERVICENOW, &systems[1].url);
        let secrets = setting.secrets.iter();
        let secrets = secrets
            .map(|(name, text)| (name.clone(), text.to_string()))
            .collect();
        let now = snapshot.now.checked_add(later).unwrap();
        let items = &snapshot.items;
        let product = Product::start(&policy, keys.path(), secrets, now, items).await;
        *product.queue.messages.lock().unwrap() = snapshot.queue.clone();

        let listener = listener().await;
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = product.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        World {
            product,
            tenant,
            jira,
            keys,
            graph: graph.url.clone(),
            url,
            client: Client::new(),
            _serving: (graph, systems),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.product.clock.now()
    }

    pub async fn send(&self, request: &HttpRequest) -> Reply {
        let mut sent = self.client.post(format!("{}{}", self.url, request.path));
        for (name, value) in &request.headers {
            sent = sent.header(name, value);
        }
        let answer = sent.body(request.body.clone()).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        Reply {
            status,
            json: serde_json::from_str(&text).unwrap_or_default(),
        }
    }

    /// Wakes a reset, whether or not there is a message for it.
    pub async fn wake(&self, reset: &str) {
        self.take(message_for(reset)).await;
    }

    async fn take(&self, body: String) {
        if !self.product.take(&body).await {
            self.product.queue.put(body, COMES_AGAIN_AFTER);
        }
    }

    /// Lets time pass, and the queue deliver what is due, until this long from now.
    pub async fn wait(&self, time: Duration) {
        let end = self.now().checked_add(time).unwrap();
        assert!(self.deliver_until(end).await, "too many messages");
        self.pass_until(end);
    }

    /// Lets the queue deliver until nothing is left in it. False if that does not happen.
    pub async fn drain(&self) -> bool {
        self.deliver_until(Timestamp::MAX).await
    }

    async fn deliver_until(&self, end: Timestamp) -> bool {
        for _ in 0..MOST_MESSAGES {
            let Some(message) = self.product.queue.next_before(end) else {
                return true;
            };
            self.pass_until(message.due);
            self.take(message.body).await;
        }
        false
    }

    fn pass_until(&self, time: Timestamp) {
        let left = Duration::try_from(time.duration_since(self.now())).unwrap_or_default();
        self.product.clock.pass(left);
    }

    /// An administrator deletes a method in Graph.
    pub async fn delete_in_graph(&self, setting: &Setting, path: &str) {
        let app = &setting.secrets["sandbox/graph"];
        let tenant = setting.users["tenantId"].as_str().unwrap();
        let form = json!({
            "grant_type": "client_credentials",
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "scope": "https://graph.microsoft.com/.default",
        });
        let login = format!("{}/{tenant}/oauth2/v2.0/token", self.graph);
        let answer = self.client.post(login).form(&form).send().await.unwrap();
        let token: Value = answer.json().await.unwrap();
        let token = token["access_token"].as_str().unwrap();
        let url = format!("{}/v1.0/users/{path}", self.graph);
        let answer = self
            .client
            .delete(url)
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), 204);
    }

    /// The comments in Jira, by ticket.
    pub fn comments(&self) -> impl Iterator<Item = (String, Vec<String>)> {
        comments(&self.jira)
    }
}

/// The comments that are in Jira, by ticket.
pub fn comments(jira: &JiraCloud) -> impl Iterator<Item = (String, Vec<String>)> {
    ISSUES.into_iter().filter_map(|issue| {
        let comments = jira.comments(issue).into_iter();
        let comments: Vec<String> = comments.map(|comment| comment.text).collect();
        (!comments.is_empty()).then(|| (issue.to_owned(), comments))
    })
}

/// The tenant's file, with the people as they are in this snapshot.
fn users(setting: &Setting, snapshot: &Snapshot) -> Value {
    let mut file = setting.users.clone();
    let people = file["users"].as_array_mut().unwrap();
    people.retain(|one| {
        !snapshot
            .removed
            .iter()
            .any(|upn| one["userPrincipalName"] == **upn)
    });
    for changed in &snapshot.people {
        let one = people.iter_mut().find(|one| one["id"] == changed["id"]);
        *one.unwrap() = changed.clone();
    }
    file
}
