//! A snapshot: a whole table at one moment of a story, and what is around it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is at this moment in the table, in the queue, in the tenant and in the tickets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    /// The story, and which of its moments.
    pub name: String,
    /// Under which of the policies.
    pub policy: String,
    /// What time it is.
    pub now: Timestamp,
    /// The table, as DynamoDB would hold it.
    pub items: Vec<StoredItem>,
    /// The queue, as Amazon SQS would hold it.
    pub queue: Vec<Message>,
    /// The people who are not as in `users.json` any more, written as they are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Value>,
    /// The people who are not there any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// The comments in Jira, by ticket.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub comments: BTreeMap<String, Vec<String>>,
    /// The requests that the records are of, to be sent once more in the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<HttpRequest>,
    /// To what each record came, by its id, when the version that wrote it went on with it.
    #[serde(default)]
    pub ends: BTreeMap<String, Value>,
}

/// One item, with its attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredItem {
    pub pk: String,
    pub version: u64,
    pub writer: String,
    /// In Unix seconds.
    pub expires_at: i64,
    pub body: String,
}

/// One message, and when it comes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Message {
    pub due: Timestamp,
    pub body: String,
}

/// One HTTP request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

pub fn read_all(directory: &Path) -> Vec<Snapshot> {
    serde_json::from_value(read_json(&directory.join("snapshots.json"))).unwrap()
}

pub fn write_all(directory: &Path, snapshots: &[Snapshot]) {
    let text = lines(snapshots, str::to_owned);
    fs::write(directory.join("snapshots.json"), text).unwrap();
}

/// A JSON list with one line for each member, within what `around` puts around it.
pub fn lines<T: Serialize>(list: &[T], around: impl Fn(&str) -> String) -> String {
    let members = list.iter().map(|one| serde_json::to_string(one).unwrap());
    let members: Vec<String> = members.collect();
    around(&format!("[\n{}\n]", members.join(",\n"))) + "\n"
}

pub fn read_json(path: &Path) -> Value {
    let text = fs::read_to_string(path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Snapshot {
    /// The records by id. One that was never accepted is null.
    pub fn records(&self) -> BTreeMap<String, Value> {
        records(&self.items)
    }
}

/// The records among these items, by id.
pub fn records(items: &[StoredItem]) -> BTreeMap<String, Value> {
    let records = items.iter().filter_map(|item| {
        let id = item.pk.strip_prefix("reset#")?;
        Some((id.to_owned(), serde_json::from_str(&item.body).unwrap()))
    });
    records.collect()
}

/// How far a record is, in one word.
pub fn stage(record: &Value) -> &str {
    let stage = &record["stage"];
    match stage.as_object().and_then(|stage| stage.keys().next()) {
        None => "never accepted",
        Some(name) if name == "claimed" => stage["claimed"]["state"].as_str().unwrap(),
        Some(name) if name == "refused" && stage["refused"]["gave_up"] == true => "gave_up",
        Some(name) => name,
    }
}

pub fn is_over(record: &Value) -> bool {
    !matches!(stage(record), "waiting" | "running")
}

/// Whether the end is still to be told to the audit trail, the security team or the ticket.
pub fn is_owed(record: &Value) -> bool {
    let duties = record["duties"].as_object();
    duties.is_some_and(|duties| duties.values().any(|duty| duty == "owed"))
}

/// To what a record has come, without times and names.
pub fn end(record: &Value) -> Value {
    let mut end = Map::new();
    let mut note = |name: &str, value: &Value| end.insert(name.to_owned(), value.clone());
    note("stage", &stage(record).into());
    if let Some(duties) = record.get("duties") {
        note("duties", duties);
    }
    let refused = &record["stage"]["refused"]["words"]["code"];
    if !refused.is_null() {
        note("code", refused);
    }
    let claimed = &record["stage"]["claimed"];
    if !claimed.is_null() {
        note("sessions", &claimed["sessions"]);
        note("because", &claimed["no_longer_allowed"]["code"]);
        let entries = claimed["entries"].as_array().unwrap();
        let methods: Vec<Value> = entries
            .iter()
            .map(|entry| entry["progress"].clone())
            .collect();
        note("methods", &methods.into());
        let appeared = claimed["appeared"].as_array().unwrap().len();
        note("appeared", &appeared.into());
    }
    Value::Object(end)
}
