//! An actor: a process of the product that works on the request, and can be stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::approval::{Algorithm, Audiences, IssuerPolicy, KeySet};
use reregister_mfa::clock::{Clock as _, Timestamp};
use reregister_mfa::ids::{Digest, Kid, Label, ResetId, TenantId, TicketKey};
use reregister_mfa::report;
use reregister_mfa::reset::ports::{KeySource, KeysUnavailable};
use reregister_mfa::reset::{
    Answered, ApprovalValidator, ChannelPolicy, Channels, Deployment, Directories, Ledger, Origin,
    Parties, Refusal, Request, Resets, Rules, SourceChannel, Submission, TenantContext,
};
use reregister_mfa::webhook::Delivery;
use serde_json::json;
use simulated::approval::{Draft, WEBHOOK_AUDIENCE};
use simulated::issuer::Issuer;

use crate::faulty_ports::FaultyPorts;
use crate::script::{Life, Point};
use crate::world::{JANE, SAM, START, VERA};

const TENANT: &str = "7d6f5c4b-3a29-4180-9c7e-6b5a49382716";

/// How long one run has.
pub const RUN: Duration = Duration::from_secs(15);

struct FixedKeys(Arc<KeySet>);

#[async_trait]
impl KeySource for FixedKeys {
    async fn keys(&self, _: &IssuerPolicy, _: &Kid) -> Result<Arc<KeySet>, KeysUnavailable> {
        Ok(self.0.clone())
    }

    fn known_keys(&self, _: &IssuerPolicy, _: &Kid) -> Option<Arc<KeySet>> {
        Some(self.0.clone())
    }
}

/// One approval, which is good, its issuer's policy and its keys.
static APPROVED: LazyLock<(String, IssuerPolicy, Arc<KeySet>)> = LazyLock::new(|| {
    let issuer = Issuer::es256("https://approvals.contoso.example", "desk-2026");
    let now = START.parse::<Timestamp>().unwrap().as_second();
    let draft = Draft::new(now)
        .target(JANE)
        .approver(SAM)
        .ticket("HELP-42")
        .verified(VERA, now - 300);
    let keys = KeySet::parse(issuer.jwks().to_string().as_bytes(), &[Algorithm::ES256]).unwrap();
    let policy: IssuerPolicy = serde_json::from_value(json!({
        "iss": issuer.iss(), "keys": {"file": "none"}, "algorithms": ["ES256"], "domain": "desk",
    }))
    .unwrap();
    (issuer.approve(&draft), policy, Arc::new(keys))
});

fn validator() -> ApprovalValidator {
    let (_, policy, keys) = &*APPROVED;
    ApprovalValidator {
        issuers: BTreeMap::from([(label("desk"), policy.clone())]),
        audiences: Audiences {
            webhook: WEBHOOK_AUDIENCE.to_owned(),
            on_call: "on call".to_owned(),
        },
        keys: Arc::new(FixedKeys(keys.clone())),
    }
}

fn label(name: &str) -> Label {
    Label::try_from(name).unwrap()
}

fn resets(ports: &FaultyPorts) -> Resets {
    let ports = Arc::new(ports.clone());
    let policy = ChannelPolicy {
        issuers: vec![label("desk")],
        privileged: false,
        verifier_apart: false,
        hardware_key: false,
    };
    let rules: Rules = serde_json::from_value(json!({"break_glass": "none"})).unwrap();
    let tenant: TenantId = TENANT.parse().unwrap();
    let source = SourceChannel {
        tenant,
        policy: policy.clone(),
    };
    let context = TenantContext {
        rules,
        directories: Directories {
            standard: ports.clone(),
            privileged: None,
        },
    };
    Resets::new(Deployment {
        tenants: BTreeMap::from([(tenant, context)]),
        channels: Channels {
            sources: BTreeMap::from([(label("jira"), source)]),
            on_call: policy,
            tenants: BTreeSet::from([tenant]),
        },
        validator: validator(),
        ledger: Ledger::new(ports.clone()),
        queue: ports.clone(),
        audit: ports.clone(),
        security: ports.clone(),
        tickets: ports.clone(),
        refusal_text: report::refusal_text,
        clock: ports,
    })
}

type Task = Pin<Box<dyn Future<Output = Result<Option<Answered>, Refusal>>>>;

pub struct Actor {
    ports: FaultyPorts,
    /// `None` once it is over: what a process held is gone with it.
    task: Option<Task>,
    /// Whether it came to a good end, if it came to one.
    pub came_back: Option<bool>,
    /// The message that it works on, until that is done or comes again.
    message: Option<ResetId>,
}

/// The body that [`Actor::deliver`] has.
pub const SAME: &str = "the delivery";

impl Actor {
    /// An actor that receives the delivery.
    pub fn deliver(ports: FaultyPorts) -> Actor {
        Actor::deliver_as(ports, SAME)
    }

    /// An actor that receives the same approval in this body, as another ticket system sends it.
    pub fn deliver_as(ports: FaultyPorts, body: &str) -> Actor {
        let now = ports.now();
        let until = now.checked_add(RUN).unwrap();
        ports.script.lock().unwrap().until = Some(until);
        let delivery = Delivery {
            source: label("jira"),
            id: "1".to_owned(),
            digest: Digest::of(body.as_bytes()),
            ticket: TicketKey::try_from("HELP-42").unwrap(),
            user: None,
            approvals: vec![APPROVED.0.clone()],
        };
        let request =
            Request::from_ticket(delivery, TENANT.parse().unwrap(), Origin::default(), now);
        let parties = Parties {
            ticket: Some(TicketKey::try_from("HELP-42").unwrap()),
            ..Parties::default()
        };
        let submission = Submission {
            request,
            parties,
            approvals: Vec::new(),
            until,
        };
        let resets = resets(&ports);
        let task = Box::pin(async move { resets.submit(submission).await.map(Some) });
        Actor::new(ports, task, None)
    }

    /// An actor that the queue wakes.
    pub fn wake(ports: FaultyPorts, id: ResetId) -> Actor {
        let until = ports.now().checked_add(RUN).unwrap();
        ports.script.lock().unwrap().until = Some(until);
        let resets = resets(&ports);
        let task = Box::pin(async move { resets.wake(id, until).await.map(|()| None) });
        Actor::new(ports, task, Some(id))
    }

    fn new(ports: FaultyPorts, task: Task, message: Option<ResetId>) -> Actor {
        Actor {
            ports,
            task: Some(task),
            came_back: None,
            message,
        }
    }

    /// Lets the actor work until it is done, killed, or stands still. One that stood still goes on.
    pub fn go(&mut self) {
        self.resume();
        while self.step() {}
    }

    /// Lets one that stands still go on.
    pub fn resume(&mut self) {
        let mut script = self.ports.script.lock().unwrap();
        if script.life == Life::Paused {
            script.life = Life::Alive;
            script.stopped.drain(..).for_each(Waker::wake);
        }
    }

    /// Lets the actor work until another may come first. False if it is done, killed, or stands still.
    pub fn step(&mut self) -> bool {
        let Some(task) = self
            .task
            .as_mut()
            .filter(|_| self.ports.life() == Life::Alive)
        else {
            return false;
        };
        let yields = self.ports.script.lock().unwrap().yields;
        let polled = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        match (polled, self.ports.life()) {
            (_, Life::Dead) => self.over(false),
            (Poll::Ready(result), _) => {
                if matches!(result, Ok(Some(_))) && self.ports.world.lock().records().is_empty() {
                    self.violated("a sender is answered, and there is no record");
                }
                self.came_back = Some(result.is_ok());
                self.over(result.is_ok());
            }
            (Poll::Pending, Life::Paused) => {}
            (Poll::Pending, Life::Alive) => {
                if self.ports.script.lock().unwrap().yields > yields {
                    return true;
                }
                self.violated("an actor waits for what never comes");
                self.over(false);
            }
        }
        false
    }

    /// The process is gone. A message that was not dealt with comes again, as from SQS.
    fn over(&mut self, is_dealt_with: bool) {
        self.task = None;
        if let Some(id) = self.message.take().filter(|_| !is_dealt_with) {
            let mut happened = self.ports.world.lock();
            let again = happened.now.checked_add(Duration::from_secs(180)).unwrap();
            happened.queue.push((again, id));
        }
    }

    fn violated(&self, what: &str) {
        self.ports.world.lock().violated(what);
    }

    pub fn is_over(&self) -> bool {
        self.task.is_none()
    }

    pub fn is_paused(&self) -> bool {
        self.ports.life() == Life::Paused
    }

    /// The calls that it made.
    pub fn calls(&self) -> Vec<Point> {
        self.ports.script.lock().unwrap().calls.clone()
    }
}
