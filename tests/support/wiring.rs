//! The core on ports that are all a test's own: one tenant, one ticket, one source, and who approves.

#![allow(dead_code, reason = "not every user of this file uses all of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use reregister_mfa::approval::{Algorithm, Audiences, IssuerPolicy, KeySet};
use reregister_mfa::clock::{Clock, Timestamp};
use reregister_mfa::ids::{Digest, Kid, Label, TenantId, TicketKey};
use reregister_mfa::report;
use reregister_mfa::reset::ports::{
    AuditTrail, Directory, KeySource, KeysUnavailable, Queue, Security, Store, Tickets,
};
use reregister_mfa::reset::{
    ApprovalValidator, ChannelPolicy, Channels, Deployment, Directories, Ledger, Parties,
    Privileged, Request, RequestOrigin, Resets, Rules, SourceChannel, Submission, TenantContext,
};
use reregister_mfa::webhook::Delivery;
use serde_json::{Value, json};
use simulated::approval::{Draft, WEBHOOK_AUDIENCE};
use simulated::issuer::Issuer;

pub const START: &str = "2026-11-24T09:00:00Z";
pub const JANE: &str = "a1000000-0000-4000-8000-00000000000b";
pub const SAM: &str = "a1000000-0000-4000-8000-000000000001";
pub const VERA: &str = "a1000000-0000-4000-8000-000000000002";
const TENANT: &str = "7d6f5c4b-3a29-4180-9c7e-6b5a49382716";

/// How long one run has.
pub const RUN: Duration = Duration::from_secs(15);

pub fn label(name: &str) -> Label {
    Label::try_from(name).unwrap()
}

/// All ports of the core but the keys.
pub trait Ports:
    Directory + Store + Queue + AuditTrail + Security + Tickets + Clock + 'static
{
}

impl<P: Directory + Store + Queue + AuditTrail + Security + Tickets + Clock + 'static> Ports for P {}

/// Who approves, and by which keys.
pub struct Approvers {
    pub issuers: BTreeMap<Label, IssuerPolicy>,
    pub keys: Arc<dyn KeySource>,
    /// Whether they may approve privileged people, and there is a credential for those.
    pub privileged: bool,
}

/// An issuer as a policy has it: in a trust domain of its own name, and more.
pub fn issuer_policy(issuer: &Issuer, domain: &str, more: Value) -> IssuerPolicy {
    let mut policy = json!({
        "iss": issuer.iss(), "keys": {"file": "none"}, "algorithms": ["ES256"], "domain": domain,
    });
    let (Value::Object(members), Value::Object(more)) = (&mut policy, more) else {
        panic!("not an object");
    };
    members.extend(more);
    serde_json::from_value(policy).unwrap()
}

pub fn resets<P: Ports>(ports: Arc<P>, approvers: Approvers) -> Resets {
    let Approvers {
        issuers,
        keys,
        privileged,
    } = approvers;
    let policy = ChannelPolicy {
        issuers: issuers.keys().cloned().collect(),
        privileged,
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
            privileged: privileged.then(|| Privileged {
                directory: ports.clone(),
                restricted_units: false,
            }),
        },
    };
    Resets::new(Deployment {
        tenants: BTreeMap::from([(tenant, context)]),
        channels: Channels {
            sources: BTreeMap::from([(label("jira"), source)]),
            on_call: policy,
            desk: None,
            tenants: BTreeSet::from([tenant]),
        },
        validator: ApprovalValidator {
            issuers,
            desk: None,
            audiences: Audiences {
                webhook: WEBHOOK_AUDIENCE.to_owned(),
                on_call: "on call".to_owned(),
                desk: None,
            },
            keys,
        },
        ledger: Ledger::new(ports.clone()),
        queue: ports.clone(),
        audit: ports.clone(),
        security: ports.clone(),
        tickets: ports.clone(),
        evidence: None,
        refusal_text: report::refusal_text,
        clock: ports,
    })
}

/// A delivery of the ticket in this body, with these approvals.
pub fn submission(body: &str, approvals: Vec<String>, now: Timestamp) -> Submission {
    let ticket = TicketKey::try_from("HELP-42").unwrap();
    let delivery = Delivery {
        source: label("jira"),
        id: "1".to_owned(),
        digest: Digest::of(body.as_bytes()),
        ticket: ticket.clone(),
        user: None,
        approvals,
    };
    Submission {
        request: Request::from_ticket(
            delivery,
            TENANT.parse().unwrap(),
            RequestOrigin::default(),
            now,
        ),
        parties: Parties {
            ticket: Some(ticket),
            ..Parties::default()
        },
        approvals: Vec::new(),
        until: now.checked_add(RUN).unwrap(),
    }
}

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
    let policy = issuer_policy(&issuer, "desk", json!({}));
    (issuer.approve(&draft), policy, Arc::new(keys))
});

/// That approval.
pub fn approved() -> String {
    APPROVED.0.clone()
}

/// The core where that approval's issuer is the only one.
pub fn resets_of_approved<P: Ports>(ports: Arc<P>) -> Resets {
    let (_, issuer, keys) = &*APPROVED;
    let approvers = Approvers {
        issuers: BTreeMap::from([(label("desk"), issuer.clone())]),
        keys: Arc::new(FixedKeys(keys.clone())),
        privileged: false,
    };
    resets(ports, approvers)
}
