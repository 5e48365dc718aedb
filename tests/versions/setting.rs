//! The setting that all stories and snapshots share: the tenant, the secrets, the policies, the issuers' keys.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use simulated::entra::Method;
use simulated::tickets::jira_cloud::{API_TOKEN, EMAIL};
use simulated::tickets::servicenow::{PASSWORD, USER};

use crate::snapshot::{lines, read_json};

/// What all snapshots of a set have in common.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The simulated tenant. Every method has its id, so that a table fits to it.
    pub users: Value,
    pub secrets: BTreeMap<String, Value>,
    pub policies: BTreeMap<String, String>,
    /// The public keys of the issuers, by file name.
    pub keys: BTreeMap<String, Value>,
}

/// Where the tenant and the ticket systems are, in the policies.
pub const GRAPH: &str = "http://127.0.0.1:8443";
pub const JIRA: &str = "http://127.0.0.1:8444";
pub const SERVICENOW: &str = "http://127.0.0.1:8445";

impl Setting {
    /// The methods by person and id.
    pub fn methods(&self) -> BTreeMap<(String, String), Value> {
        let mut methods = BTreeMap::new();
        for user in self.users["users"].as_array().unwrap() {
            for method in user["methods"].as_array().unwrap() {
                let [user, id] =
                    [&user["id"], &method["id"]].map(|id| id.as_str().unwrap().to_owned());
                methods.insert((user, id), method.clone());
            }
        }
        methods
    }

    /// The one that stories begin with, with these keys.
    pub fn of_the_tour(keys: BTreeMap<String, Value>) -> Setting {
        Setting {
            users: users(),
            secrets: secrets(),
            policies: policies(),
            keys,
        }
    }

    pub fn read(directory: &Path) -> Setting {
        let mut setting = Setting {
            users: read_json(&directory.join("users.json")),
            secrets: serde_json::from_value(read_json(&directory.join("secrets.json"))).unwrap(),
            policies: BTreeMap::new(),
            keys: BTreeMap::new(),
        };
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if let Some(policy) = name.strip_suffix(".policy.toml") {
                let text = fs::read_to_string(&path).unwrap();
                setting.policies.insert(policy.to_owned(), text);
            } else if name.ends_with(".jwks.json") {
                setting.keys.insert(name, read_json(&path));
            }
        }
        setting
    }

    pub fn write(&self, directory: &Path) {
        fs::create_dir_all(directory).unwrap();
        let write = |name: &str, text: String| fs::write(directory.join(name), text).unwrap();
        write(
            "users.json",
            lines(self.users["users"].as_array().unwrap(), |users| {
                let mut file = self.users.clone();
                file["users"] = Value::String("USERS".to_owned());
                file.to_string().replace("\"USERS\"", users)
            }),
        );
        let secrets = serde_json::to_string_pretty(&self.secrets).unwrap();
        write("secrets.json", secrets + "\n");
        for (name, policy) in &self.policies {
            write(&format!("{name}.policy.toml"), policy.clone());
        }
        for (name, keys) in &self.keys {
            write(name, format!("{keys}\n"));
        }
    }
}

/// The tenant of the tour, with an id for each method, and dates for some.
fn users() -> Value {
    let text = include_str!("../../examples/users.json");
    let mut file: Value = serde_json::from_str(text).unwrap();
    for (nth, user) in file["users"].as_array_mut().unwrap().iter_mut().enumerate() {
        let methods = user["methods"].as_array_mut().unwrap();
        for (which, method) in methods.iter_mut().enumerate() {
            let kind = method["type"].as_str().unwrap().to_owned();
            if which % 2 == 1 {
                method["createdDateTime"] = "2026-02-03T04:05:06Z".into();
            }
            // Those of Graph are the same for everybody.
            let id: Method = serde_json::from_value(method.clone()).unwrap();
            method["id"] = match kind.as_str() {
                "phone" | "email" => id.id().into(),
                _ => format!("b1000000-0000-4000-8000-{nth:06x}{which:06x}").into(),
            };
        }
    }
    file
}

fn secrets() -> BTreeMap<String, Value> {
    let text = include_str!("../../examples/secrets.json");
    let mut secrets: BTreeMap<String, Value> = serde_json::from_str(text).unwrap();
    let jira = json!({"email": EMAIL, "api_token": API_TOKEN});
    secrets.insert("sandbox/jira-notes".to_owned(), jira);
    let servicenow = json!({"username": USER, "password": PASSWORD});
    secrets.insert("sandbox/servicenow-notes".to_owned(), servicenow);
    secrets
}

fn policies() -> BTreeMap<String, String> {
    let tour = include_str!("../../examples/policy.toml");
    let notes = format!(
        "\n[notes.jira]\nsystem.jira_cloud.site = {JIRA:?}\nsecret = \"sandbox/jira-notes\"\n\
         \n[notes.servicenow]\nsystem.servicenow = {{ instance = {SERVICENOW:?}, table = \"sc_req_item\" }}\n\
         secret = \"sandbox/servicenow-notes\"\n"
    );
    let rule = |line: &str| tour.replace("break_glass =", &format!("{line}\nbreak_glass ="));
    let second = "\n[tenants.fabrikam]\nid = \"00000000-0000-4000-8000-000000000001\"\n\
                  [tenants.fabrikam.entra]\ncredential.secret = \"sandbox/graph\"\n\
                  [tenants.fabrikam.rules]\nbreak_glass = \"none\"\n";
    let two = tour.replace("answer_within =", "tenant = \"contoso\"\nanswer_within =") + second;
    let policies = [
        ("standard", tour.to_owned()),
        ("deactivates", rule("hardware_oath = \"deactivate\"")),
        ("capped", rule("per_hour = 2")),
        (
            "strict",
            format!("{tour}verifier_apart = true\nhardware_key = true\n"),
        ),
        ("two-tenants", two),
    ];
    policies
        .map(|(name, policy)| (name.to_owned(), policy + &notes))
        .into()
}
