//! The journals of records in ServiceNow: the Table API, with Basic authorization or a token of the client credentials
//! grant.
//!
//! Shapes are those of ServiceNow's documentation, "Table API"
//! (<https://developer.servicenow.com/dev.do#!/reference/api/latest/rest/c_TableAPI>). Error messages are quoted from
//! public reports of them. A PATCH of a journal field is not idempotent: each one appends.

use std::collections::{BTreeMap, HashMap, HashSet};

use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::{Fault, Server, Serving, TicketSystem, json_response, reason};
use crate::received::{Received, field};

/// The integration user: the name in Basic authorization, and the user of the tokens.
pub const USER: &str = "reregistration.integration";

pub const PASSWORD: &str = "development only: the password of the ServiceNow user";

/// The OAuth application, whose OAuth application user is [`USER`].
pub const CLIENT_ID: &str = "5f1d2c3b4a59687786950a1b2c3d4e5f";

pub const CLIENT_SECRET: &str = "development only: the secret of the ServiceNow application";

/// The table that has the journals of all records.
const JOURNAL: &str = "sys_journal_field";

/// The journal fields of a task: the first for the people who work on it, the second also for the requester.
const JOURNAL_FIELDS: [&str; 2] = ["work_notes", "comments"];

/// The number of rows without `sysparm_limit`.
const DEFAULT_LIMIT: usize = 10_000;

/// What an account sees of a table whose rows it may not read.
static NO_ROWS: Vec<Row> = Vec::new();

/// The lifetime of a token in seconds. Responses state it, but no token expires here.
const TOKEN_LIFETIME: u64 = 1799;

/// An instance of ServiceNow. Clones are the same instance.
///
/// It has a dangerous default of real instances: it ignores a condition of `sysparm_query` that it does not understand,
/// for example because there is no such field, and so returns more rows than were meant, or all. Source: "Table API" on
/// `sysparm_query` and the property `glide.invalid_query.returns_no_rows`, which is false here
/// (<https://docs.servicenow.com/bundle/helsinki-application-development/page/app-store/dev_portal/API_reference/GlideRecord/concept/c_GlideRecordAPI.html>).
/// It understands `field=value` and `fieldLIKEvalue` (contains), both case-sensitive and joined by `^`, and `ORDERBY`
/// and `ORDERBYDESC`. It does not understand `^OR` and `^NQ`.
#[derive(Clone, Debug, Default)]
pub struct ServiceNow {
    server: Server<Instance>,
}

/// An entry of a journal as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub text: String,
    /// The journal field: `work_notes` or `comments`.
    pub element: String,
    /// A user name.
    pub author: String,
}

impl ServiceNow {
    /// An instance with the user [`USER`], the OAuth application [`CLIENT_ID`] and no records.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record, for example `RITM0010072` in `sc_req_item`, and its table if there is none.
    pub fn add_record(&self, table: &str, number: &str) {
        let tables = &mut self.server.lock().system.tables;
        let records = tables.entry(table.to_owned()).or_default();
        records.push(record(table, number));
    }

    /// A script of the instance sets the work notes of a record that is written.
    pub fn add_work_note(&self, number: &str, text: &str) {
        let instance = &mut self.server.lock().system;
        let mut rows = instance.tables.iter().flat_map(|(table, rows)| {
            let rows = rows.iter().map(move |row| (table, row));
            rows.filter(|(_, row)| value(row, "number") == number)
        });
        if let Some((table, row)) = rows.next() {
            let entry = entry(table, value(row, "sys_id"), "work_notes", text);
            instance.journal.push(entry);
        }
    }

    /// Serves over HTTP on the current runtime, until the returned value is dropped.
    pub fn serve(&self, listener: TcpListener) -> Serving {
        self.server.serve(listener)
    }

    /// The journal of a record, oldest entry first; empty if there is no such record.
    pub fn journal(&self, number: &str) -> Vec<Entry> {
        let server = self.server.lock();
        let instance = &server.system;
        let ids: HashSet<_> = instance
            .tables
            .values()
            .flatten()
            .filter(|record| value(record, "number") == number)
            .map(|record| value(record, "sys_id"))
            .collect();
        instance
            .journal
            .iter()
            .filter(|entry| ids.contains(value(entry, "element_id")))
            .map(|entry| Entry {
                text: value(entry, "value").to_owned(),
                element: value(entry, "element").to_owned(),
                author: value(entry, "sys_created_by").to_owned(),
            })
            .collect()
    }

    /// From now on an access control denies writing this journal field: what is sent for it is left out, and the answer
    /// is 200 all the same.
    pub fn deny_field(&self, element: &'static str) {
        self.server.lock().system.denied.insert(element);
    }

    /// From now on the account may read no journal: its table looks empty, and so do the fields of a record.
    pub fn hide_journal(&self) {
        self.server.lock().system.hides_journal = true;
    }

    /// Injects a fault. If several match a request, the one that was injected first applies.
    pub fn fail(&self, fault: Fault) {
        self.server.lock().faults.add(fault);
    }

    /// All calls in order, also those that failed: `GET /api/now/table/sc_req_item`, without the query.
    pub fn calls(&self) -> Vec<String> {
        self.server.lock().calls.clone()
    }
}

/// A row of a table. All values are text.
type Row = BTreeMap<&'static str, String>;

#[derive(Debug, Default)]
struct Instance {
    tables: HashMap<String, Vec<Row>>,
    journal: Vec<Row>,
    tokens: HashSet<String>,
    /// Journal fields that may not be written.
    denied: HashSet<&'static str>,
    hides_journal: bool,
}

impl TicketSystem for Instance {
    fn answer(&mut self, request: &Received) -> Response {
        let segments = request.segments();
        if let ("POST", ["oauth_token.do"]) = (request.verb(), segments.as_slice()) {
            return self.token(request);
        }
        if !self.is_authenticated(request) {
            let detail = "Required to provide Auth information";
            return error_response(401, "User Not Authenticated", Some(detail));
        }
        match (request.verb(), segments.as_slice()) {
            ("GET", ["api", "now", "table", table]) => self.list(table, request),
            ("PATCH", ["api", "now", "table", table, sys_id]) => self.patch(table, sys_id, request),
            _ => error_response(400, "Requested URI does not represent any resource", None),
        }
    }

    fn failure(status: u16) -> Response {
        error_response(status, reason(status), None)
    }
}

impl Instance {
    /// The client credentials grant. Its error is the same for every wrong parameter.
    fn token(&mut self, request: &Received) -> Response {
        let is =
            |name: &str, expected: &str| field(&request.body, name).as_deref() == Some(expected);
        let granted = is("grant_type", "client_credentials")
            && is("client_id", CLIENT_ID)
            && is("client_secret", CLIENT_SECRET);
        if !granted {
            let denied = json!({"error_description": "access_denied", "error": "server_error"});
            return json_response(401, denied);
        }
        let token = new_id();
        self.tokens.insert(token.clone());
        let answer = json!({
            "access_token": token,
            "scope": "useraccount",
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME,
        });
        json_response(200, answer)
    }

    fn is_authenticated(&self, request: &Received) -> bool {
        let bearer = request.credentials("Bearer");
        request.is_basic(USER, PASSWORD) || bearer.is_some_and(|token| self.tokens.contains(token))
    }

    fn list(&self, table: &str, request: &Received) -> Response {
        let rows = match table {
            JOURNAL if self.hides_journal => Some(&NO_ROWS),
            JOURNAL => Some(&self.journal),
            _ => self.tables.get(table),
        };
        let Some(rows) = rows else {
            return no_such_table(table);
        };
        let (Some(offset), Some(limit)) = (
            request.number("sysparm_offset", 0),
            request.number("sysparm_limit", DEFAULT_LIMIT),
        ) else {
            return error_response(400, "sysparm_offset and sysparm_limit are numbers", None);
        };
        let query = request.option("sysparm_query").unwrap_or_default();
        let fields = request.option("sysparm_fields").unwrap_or_default();
        let selected = select(rows, &query).into_iter().skip(offset).take(limit);
        let result: Vec<_> = selected
            .map(|row| only(&self.displayed(row, request), &fields))
            .collect();
        json_response(200, json!({"result": result}))
    }

    /// Writes into the journal of a record. Ignores other fields, as real instances ignore unknown fields.
    fn patch(&mut self, table: &str, sys_id: &str, request: &Received) -> Response {
        if !request.is_json() {
            return Instance::failure(415);
        }
        let Some(records) = self.tables.get(table) else {
            return no_such_table(table);
        };
        let found = records.iter().find(|row| value(row, "sys_id") == sys_id);
        let Some(record) = found.cloned() else {
            let detail = "Record doesn't exist or ACL restricts the record retrieval";
            return error_response(404, "No Record found", Some(detail));
        };
        let Some(sent) = request.json() else {
            return error_response(400, "Exception while reading request", None);
        };
        for element in JOURNAL_FIELDS {
            let text = sent.get(element).and_then(Value::as_str);
            let text = text.filter(|text| !text.is_empty() && !self.denied.contains(element));
            if let Some(text) = text {
                self.journal.push(entry(table, sys_id, element, text));
            }
        }
        let fields = request.option("sysparm_fields").unwrap_or_default();
        let result = only(&self.displayed(&record, request), &fields);
        json_response(200, json!({"result": result}))
    }

    /// The row as it is read: for display, a journal field of a record shows its entries, the newest first.
    fn displayed(&self, row: &Row, request: &Received) -> Row {
        let mut row = row.clone();
        let for_display = request.option("sysparm_display_value").as_deref() == Some("true");
        for element in JOURNAL_FIELDS {
            if for_display && !self.hides_journal && row.contains_key(element) {
                let entries = self.journal.iter().rev().filter(|entry| {
                    value(entry, "element_id") == value(&row, "sys_id")
                        && value(entry, "element") == element
                });
                let shown: String = entries
                    .map(|entry| {
                        let (at, by) = (
                            value(entry, "sys_created_on"),
                            value(entry, "sys_created_by"),
                        );
                        format!("{at} - {by}\n{}\n\n", value(entry, "value"))
                    })
                    .collect();
                row.insert(element, shown);
            }
        }
        row
    }
}

/// A record. Its journal fields are stored empty, because their entries are in [`JOURNAL`].
fn record(table: &str, number: &str) -> Row {
    let mut row = new_row("system");
    row.insert("number", number.to_owned());
    row.insert("sys_class_name", table.to_owned());
    row.extend(JOURNAL_FIELDS.map(|name| (name, String::new())));
    row
}

fn entry(table: &str, sys_id: &str, element: &str, text: &str) -> Row {
    let mut row = new_row(USER);
    row.insert("name", table.to_owned());
    row.insert("element_id", sys_id.to_owned());
    row.insert("element", element.to_owned());
    row.insert("value", text.to_owned());
    row
}

/// The fields that every row has. Times are in UTC and whole seconds, so entries of one second have no order.
fn new_row(user: &str) -> Row {
    let now = Timestamp::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
    Row::from([
        ("sys_id", new_id()),
        ("sys_created_on", now),
        ("sys_created_by", user.to_owned()),
    ])
}

/// 32 hexadecimal digits.
fn new_id() -> String {
    Uuid::new_v4().simple().to_string()
}

/// The value of a field; empty if the row does not have it.
fn value<'a>(row: &'a Row, field: &str) -> &'a str {
    row.get(field).map(String::as_str).unwrap_or_default()
}

/// The rows that match an encoded query, in its order.
fn select<'a>(rows: &'a [Row], query: &str) -> Vec<&'a Row> {
    let mut selected: Vec<_> = rows
        .iter()
        .filter(|row| query.split('^').all(|condition| matches(condition, row)))
        .collect();
    // The sort is stable, so the first ORDERBY must be applied last to take precedence.
    for order in query.split('^').rev() {
        if let Some(field) = order.strip_prefix("ORDERBYDESC") {
            selected.sort_by(|one, other| value(other, field).cmp(value(one, field)));
        } else if let Some(field) = order.strip_prefix("ORDERBY") {
            selected.sort_by(|one, other| value(one, field).cmp(value(other, field)));
        }
    }
    selected
}

/// Whether a row meets a condition. Every row meets a condition that is not understood. The name of the field is in
/// lower case and ends where the operator begins.
fn matches(condition: &str, row: &Row) -> bool {
    let is_operator = |letter: char| !matches!(letter, 'a'..='z' | '0'..='9' | '_');
    let (name, rest) = condition.split_at(condition.find(is_operator).unwrap_or(condition.len()));
    let Some(value) = row.get(name) else {
        return true;
    };
    if let Some(wanted) = rest.strip_prefix('=') {
        value == wanted
    } else if let Some(part) = rest.strip_prefix("LIKE") {
        value.contains(part)
    } else {
        true
    }
}

/// The row with only these fields, which are separated by commas; the whole row if none are named.
fn only(row: &Row, fields: &str) -> Row {
    let is_named = |name: &str| fields.is_empty() || fields.split(',').any(|field| field == name);
    row.iter()
        .filter(|(name, _)| is_named(name))
        .map(|(name, value)| (*name, value.clone()))
        .collect()
}

/// An error in the envelope of the REST APIs.
fn error_response(status: u16, message: &str, detail: Option<&str>) -> Response {
    let error = json!({"message": message, "detail": detail});
    json_response(status, json!({"error": error, "status": "failure"}))
}

fn no_such_table(table: &str) -> Response {
    error_response(400, &format!("Invalid table {table}"), None)
}
