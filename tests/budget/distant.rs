//! A world in which only distance takes time: ports that answer after a round trip, and note when each call was sent.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use reregister_mfa::clock::{Clock as _, Timestamp};
use reregister_mfa::ids::ResetId;
use reregister_mfa::reset::{Method, MethodKind, PhoneType, RequestStatus, Resets};
use serde_json::json;
use simulated::approval::Draft;
use simulated::issuer::Issuer;

#[path = "../support/memory.rs"]
mod memory;
mod ports;

use memory::MemoryStore;

use crate::virtual_time::VirtualTime;
use crate::wiring::{self, Approvers, START, label};

const GRAPH: Duration = Duration::from_millis(super::GRAPH);
const AWS: Duration = Duration::from_millis(super::AWS);

/// Jane, whose methods are reset, and those who verify and approve: name and object id.
const PEOPLE: [(&str, &str); 5] = [
    (
        "jane@contoso.example",
        "a1000000-0000-4000-8000-00000000000b",
    ),
    (
        "sam@contoso.example",
        "a1000000-0000-4000-8000-000000000001",
    ),
    (
        "vera@contoso.example",
        "a1000000-0000-4000-8000-000000000002",
    ),
    (
        "ada@contoso.example",
        "a1000000-0000-4000-8000-000000000003",
    ),
    (
        "victor@contoso.example",
        "a1000000-0000-4000-8000-000000000004",
    ),
];

/// What came of a request, in how much time, by which calls.
pub struct Sent {
    pub state: String,
    pub took: Duration,
    /// One line a call: when it was sent in milliseconds, and what it was.
    pub calls: String,
}

/// A delivery: its body and its approvals.
#[derive(Clone)]
pub struct Approved {
    body: String,
    approvals: Vec<String>,
}

struct Issuers {
    desk: Issuer,
    security: Issuer,
}

static ISSUERS: LazyLock<Issuers> = LazyLock::new(|| Issuers {
    desk: Issuer::es256("https://approvals.contoso.example", "desk-2026"),
    security: Issuer::es256("https://security.contoso.example", "sec-2026"),
});

/// The world. Clones are the same one.
#[derive(Clone)]
pub struct Distant(Arc<World>);

struct World {
    time: VirtualTime,
    store: MemoryStore,
    methods: Mutex<Vec<Method>>,
    is_privileged: bool,
    calls: Mutex<Vec<(Duration, String)>>,
    queue: Mutex<Vec<ResetId>>,
    /// The process stands still for ever after this call.
    stops_after: Mutex<Option<String>>,
}

fn method(id: &str, kind: MethodKind) -> Method {
    Method {
        id: id.to_owned().try_into().unwrap(),
        kind,
        label: None,
        created: None,
        in_authenticator: false,
    }
}

impl Distant {
    pub fn new() -> Distant {
        Distant::with(false)
    }

    /// In which Jane is privileged.
    pub fn privileged() -> Distant {
        Distant::with(true)
    }

    fn with(is_privileged: bool) -> Distant {
        Distant(Arc::new(World {
            time: VirtualTime::default(),
            store: MemoryStore::default(),
            methods: Mutex::new(vec![
                method("password", MethodKind::Password),
                method("oath", MethodKind::SoftwareOath),
                method("authenticator", MethodKind::MicrosoftAuthenticator),
                method("mobile", MethodKind::Phone(PhoneType::Mobile)),
            ]),
            is_privileged,
            calls: Mutex::default(),
            queue: Mutex::default(),
            stops_after: Mutex::default(),
        }))
    }

    /// Registers so many methods more.
    pub fn register(&self, more: usize) {
        let mut methods = self.0.methods.lock().unwrap();
        let more = (0..more).map(|nth| method(&format!("oath{nth}"), MethodKind::SoftwareOath));
        methods.extend(more);
    }

    /// Leaves nothing to remove.
    pub fn register_none(&self) {
        let mut methods = self.0.methods.lock().unwrap();
        methods.retain(|method| method.kind == MethodKind::Password);
    }

    /// The methods that are there.
    pub fn left(&self) -> Vec<String> {
        let methods = self.0.methods.lock().unwrap();
        methods.iter().map(|method| method.id.to_string()).collect()
    }

    pub fn stop_after(&self, call: &str) {
        *self.0.stops_after.lock().unwrap() = Some(call.to_owned());
    }

    fn approve(issuer: &Issuer, [target, approver, verifier]: [&str; 3]) -> String {
        let now = START.parse::<Timestamp>().unwrap().as_second();
        let draft = Draft::new(now)
            .target(target)
            .approver(approver)
            .ticket("HELP-42");
        // The second one for a privileged person rests on other evidence.
        let draft = if issuer.iss() == ISSUERS.desk.iss() {
            draft.verified(verifier, now - 300)
        } else {
            draft.verification([json!({
                "method": "in_person", "verified_by": verifier, "verified_at": now - 120,
            })])
        };
        issuer.approve(&draft)
    }

    /// One approval that names people by their user principal names.
    pub fn by_name(&self) -> Approved {
        let [(jane, _), (sam, _), (vera, _), ..] = PEOPLE;
        Approved {
            body: "by name".to_owned(),
            approvals: vec![Self::approve(&ISSUERS.desk, [jane, sam, vera])],
        }
    }

    /// One approval that names people by their object ids.
    pub fn by_id(&self) -> Approved {
        let [(_, jane), (_, sam), (_, vera), ..] = PEOPLE;
        Approved {
            body: "by id".to_owned(),
            approvals: vec![Self::approve(&ISSUERS.desk, [jane, sam, vera])],
        }
    }

    /// One approval that names the target by object id, and the others by their user principal names.
    pub fn target_by_id(&self) -> Approved {
        let [(_, jane), (sam, _), (vera, _), ..] = PEOPLE;
        Approved {
            body: "target by id".to_owned(),
            approvals: vec![Self::approve(&ISSUERS.desk, [jane, sam, vera])],
        }
    }

    /// The same on the word of Jane's manager.
    pub fn vouched(&self) -> Approved {
        let [(_, jane), (_, sam), (_, vera), ..] = PEOPLE;
        let now = START.parse::<Timestamp>().unwrap().as_second();
        let vouched = json!({
            "method": "manager_attestation", "contact_source": "company_directory",
            "verified_by": vera, "verified_at": now - 120,
        });
        let draft = Draft::new(now).target(jane).approver(sam).ticket("HELP-42");
        Approved {
            body: "vouched".to_owned(),
            approvals: vec![ISSUERS.desk.approve(&draft.verification([vouched]))],
        }
    }

    /// Two approvals of two issuers.
    pub fn two_by_name(&self) -> Approved {
        let [(jane, _), (sam, _), (vera, _), (ada, _), (victor, _)] = PEOPLE;
        Approved {
            body: "two by name".to_owned(),
            approvals: vec![
                Self::approve(&ISSUERS.desk, [jane, sam, vera]),
                Self::approve(&ISSUERS.security, [jane, ada, victor]),
            ],
        }
    }

    /// The same approvals in another delivery.
    pub fn in_another_body(&self, approved: &Approved) -> Approved {
        Approved {
            body: "another".to_owned(),
            ..approved.clone()
        }
    }

    /// Submits a request, as the webhook does.
    pub fn submit(&self, approved: &Approved) -> Sent {
        let submission = wiring::submission(&approved.body, approved.approvals.clone(), self.now());
        let resets = self.resets();
        self.watch(async move {
            match resets.submit(submission).await.map(|answer| answer.status) {
                Ok(RequestStatus::Reset(outcome)) => outcome.state.as_str().to_owned(),
                Ok(RequestStatus::Refused { refusal, .. }) => {
                    format!("refused {}", refusal.text.code)
                }
                other => format!("{other:?}"),
            }
        })
    }

    /// Lets time pass, and the queue bring its oldest message.
    pub fn wake(&self, after: Duration) -> Sent {
        self.0.time.pass(after);
        let id = self.0.queue.lock().unwrap().remove(0);
        let until = self.now().checked_add(Duration::from_secs(100)).unwrap();
        let resets = self.resets();
        self.watch(async move { format!("{:?}", resets.wake(id, until).await) })
    }

    /// Does something, and says how long it took and which calls it made. A process that stands still never comes to an end.
    fn watch(&self, work: impl Future<Output = String>) -> Sent {
        self.0.calls.lock().unwrap().clear();
        let began = self.0.time.now();
        let state = self.0.time.run(work);
        let took = self.0.time.now() - began;
        *self.0.stops_after.lock().unwrap() = None;
        let mut calls = self.0.calls.lock().unwrap().clone();
        calls.sort();
        let lines: Vec<String> = calls
            .into_iter()
            .map(|(at, call)| format!("{:>4} {call}", (at - began).as_millis()))
            .collect();
        Sent {
            state: state.unwrap_or_else(|| "stopped".to_owned()),
            took,
            calls: lines.join("\n"),
        }
    }

    /// One call: sent now, there after half of the distance, answered after all of it.
    async fn call<T>(&self, name: impl Into<String>, far: Duration, act: impl FnOnce() -> T) -> T {
        let name = name.into();
        self.0
            .calls
            .lock()
            .unwrap()
            .push((self.0.time.now(), name.clone()));
        self.0.time.sleep(far / 2).await;
        let done = act();
        let stops = self.0.stops_after.lock().unwrap().as_deref() == Some(name.as_str());
        if stops {
            pending::<()>().await;
        }
        self.0.time.sleep(far / 2).await;
        done
    }

    fn resets(&self) -> Resets {
        let ports = Arc::new(self.clone());
        let Issuers { desk, security } = &*ISSUERS;
        let issuers = [("desk", desk), ("security", security)].map(|(name, issuer)| {
            let more = json!({"privileged": true});
            (label(name), wiring::issuer_policy(issuer, name, more))
        });
        let approvers = Approvers {
            issuers: BTreeMap::from(issuers),
            keys: ports.clone(),
            privileged: true,
        };
        wiring::resets(ports, approvers)
    }
}
