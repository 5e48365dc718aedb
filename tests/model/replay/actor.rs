//! A real run, with the ports that follow the model.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Waker};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::approval::{Algorithm, Audiences, IssuerPolicy, KeySet};
use reregister_mfa::clock::{Clock as _, Timestamp};
use reregister_mfa::ids::{Digest, Kid, Label, ResetId, TenantId, TicketKey};
use reregister_mfa::report;
use reregister_mfa::reset::ports::{KeySource, KeysUnavailable};
use reregister_mfa::reset::{
    ApprovalValidator, ChannelPolicy, Channels, Deployment, Directories, Ledger, Origin, Parties,
    Request, Resets, Rules, SourceChannel, Submission, TenantContext,
};
use reregister_mfa::webhook::Delivery;
use serde_json::json;
use simulated::approval::{Draft, WEBHOOK_AUDIENCE};
use simulated::issuer::Issuer;

use super::ports::{Call, Order, Ports};
use crate::state::At;

pub const START: &str = "2026-11-24T09:00:00Z";
const TENANT: &str = "7d6f5c4b-3a29-4180-9c7e-6b5a49382716";
const JANE: &str = "a1000000-0000-4000-8000-00000000000b";
const SAM: &str = "a1000000-0000-4000-8000-000000000001";
const VERA: &str = "a1000000-0000-4000-8000-000000000002";

/// How long one run has.
const RUN: Duration = Duration::from_secs(15);

/// Longer than a run and its lease.
const LEASE: Duration = Duration::from_secs(60);

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

fn label(name: &str) -> Label {
    Label::try_from(name).unwrap()
}

fn resets(ports: &Ports) -> Resets {
    let (_, issuer, keys) = &*APPROVED;
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
        validator: ApprovalValidator {
            issuers: BTreeMap::from([(label("desk"), issuer.clone())]),
            audiences: Audiences {
                webhook: WEBHOOK_AUDIENCE.to_owned(),
                on_call: "on call".to_owned(),
            },
            keys: Arc::new(FixedKeys(keys.clone())),
        },
        ledger: Ledger::new(ports.clone()),
        queue: ports.clone(),
        audit: ports.clone(),
        security: ports.clone(),
        tickets: ports.clone(),
        refusal_text: report::refusal_text,
        clock: ports,
    })
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

pub struct Actor {
    pub ports: Ports,
    task: Option<Task>,
}

impl Actor {
    /// A run behind the URL, for a delivery with this body.
    pub fn deliver(ports: Ports, body: &str) -> Actor {
        let (now, digest) = (ports.now(), Digest::of(body.as_bytes()));
        let resets = resets(&ports);
        let delivery = Delivery {
            source: label("jira"),
            id: "1".to_owned(),
            digest,
            ticket: TicketKey::try_from("HELP-42").unwrap(),
            user: None,
            approvals: vec![APPROVED.0.clone()],
        };
        let tenant = TENANT.parse().unwrap();
        let submission = Submission {
            request: Request::from_ticket(delivery, tenant, Origin::default(), now),
            parties: Parties {
                ticket: Some(TicketKey::try_from("HELP-42").unwrap()),
                ..Parties::default()
            },
            approvals: Vec::new(),
            until: now.checked_add(RUN).unwrap(),
        };
        Actor {
            ports,
            task: Some(Box::pin(async move {
                let _answer = resets.submit(submission).await;
            })),
        }
    }

    /// A run of the worker.
    pub fn wake(ports: Ports, id: ResetId) -> Actor {
        let until = ports.now().checked_add(RUN).unwrap();
        let resets = resets(&ports);
        Actor {
            ports,
            task: Some(Box::pin(async move {
                let _comes_again = resets.wake(id, until).await;
            })),
        }
    }

    /// Lets the run make one call, and go on to the next one that the model knows; `at` is where the model then is. False
    /// if the run is not at this call.
    pub fn make(&mut self, call: Call, order: Order, at: At) -> bool {
        {
            let mut gate = self.ports.gate();
            if !gate.is_waiting(call) {
                return false;
            }
            gate.open(call, order);
        }
        // Until the call is made, what it waits for is told by where the model was.
        let Some(task) = self.task.as_mut() else {
            return false;
        };
        self.ports.gate().at = at;
        let is_over = poll(task);
        if is_over {
            self.task = None;
        }
        !self.ports.gate().is_open()
    }

    /// Lets the run go on to the next call that the model knows.
    pub fn go(&mut self, at: At) {
        self.ports.gate().at = at;
        let is_over = self.task.as_mut().is_some_and(poll);
        if is_over {
            self.task = None;
        }
    }

    pub fn is_over(&self) -> bool {
        self.task.is_none()
    }

    /// The time of the run and its lease are over.
    pub fn oversleep(&self) {
        let mut gate = self.ports.gate();
        gate.now = gate.now.checked_add(LEASE).unwrap();
    }
}

/// True if the run is over.
fn poll(task: &mut Task) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    // Branches of a run wait for each other.
    (0..3).any(|_| task.as_mut().poll(&mut context).is_ready())
}
