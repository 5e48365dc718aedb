//! Answers of Entra's login and of Microsoft Graph.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::each::{self, changes, every, in_own_runtime};
use crate::odd::{Change, Field, Odd};
use crate::proxy::Proxy;
use crate::table::{self, Outcomes};
use crate::test_app::{ADELE, Document, GRACE, JANE, MEGAN, Overrides, SAM, TestApp};

/// One for each reason for which a person is privileged or never reset.
const PROTECTED: [&str; 14] = [
    GRACE,
    SAM,
    "nestor.wilke@contoso.example",
    "carla.custom@contoso.example",
    "uma.unit@contoso.example",
    "petra.assigned@contoso.example",
    "paul.activated@contoso.example",
    "lidia.holloway@contoso.example",
    "rosa.member@contoso.example",
    "owen.owner@contoso.example",
    "gabriel.member@contoso.example",
    "oscar.owner@contoso.example",
    "greta.nested@contoso.example",
    "isaiah.langer@contoso.example",
];

/// The group "IT contractors", which the policy names.
const CONTRACTORS: &str = "c1000000-0000-4000-8000-000000000005";

/// A reset as it stands after its first run and those of the next ten minutes.
struct Reset {
    /// In a few words.
    outcome: String,
    is_completed: bool,
    /// It says that a method of an unknown type was left.
    warns_of_unknown_type: bool,
    /// The changes that were asked of Graph.
    writes: Vec<String>,
    /// What it should have removed and is still there.
    left: Vec<String>,
    sessions_revoked: bool,
    /// The fields of the answers that it got.
    seen: BTreeSet<Field>,
    /// How many answers were changed on the way.
    changed: usize,
}

fn upstream(policy: &Document) -> String {
    let policy: toml::Value = toml::from_str(&policy.to_toml()).unwrap();
    let entra = &policy["tenants"]["contoso"]["entra"];
    entra["graph"].as_str().unwrap().to_owned()
}

/// Who has verified a person.
#[derive(Clone, Copy, PartialEq)]
enum Verified {
    ByTheDesk,
    /// Megan is Jane's manager, which the directory is then asked for.
    ByTheManager,
}

async fn reset(person: &str, verified: Verified, change: Option<Change>) -> Reset {
    let (proxy, url) = Proxy::start(change).await;
    let app = TestApp::build(
        |policy| {
            proxy.stand_before(&upstream(&policy));
            policy
                .set("tenants.contoso.entra.login", url.as_str())
                .set("tenants.contoso.entra.graph", url.as_str())
                .add("tenants.contoso.rules.privileged_groups", vec![CONTRACTORS])
        },
        |tenant| tenant,
        Overrides::default(),
    )
    .await;
    let mut draft = app.draft().target(person);
    if verified == Verified::ByTheManager {
        draft = draft.verification([json!({
            "method": "manager_attestation", "contact_source": "company_directory",
            "verified_by": MEGAN, "verified_at": app.now() - 300,
        })]);
    }
    let delivery = app.jira(&app.approve(draft.scope("mfa:reregister passkeys:remove")));
    let mut reply = app.send(delivery.clone()).await;
    if reply.status == 202 {
        app.wait(Duration::from_secs(10 * 60)).await;
        reply = app.send(delivery).await;
    }
    let mut left = app.has(person);
    left.retain(|method| !matches!(method.as_str(), "password" | "windowsHelloForBusiness"));
    Reset {
        outcome: match (reply.state(), reply.code()) {
            ("", code) => format!("refused `{code}`"),
            (state, "") => format!("`{state}`"),
            (state, code) => format!("{state} `{code}`"),
        },
        is_completed: reply.state() == "completed",
        warns_of_unknown_type: reply.warnings().contains(&"unknown_type_left"),
        writes: app.writes(),
        left,
        sessions_revoked: app.tenant.sessions_revoked(person),
        seen: proxy.seen(),
        changed: proxy.changed(),
    }
}

fn run(person: &str, verified: Verified, change: Option<Change>) -> Reset {
    in_own_runtime(reset(person, verified, change))
}

/// Runs one reset of this person for each change of an answer.
fn run_each(person: &str, verified: Verified, changes: Vec<Change>) -> Vec<(Change, Reset)> {
    each::run_each(changes, |change| {
        let reset = run(person, verified, Some(change));
        (reset.changed > 0).then_some(reset)
    })
}

/// Null is Graph's word for false there ("user": `isManagementRestricted`), and so no strange answer.
fn says_that_no_unit_restricts(change: &Change) -> bool {
    change.field.pointer == "/isManagementRestricted" && change.odd == Odd::Null
}

#[test]
fn no_strange_answer_has_a_protected_person_reset_on_one_approval() {
    let (mut cases, mut faults) = (0, Vec::new());
    for (nth, person) in PROTECTED.into_iter().enumerate() {
        let plain = run(person, Verified::ByTheDesk, None);
        assert_eq!(plain.writes, [""; 0], "{person}");
        let changes = changes(plain.seen).into_iter();
        let sample = changes.skip(nth % every()).step_by(every()).collect();
        for (change, reset) in run_each(person, Verified::ByTheDesk, sample) {
            cases += 1;
            let is_safe = match says_that_no_unit_restricts(&change) {
                // Entra knows better, and refuses each change.
                true => !reset.is_completed && reset.left == plain.left,
                false => reset.writes.is_empty(),
            };
            if !is_safe {
                faults.push(format!("{person}: {change:?} {}", reset.outcome));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    println!(
        "{cases} strange answers about {} protected people",
        PROTECTED.len()
    );
    assert!(cases * every() > 3_000, "only {cases}");
}

#[test]
fn no_strange_answer_has_a_reset_called_done_that_left_a_method_or_a_session() {
    let (mut cases, mut faults) = (0, Vec::new());
    let mut outcomes = Outcomes::new();
    let mut asked: BTreeSet<String> = BTreeSet::new();
    for (person, verified) in [
        (JANE, Verified::ByTheDesk),
        (ADELE, Verified::ByTheDesk),
        (JANE, Verified::ByTheManager),
    ] {
        let plain = run(person, verified, None);
        assert!(plain.is_completed, "{person}: {}", plain.outcome);
        let mut seen = plain.seen;
        if verified == Verified::ByTheManager {
            // The other calls are the same as before.
            seen.retain(|field| !asked.contains(&field.call));
            assert!(!seen.is_empty(), "the manager was not asked for");
        }
        asked.extend(seen.iter().map(|field| field.call.clone()));
        let changes = changes(seen).into_iter();
        for (change, reset) in run_each(person, verified, changes.step_by(every()).collect()) {
            cases += 1;
            let is_done = reset.left.is_empty() || reset.warns_of_unknown_type;
            if reset.is_completed && !(is_done && reset.sessions_revoked) {
                let Reset {
                    left,
                    sessions_revoked,
                    ..
                } = &reset;
                faults.push(format!(
                    "{person}: {change:?}: {left:?}, {sessions_revoked}"
                ));
            }
            let of_field = outcomes.entry(change.field).or_default();
            of_field
                .entry(change.odd)
                .or_default()
                .insert(reset.outcome);
        }
    }
    println!("{cases} strange answers in {} fields", outcomes.len());
    assert!(cases * every() > 800, "only {cases}");
    assert_eq!(faults, [""; 0]);
    table::check("graph", &outcomes, every() == 1);
}
