//! The comments of issues in Jira Cloud: REST API version 3, for an account that authenticates with its e-mail address
//! and an API token.
//!
//! Shapes are those of Atlassian's API description
//! (<https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/>). Error messages are quoted
//! from public reports of them.

use std::collections::HashMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Fault, Server, Serving, TicketSystem, json_response, reason};
use crate::received::Received;
use crate::senders::jira::Deployment;

/// The account that comments: its name in Basic authorization.
pub const EMAIL: &str = "development-only@contoso.example";

/// The account's password in Basic authorization.
pub const API_TOKEN: &str = "development only: the API token of the Jira account";

/// The author of the comments that [`JiraCloud::add_comment`] adds.
const OTHER_AUTHOR: &str = "megan@contoso.example";

/// The first id of issues and of comments, as in a new Jira.
const FIRST_ID: usize = 10_000;

/// The page size without `maxResults`, as in the API description.
const DEFAULT_PAGE: usize = 50;

/// The largest page, even if `maxResults` is larger. The response has the size that applied.
const LARGEST_PAGE: usize = 100;

/// A site of Jira Cloud. Clones are the same site.
#[derive(Clone, Debug, Default)]
pub struct JiraCloud {
    server: Server<Jira>,
}

/// A comment as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The plain text of its document, with line breaks for paragraphs and hard breaks.
    pub text: String,
    /// Whether only agents see it, and customers of the service desk do not.
    pub internal: bool,
    /// The author's e-mail address.
    pub author: String,
    /// A number as text.
    pub id: String,
}

impl JiraCloud {
    /// A site with the account [`EMAIL`] and no issues.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an issue of a service desk, without comments, unless there is one with this key.
    pub fn add_issue(&self, key: &str) {
        self.server.lock().system.issue(key);
    }

    /// Adds an issue of a software project, where each comment says that it is public, whatever was asked: there are no
    /// customers who could see it.
    pub fn add_software_issue(&self, key: &str) {
        self.server.lock().system.issue(key).project_type = "software";
    }

    /// From now on new comments are public, whatever was asked.
    pub fn publish_comments(&self) {
        self.server.lock().system.publishes = true;
    }

    /// Serves over HTTP on the current runtime, until the returned value is dropped.
    pub fn serve(&self, listener: TcpListener) -> Serving {
        self.server.serve(listener)
    }

    /// The comments of an issue, oldest first; none if there is no such issue.
    pub fn comments(&self, key: &str) -> Vec<Comment> {
        let server = self.server.lock();
        let stored = server.system.issues.get(key).map(|issue| &issue.comments);
        stored
            .into_iter()
            .flatten()
            .map(StoredComment::view)
            .collect()
    }

    /// Injects a fault. If several match a request, the one that was injected first applies.
    pub fn fail(&self, fault: Fault) {
        self.server.lock().faults.add(fault);
    }

    /// All calls in order, also those that failed: `POST /rest/api/3/issue/HELP-42/comment`, without the query.
    pub fn calls(&self) -> Vec<String> {
        self.server.lock().calls.clone()
    }

    /// Adds a public comment of one paragraph by another author, and the issue if there is none with this key.
    pub fn add_comment(&self, key: &str, text: &str) {
        self.comment(key, text, Vec::new());
    }

    /// Jira Automation's *Comment on work item*, internal, with this text in the rule. Of smart values it knows the key of
    /// the issue; the others are empty, as unknown ones are in Jira
    /// (<https://support.atlassian.com/cloud-automation/docs/what-are-smart-values/>).
    pub fn run_comment_rule(&self, key: &str, text: &str) {
        let mut written = String::new();
        let mut rest = text;
        while let Some((before, value)) = rest.split_once("{{") {
            let (name, after) = value.split_once("}}").unwrap_or((value, ""));
            written.push_str(before);
            if matches!(name.trim(), "issue.key" | "key") {
                written.push_str(key);
            }
            rest = after;
        }
        written.push_str(rest);
        let internal = json!({"key": "sd.public.comment", "value": {"internal": true}});
        self.comment(key, &written, vec![internal]);
    }

    fn comment(&self, key: &str, text: &str, properties: Vec<Value>) {
        let jira = &mut self.server.lock().system;
        let paragraph = json!({"type": "paragraph", "content": [{"type": "text", "text": text}]});
        let document = json!({"type": "doc", "version": 1, "content": [paragraph]});
        let id = jira.next_comment_id();
        let comment = StoredComment::new(id, OTHER_AUTHOR, document, properties);
        jira.issue(key).comments.push(comment);
    }
}

#[derive(Debug, Default)]
struct Jira {
    issues: HashMap<String, Issue>,
    /// Whether it makes a comment public that was to be internal.
    publishes: bool,
    /// How many comments there were.
    comments: usize,
}

#[derive(Debug)]
struct Issue {
    id: usize,
    project_type: &'static str,
    comments: Vec<StoredComment>,
}

impl TicketSystem for Jira {
    fn answer(&mut self, request: &Received) -> Response {
        if !request.is_basic(EMAIL, API_TOKEN) {
            // Plain text, because Atlassian's gateway sends it and not Jira.
            let text = "Client must be authenticated to access this resource.";
            return (StatusCode::UNAUTHORIZED, text).into_response();
        }
        match (request.verb(), request.segments().as_slice()) {
            ("GET", ["rest", "api", "3", "myself"]) => json_response(200, myself()),
            ("GET", ["rest", "api", "3", "issue", key, "comment"]) => self.read(key, request),
            ("POST", ["rest", "api", "3", "issue", key, "comment"]) => self.write(key, request),
            ("DELETE", ["rest", "api", "3", "issue", key, "comment", id]) => self.delete(key, id),
            ("GET", ["rest", "api", "3", "issue", key])
                if request.option("fields").as_deref() == Some("project") =>
            {
                self.project(key)
            }
            _ => Jira::failure(404),
        }
    }

    fn failure(status: u16) -> Response {
        error_response(status, reason(status))
    }
}

impl Jira {
    /// The issue with this key, which is added if there is none.
    fn issue(&mut self, key: &str) -> &mut Issue {
        let id = FIRST_ID + self.issues.len();
        self.issues.entry(key.to_owned()).or_insert_with(|| Issue {
            id,
            project_type: "service_desk",
            comments: Vec::new(),
        })
    }

    fn next_comment_id(&mut self) -> usize {
        self.comments += 1;
        FIRST_ID + self.comments - 1
    }

    fn project(&self, key: &str) -> Response {
        let Some(issue) = self.issues.get(key) else {
            return no_such_issue();
        };
        let project = json!({"id": "10008", "projectTypeKey": issue.project_type});
        let body = json!({"id": issue.id.to_string(), "key": key, "fields": {"project": project}});
        json_response(200, body)
    }

    fn delete(&mut self, key: &str, id: &str) -> Response {
        let Some(issue) = self.issues.get_mut(key) else {
            return no_such_issue();
        };
        let before = issue.comments.len();
        issue.comments.retain(|one| one.id.to_string() != id);
        if issue.comments.len() == before {
            return error_response(404, "Can not find a comment for the id.");
        }
        StatusCode::NO_CONTENT.into_response()
    }

    fn read(&self, key: &str, request: &Received) -> Response {
        let Some(issue) = self.issues.get(key) else {
            return no_such_issue();
        };
        let (Some(start), Some(most)) = (
            request.number("startAt", 0),
            request.number("maxResults", DEFAULT_PAGE),
        ) else {
            return error_response(400, "startAt and maxResults are numbers.");
        };
        let newest_first = match request.option("orderBy").as_deref() {
            // A plus sign that the client did not encode arrives as a space.
            None | Some("created" | "+created" | " created") => false,
            Some("-created") => true,
            Some(_) => return error_response(400, "Comments are ordered by created only."),
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

    fn write(&mut self, key: &str, request: &Received) -> Response {
        if !request.is_json() {
            return Jira::failure(415);
        }
        let (id, publishes) = (self.next_comment_id(), self.publishes);
        let Some(issue) = self.issues.get_mut(key) else {
            return no_such_issue();
        };
        let Some(sent) = request.json() else {
            return error_response(
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
        let properties = properties.unwrap_or_default();
        let mut comment = StoredComment::new(id, EMAIL, document.clone(), properties);
        comment.is_public |= publishes || issue.project_type != "service_desk";
        let answer = comment.json(issue.id, wants_properties(request));
        issue.comments.push(comment);
        json_response(201, answer)
    }
}

/// A comment as Jira stores it.
#[derive(Debug)]
struct StoredComment {
    id: usize,
    author: &'static str,
    document: Value,
    properties: Vec<Value>,
    is_public: bool,
    created: Timestamp,
}

impl StoredComment {
    fn new(
        id: usize,
        author: &'static str,
        document: Value,
        properties: Vec<Value>,
    ) -> StoredComment {
        StoredComment {
            id,
            author,
            document,
            is_public: !asks_to_be_internal(&properties),
            properties,
            created: Timestamp::now(),
        }
    }

    fn view(&self) -> Comment {
        Comment {
            // `write` accepts only documents whose text can be read.
            text: plain_text(&self.document).unwrap_or_default(),
            internal: !self.is_public,
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
            "jsdPublic": self.is_public,
        });
        if let (true, Value::Object(members)) = (with_properties, &mut comment) {
            members.insert("properties".to_owned(), json!(self.properties));
        }
        comment
    }
}

/// Whether a comment has the property that hides it from customers
/// (<https://github.com/jenkinsci/jira-plugin/issues/375> shows it as it is sent).
fn asks_to_be_internal(properties: &[Value]) -> bool {
    properties.iter().any(|property| {
        let key = property.get("key").and_then(Value::as_str);
        let internal = property.pointer("/value/internal").and_then(Value::as_bool);
        key == Some("sd.public.comment") && internal == Some(true)
    })
}

/// An account as other users see it: Jira shows an e-mail address only to its owner.
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

fn error_response(status: u16, message: &str) -> Response {
    json_response(status, json!({"errorMessages": [message], "errors": {}}))
}

fn no_such_issue() -> Response {
    error_response(
        404,
        "Issue does not exist or you do not have permission to see it.",
    )
}

/// The text of a document in Atlassian Document Format
/// (<https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>). `None` if it is not valid, or has
/// nodes or marks that a plain note does not need.
fn plain_text(document: &Value) -> Option<String> {
    if kind(document)? != "doc" || document.get("version")?.as_u64()? != 1 {
        return None;
    }
    let blocks = document.get("content")?.as_array()?;
    let lines: Option<Vec<_>> = blocks.iter().map(paragraph).collect();
    Some(lines?.join("\n"))
}

/// The text of a paragraph, which may be empty.
fn paragraph(node: &Value) -> Option<String> {
    match (kind(node)?, node.get("content")) {
        ("paragraph", None) => Some(String::new()),
        ("paragraph", Some(content)) => content.as_array()?.iter().map(inline).collect(),
        _ => None,
    }
}

/// The text of a node in a paragraph. A text node must not be empty.
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
