//! What a tenant stores.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::answers::LoginError;
use super::directory::Directory;
use super::kinds::DefaultRefusal;
use super::permissions::Permissions;
use super::sign_ins::SignIns;
use super::users_file::{App, TenantFile};
use crate::faults::Faults;

/// A call to Graph, as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub method: String,
    /// Below the version, as it was sent, without the query.
    pub path: String,
    /// Percent-decoded; empty if there is none.
    pub query: String,
    /// 0 if no response was sent, even if the call changed something.
    pub status: u16,
    /// As it was sent.
    pub client_request_id: Option<String>,
    /// `v1.0` or `beta`.
    pub version: &'static str,
}

impl Call {
    /// Whether it changes something. `checkMemberGroups` is a POST that only asks.
    pub fn is_write(&self) -> bool {
        self.method != "GET" && !self.path.ends_with("/checkMemberGroups")
    }
}

/// A client assertion that an app presented, accepted or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    pub header: Value,
    pub claims: Value,
}

/// An access token that was issued. To clients it is opaque, so the tenant looks it up and does not verify it.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) permissions: Permissions,
    pub(super) acts_on_restricted: bool,
    pub(super) expires: Timestamp,
    /// The sign-in that it is from. An app's own token has none.
    pub(super) sign_in: Option<SignedIn>,
}

/// Whom an access token of a sign-in is about.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    pub(super) client_id: Uuid,
    pub(super) person: Uuid,
    pub(super) scope: String,
}

/// What time it is in the tenant: the machine's time, unless a test moves it.
#[derive(Clone)]
pub(super) struct Clock(pub(super) Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&(self.0)()).finish()
    }
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) clock: Clock,
    pub(super) tenant: Uuid,
    pub(super) domain: String,
    pub(super) licences: Vec<String>,
    pub(super) apps: Vec<App>,
    pub(super) directory: Directory,
    pub(super) tokens: HashMap<String, Token>,
    pub(super) deletion_lag: u32,
    pub(super) default_refusal: DefaultRefusal,
    pub(super) faults: Faults,
    pub(super) calls: Vec<Call>,
    pub(super) token_requests: usize,
    pub(super) assertions: Vec<Assertion>,
    pub(super) sign_ins: SignIns,
}

impl State {
    pub(super) fn new(file: TenantFile) -> Self {
        State {
            clock: Clock(Arc::new(Timestamp::now)),
            sign_ins: SignIns::new(file.context_policies.clone()),
            directory: Directory::new(&file),
            tenant: file.tenant_id,
            domain: file.default_domain,
            licences: file.licences,
            apps: file.apps,
            tokens: HashMap::new(),
            deletion_lag: file.deletion_lag,
            default_refusal: DefaultRefusal::default(),
            faults: Faults::default(),
            calls: Vec::new(),
            token_requests: 0,
            assertions: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock.0)()
    }

    /// The app of a client id, or the login's error.
    pub(super) fn app(&self, client: &str) -> Result<&App, LoginError> {
        let id = client.parse().ok();
        let found = id.and_then(|id: Uuid| self.apps.iter().find(|app| app.client_id == id));
        found.ok_or_else(|| {
            let text = format!(
                "Application with identifier '{client}' was not found in the directory '{}'. This \
                 can happen if the application has not been installed by the administrator of the \
                 tenant or consented to by any user in the tenant. You may have sent your \
                 authentication request to the wrong tenant.",
                self.domain
            );
            LoginError::new(400, "unauthorized_client", 700_016, text)
        })
    }

    /// Whether this names no tenant: the person who signs in does.
    pub(super) fn is_shared(tenant: &str) -> bool {
        ["common", "organizations", "consumers"].contains(&tenant)
    }

    /// The login's error if this is not the name of the tenant.
    pub(super) fn check_tenant(&self, tenant: &str) -> Result<(), LoginError> {
        if self.is_called(tenant) {
            return Ok(());
        }
        let text = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are \
             signing into the correct cloud. Check with your subscription administrator, this \
             may happen if there are no active subscriptions for the tenant."
        );
        Err(LoginError::new(400, "invalid_request", 90002, text))
    }

    pub(super) fn is_called(&self, tenant: &str) -> bool {
        tenant.eq_ignore_ascii_case(&self.domain)
            || tenant.parse().is_ok_and(|id: Uuid| id == self.tenant)
    }
}
