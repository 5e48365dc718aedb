//! Jira Cloud, as far as the comments of an issue go: REST API version 3, with an account that signs with
//! its e-mail address and an API token.
//!
//! Shapes are those of Atlassian's API description
//! (<https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/>); the words of
//! refusals are those that people quote when they report them.

use std::collections::HashMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Fault, Server, Serving, TicketSystem, json_response, reason};
use crate::received::Received;
use crate::senders::jira::Deployment;

/// The account that comments: the name in its Basic authorization.
pub const EMAIL: &str = "development-only@contoso.example";

/// Its API token: the password in its Basic authorization.
pub const API_TOKEN: &str = "development only: the API token of the Jira account";

/// Who writes the comments that [`JiraCloud::add_comment`] adds.
const SOMEBODY: &str = "megan@contoso.example";

/// Issues and comments are numbered from here, as in a new Jira.
const FIRST_ID: usize = 10_000;

/// `maxResults` of a page when nobody says, as in the API description.
const DEFAULT_PAGE: usize = 50;

/// A page is never larger, whatever `maxResults` asks for; the answer says how large it was meant.
const LARGEST_PAGE: usize = 100;

/// A site of Jira Cloud, by default without any issue. Clones are the same site.
#[derive(Clone, Debug, Default)]
pub struct JiraCloud {
    server: Server<Jira>,
}

/// A comment, as a person would look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The plain text of its document: paragraphs and hard breaks are line ends.
    pub text: String,
    /// Whether only agents see it, and not the customers of a service desk.
    pub internal: bool,
    /// The e-mail address of who wrote it: [`EMAIL`], or somebody else's.
    pub author: String,
    /// Its id, a number in text.
    pub id: String,
}

impl JiraCloud {
    /// A site with the account of [`EMAIL`] and no issues.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an issue without comments. One that is there stays as it is.
    pub fn add_issue(&self, key: &str) {
        self.server.lock().system.issue(key);
    }

    /// Serves over HTTP on the current runtime, until the answer is dropped.
    pub fn serve(&self, listener: TcpListener) -> Serving {
        self.server.serve(listener)
    }

    /// The comments of an issue, oldest first. An issue that does not exist has none.
    pub fn comments(&self, key: &str) -> Vec<Comment> {
        let server = self.server.lock();
        let written = server.system.issues.get(key).map(|issue| &issue.comments);
        written.into_iter().flatten().map(Written::seen).collect()
    }

    /// Lets something go wrong. Of several faults that fit a request, the first has its way.
    pub fn fail(&self, fault: Fault) {
        self.server.lock().faults.add(fault);
    }

    /// The calls in order, whatever came of them: `POST /rest/api/3/issue/HELP-42/comment`, without query.
    pub fn calls(&self) -> Vec<String> {
        self.server.lock().calls.clone()
    }

    /// Somebody else comments, with one paragraph that all may read. An issue that does not exist is made.
    pub fn add_comment(&self, key: &str, text: &str) {
        let jira = &mut self.server.lock().system;
        let paragraph = json!({"type": "paragraph", "content": [{"type": "text", "text": text}]});
        let document = json!({"type": "doc", "version": 1, "content": [paragraph]});
        let comment = Written::new(jira.next_id(), SOMEBODY, document, Vec::new());
        jira.issue(key).comments.push(comment);
    }
}

#[derive(Debug, Default)]
struct Jira {
    issues: HashMap<String, Issue>,
}

#[derive(Debug)]
struct Issue {
    id: usize,
    comments: Vec<Written>,
}

impl TicketSystem for Jira {
    fn answer(&mut self, request: &Received) -> Response {
        if !request.is_basic(EMAIL, API_TOKEN) {
            // Plain text: this comes from Atlassian's gateway and not from Jira.
            let text = "Client must be authenticated to access this resource.";
            return (StatusCode::UNAUTHORIZED, text).into_response();
        }
        match (request.verb(), request.segments().as_slice()) {
            ("GET", ["rest", "api", "3", "myself"]) => json_response(200, myself()),
            ("GET", ["rest", "api", "3", "issue", key, "comment"]) => self.read(key, request),
            ("POST", ["rest", "api", "3", "issue", key, "comment"]) => self.write(key, request),
            _ => Jira::failure(404),
        }
    }

    fn failure(status: u16) -> Response {
        refusal(status, reason(status))
    }
}

impl Jira {
    fn issue(&mut self, key: &str) -> &mut Issue {
        let id = FIRST_ID + self.issues.len();
        self.issues.entry(key.to_owned()).or_insert_with(|| Issue {
            id,
            comments: Vec::new(),
        })
    }

    /// The id of the next comment.
    fn next_id(&self) -> usize {
        let counts = self.issues.values().map(|issue| issue.comments.len());
        FIRST_ID + counts.sum::<usize>()
    }

    /// A page of comments.
    fn read(&self, key: &str, request: &Received) -> Response {
        let Some(issue) = self.issues.get(key) else {
            return no_such_issue();
        };
        let (Some(start), Some(most)) = (
            request.number("startAt", 0),
            request.number("maxResults", DEFAULT_PAGE),
        ) else {
            return refusal(400, "startAt and maxResults are numbers.");
        };
        let newest_first = match request.option("orderBy").as_deref() {
            // A plus sign that was not encoded has become a space.
            None | Some("created" | "+created" | " created") => false,
            Some("-created") => true,
            Some(_) => return refusal(400, "Comments are ordered by created only."),
        };
        let with_properties = wants_properties(request);
        let mut comments: Vec<_> = issue
            .comments
            .iter()
            .map(|comment| comment.json(issue.id, with_properties))
            .collect();
        let total = comments.len();
        if newest_first {
            comments.reverse();
        }
        let most = most.min(LARGEST_PAGE);
        let page: Vec<_> = comments.into_iter().skip(start).take(most).collect();
        let body = json!({"startAt": start, "maxResults": most, "total": total, "comments": page});
        json_response(200, body)
    }

    /// A new comment.
    fn write(&mut self, key: &str, request: &Received) -> Response {
        if !request.is_json() {
            return Jira::failure(415);
        }
        let id = self.next_id();
        let Some(issue) = self.issues.get_mut(key) else {
            return no_such_issue();
        };
        let Some(sent) = request.json() else {
            return refusal(
                400,
                "There was an error parsing JSON. Check that your request body is valid.",
            );
        };
        let document = sent.get("body").filter(|body| plain_text(body).is_some());
        let Some(document) = document else {
            let errors = json!({"comment": "Comment body is not valid!"});
            return json_response(400, json!({"errorMessages": [], "errors": errors}));
        };
        let properties = sent.get("properties").and_then(Value::as_array).cloned();
        let comment = Written::new(id, EMAIL, document.clone(), properties.unwrap_or_default());
        let answer = comment.json(issue.id, wants_properties(request));
        issue.comments.push(comment);
        json_response(201, answer)
    }
}

/// A comment as Jira keeps it.
#[derive(Debug)]
struct Written {
    id: usize,
    author: &'static str,
    document: Value,
    properties: Vec<Value>,
    created: Timestamp,
}

impl Written {
    fn new(id: usize, author: &'static str, document: Value, properties: Vec<Value>) -> Written {
        Written {
            id,
            author,
            document,
            properties,
            created: Timestamp::now(),
        }
    }

    /// Whether it has the property that hides it from customers
    /// (<https://github.com/jenkinsci/jira-plugin/issues/375> shows it as it is sent).
    fn is_internal(&self) -> bool {
        self.properties.iter().any(|property| {
            let key = property.get("key").and_then(Value::as_str);
            let internal = property.pointer("/value/internal").and_then(Value::as_bool);
            key == Some("sd.public.comment") && internal == Some(true)
        })
    }

    fn seen(&self) -> Comment {
        Comment {
            // Only documents that have a text were taken.
            text: plain_text(&self.document).unwrap_or_default(),
            internal: self.is_internal(),
            author: self.author.to_owned(),
            id: self.id.to_string(),
        }
    }

    fn json(&self, issue: usize, with_properties: bool) -> Value {
        let base = Deployment::Cloud.base_url();
        let created = self
            .created
            .strftime("%Y-%m-%dT%H:%M:%S.%3f+0000")
            .to_string();
        let mut comment = json!({
            "self": format!("{base}/rest/api/3/issue/{issue}/comment/{}", self.id),
            "id": self.id.to_string(),
            "author": account(self.author),
            "body": self.document,
            "updateAuthor": account(self.author),
            "created": created,
            "updated": created,
            "jsdPublic": !self.is_internal(),
        });
        if let (true, Value::Object(members)) = (with_properties, &mut comment) {
            members.insert("properties".to_owned(), json!(self.properties));
        }
        comment
    }
}

/// Somebody as others see them: Jira tells an e-mail address to its owner only.
fn account(email: &str) -> Value {
    let base = Deployment::Cloud.base_url();
    let (id, name) = match email {
        EMAIL => ("5b10a2844c20165700ede21a", "Re-registration"),
        _ => ("5cedcb4355a88a0fc86388ba", "Megan Bowen"),
    };
    json!({
        "self": format!("{base}/rest/api/3/user?accountId={id}"),
        "accountId": id,
        "accountType": "atlassian",
        "displayName": name,
        "active": true,
        "timeZone": "Europe/Amsterdam",
    })
}

fn myself() -> Value {
    let mut account = account(EMAIL);
    if let Value::Object(members) = &mut account {
        members.insert("emailAddress".to_owned(), json!(EMAIL));
    }
    account
}

fn wants_properties(request: &Received) -> bool {
    request
        .option("expand")
        .is_some_and(|names| names.split(',').any(|name| name == "properties"))
}

fn refusal(status: u16, message: &str) -> Response {
    json_response(status, json!({"errorMessages": [message], "errors": {}}))
}

fn no_such_issue() -> Response {
    refusal(
        404,
        "Issue does not exist or you do not have permission to see it.",
    )
}

/// The text of a document in Atlassian Document Format, if it is one: of its nodes and marks those that a
/// plain note needs (<https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>).
fn plain_text(document: &Value) -> Option<String> {
    if kind(document)? != "doc" || document.get("version")?.as_u64()? != 1 {
        return None;
    }
    let blocks = document.get("content")?.as_array()?;
    let lines: Option<Vec<_>> = blocks.iter().map(paragraph).collect();
    Some(lines?.join("\n"))
}

/// A paragraph may be empty.
fn paragraph(node: &Value) -> Option<String> {
    match (kind(node)?, node.get("content")) {
        ("paragraph", None) => Some(String::new()),
        ("paragraph", Some(content)) => content.as_array()?.iter().map(inline).collect(),
        _ => None,
    }
}

/// A piece of a line. A text must not be empty.
fn inline(node: &Value) -> Option<String> {
    match kind(node)? {
        "hardBreak" => Some("\n".to_owned()),
        "text" => {
            let text = node.get("text")?.as_str()?;
            let marks = node.get("marks").and_then(Value::as_array);
            let known = marks.into_iter().flatten().all(is_known_mark);
            (known && !text.is_empty()).then(|| text.to_owned())
        }
        _ => None,
    }
}

fn is_known_mark(mark: &Value) -> bool {
    match kind(mark) {
        Some("strong" | "code") => true,
        Some("link") => mark.pointer("/attrs/href").is_some_and(Value::is_string),
        _ => false,
    }
}

fn kind(node: &Value) -> Option<&str> {
    node.get("type")?.as_str()
}
