//! Answers of Jira and of ServiceNow, which take the note about a reset.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use simulated::tickets::jira_cloud::{API_TOKEN, EMAIL, JiraCloud};
use simulated::tickets::servicenow::{
    CLIENT_ID, CLIENT_SECRET, PASSWORD, ServiceNow as Instance, USER,
};
use simulated::tickets::{Fault, Serving};
use tokio::net::TcpListener;

use crate::each::{self, changes, every, in_own_runtime};
use crate::odd::{Change, Field, Odd};
use crate::proxy::Proxy;
use crate::table::{self, Outcomes};
use crate::test_app::{Document, JANE, Overrides, TestApp};

const TICKET: &str = "HELP-42";
const ITEM: &str = "RITM0010072";

/// Longer than a note is tried.
const LONG: Duration = Duration::from_secs(3 * 60 * 60);

/// Every note begins its last line so.
const MARK: &str = "reregister-mfa ";

/// A ticket system, and what is special about it. The note is to be internal in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Desk {
    Jira,
    /// The answer to the comment is lost: it has to be looked for.
    JiraLosesAnswer,
    /// Each comment is public, whatever was asked, and there are customers.
    JiraPublishes,
    /// Each comment says that it is public, and there are no customers.
    JiraSoftware,
    /// With a client that logs in.
    ServiceNow,
    ServiceNowLosesAnswer,
}

enum System {
    Jira(JiraCloud),
    ServiceNow(Instance),
}

impl Desk {
    const ALL: [Desk; 6] = [
        Desk::Jira,
        Desk::JiraLosesAnswer,
        Desk::JiraPublishes,
        Desk::JiraSoftware,
        Desk::ServiceNow,
        Desk::ServiceNowLosesAnswer,
    ];

    /// Its table in docs/answers.md.
    fn table(self) -> &'static str {
        match self {
            Desk::Jira => "jira",
            Desk::JiraLosesAnswer => "jira-lost",
            Desk::JiraPublishes => "jira-public",
            Desk::JiraSoftware => "jira-software",
            Desk::ServiceNow => "servicenow",
            Desk::ServiceNowLosesAnswer => "servicenow-lost",
        }
    }

    fn system(self) -> System {
        let jira = |prepare: fn(&JiraCloud)| {
            let jira = JiraCloud::new();
            prepare(&jira);
            System::Jira(jira)
        };
        let instance = Instance::new();
        instance.add_record("sc_req_item", ITEM);
        match self {
            Desk::Jira => jira(|jira| jira.add_issue(TICKET)),
            Desk::JiraLosesAnswer => jira(|jira| {
                jira.add_issue(TICKET);
                jira.fail(Fault::on("POST", "/comment").lose_answer());
            }),
            Desk::JiraPublishes => jira(|jira| {
                jira.add_issue(TICKET);
                jira.publish_comments();
            }),
            Desk::JiraSoftware => jira(|jira| jira.add_software_issue(TICKET)),
            Desk::ServiceNow => System::ServiceNow(instance),
            Desk::ServiceNowLosesAnswer => {
                instance.fail(Fault::on("PATCH", "").lose_answer());
                System::ServiceNow(instance)
            }
        }
    }

    /// Its section in the policy's `[notes]`.
    fn section(self, url: &str) -> (&'static str, Value) {
        let (source, system) = match self {
            Desk::ServiceNow | Desk::ServiceNowLosesAnswer => {
                let system = json!({"servicenow": {"instance": url, "table": "sc_req_item"}});
                ("notes.servicenow", system)
            }
            _ => ("notes.jira", json!({"jira_cloud": {"site": url}})),
        };
        (source, json!({"system": system, "secret": "sandbox/notes"}))
    }

    fn credential(self) -> Value {
        match self {
            Desk::ServiceNow => json!({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}),
            Desk::ServiceNowLosesAnswer => json!({"username": USER, "password": PASSWORD}),
            _ => json!({"email": EMAIL, "api_token": API_TOKEN}),
        }
    }
}

impl System {
    async fn serve(&self) -> Serving {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        match self {
            System::Jira(jira) => jira.serve(listener),
            System::ServiceNow(instance) => instance.serve(listener),
        }
    }

    /// For each note in the ticket, whether customers see it.
    fn notes(&self, desk: Desk) -> Vec<bool> {
        match self {
            System::Jira(jira) => {
                let notes = jira.comments(TICKET).into_iter();
                let notes = notes.filter(|comment| comment.text.contains(MARK));
                notes
                    .map(|comment| !comment.internal && desk != Desk::JiraSoftware)
                    .collect()
            }
            System::ServiceNow(instance) => {
                let notes = instance.journal(ITEM).into_iter();
                let notes = notes.filter(|entry| entry.text.contains(MARK));
                notes.map(|entry| entry.element != "work_notes").collect()
            }
        }
    }

    /// How often a note was sent.
    fn posts(&self) -> usize {
        let calls = match self {
            System::Jira(jira) => jira.calls(),
            System::ServiceNow(instance) => instance.calls(),
        };
        let is_post = |call: &&String| call.contains("/comment") || call.starts_with("PATCH");
        let mut posts: Vec<&String> = calls.iter().filter(is_post).collect();
        posts.retain(|call| call.starts_with("POST") || call.starts_with("PATCH"));
        posts.len()
    }
}

/// A reset and its note, three hours later.
#[derive(Debug)]
struct Noted {
    /// What came of the reset, how many changes it asked for, and what it left.
    reset: (String, usize, Vec<String>),
    /// What the record says of the note.
    duty: String,
    /// For each note in the ticket, whether customers see it.
    notes: Vec<bool>,
    posts: usize,
    seen: BTreeSet<Field>,
    changed: usize,
}

impl Noted {
    fn end(&self) -> String {
        let said = match self.duty.as_str() {
            "done" => "written",
            "given_up" => "given up",
            other => other,
        };
        let there = match (&self.notes[..], self.posts) {
            ([false], 1) if self.duty == "done" => return said.to_owned(),
            ([], 0) => "nothing sent",
            ([], _) => "deleted",
            ([false], _) => "there",
            ([true], _) => "there in public",
            (_, _) => "there more than once",
        };
        format!("{said} ({there})")
    }
}

async fn reset(desk: Desk, change: Option<Change>) -> Noted {
    let (proxy, url) = Proxy::start(change).await;
    let system = desk.system();
    let serving = system.serve().await;
    proxy.stand_before(&serving.url);
    let with_notes = |policy: Document| {
        let (source, section) = desk.section(&url);
        policy.add(source, section)
    };
    let app = TestApp::build(with_notes, |tenant| tenant, Overrides::default()).await;
    app.set_secret("sandbox/notes", desk.credential());
    let delivery = match desk {
        Desk::ServiceNow | Desk::ServiceNowLosesAnswer => {
            app.servicenow(ITEM, JANE, &app.approve(app.draft().ticket(ITEM)))
        }
        _ => app.jira(&app.approve(app.draft())),
    };
    let reply = app.send(delivery).await;
    app.wait(LONG).await;
    let mut duty = String::new();
    app.store.look("reset#", |record| {
        let record: Value = serde_json::from_str(record).unwrap();
        if let Some(note) = record["duties"]["note"].as_str() {
            note.clone_into(&mut duty);
        }
    });
    Noted {
        reset: (reply.state().to_owned(), app.writes().len(), app.has(JANE)),
        duty,
        notes: system.notes(desk),
        posts: system.posts(),
        seen: proxy.seen(),
        changed: proxy.changed(),
    }
}

/// A second note is sent only if the first one came back with another text: then it is another person's comment.
fn may_be_sent_twice(desk: Desk, change: &Change) -> bool {
    let pointer = &change.field.pointer;
    let is_other = match change.odd {
        Odd::TooLong | Odd::Unknown => pointer.ends_with("/text") || pointer.ends_with("/body"),
        Odd::Absent => pointer.ends_with("/content/*/content"),
        _ => false,
    };
    desk == Desk::JiraLosesAnswer && is_other
}

fn faults(desk: Desk, change: &Change, noted: &Noted, plain: &Noted) -> Vec<&'static str> {
    let is_done = noted.duty == "done";
    [
        (noted.reset != plain.reset, "the reset ended otherwise"),
        (is_done && noted.notes.is_empty(), "it is not there"),
        (is_done && noted.notes.contains(&true), "it is public"),
        (
            // What went to a record that is not there is no copy.
            noted.posts > 1 && !noted.notes.is_empty() && !may_be_sent_twice(desk, change),
            "it was sent more than once",
        ),
        (
            !["done", "given_up"].contains(&noted.duty.as_str()),
            "it has no end",
        ),
    ]
    .into_iter()
    .filter_map(|(is_so, fault)| is_so.then_some(fault))
    .collect()
}

#[test]
fn no_strange_answer_has_a_note_called_written_that_is_not_there_or_has_it_written_twice() {
    let (mut cases, mut wrong, mut tables) = (0, Vec::new(), Vec::new());
    for (nth, desk) in Desk::ALL.into_iter().enumerate() {
        let plain = in_own_runtime(reset(desk, None));
        let end = match desk {
            Desk::JiraPublishes => "given up (deleted)",
            _ => "written",
        };
        assert_eq!(plain.end(), end, "{desk:?}: {plain:?}");
        assert_eq!(plain.reset.0, "completed", "{desk:?}");
        let sample = changes(plain.seen.clone())
            .into_iter()
            .skip(nth % every())
            .step_by(every());
        let ended = each::run_each(sample.collect(), |change| {
            let noted = in_own_runtime(reset(desk, Some(change)));
            (noted.changed > 0).then_some(noted)
        });
        let mut outcomes = Outcomes::new();
        for (change, noted) in ended {
            cases += 1;
            let faults = faults(desk, &change, &noted, &plain);
            if !faults.is_empty() {
                let Noted {
                    duty, notes, posts, ..
                } = &noted;
                wrong.push(format!(
                    "{desk:?}: {change:?}: {faults:?}: {duty} {notes:?} {posts}"
                ));
            }
            let of_field = outcomes.entry(change.field).or_default();
            of_field.entry(change.odd).or_default().insert(noted.end());
        }
        println!("{desk:?}: {} fields, {cases} cases so far", outcomes.len());
        tables.push((desk.table(), outcomes));
    }
    let fields: usize = tables.iter().map(|(_, outcomes)| outcomes.len()).sum();
    println!("{cases} strange answers in {fields} fields of ticket systems");
    assert!(cases * every() > 600, "only {cases}");
    for (name, outcomes) in &tables {
        table::check(name, outcomes, every() == 1);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
