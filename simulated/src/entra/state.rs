//! What a tenant stores.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::directory::Directory;
use super::kinds::DefaultRefusal;
use super::permissions::Permissions;
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
}

#[derive(Debug)]
pub(super) struct State {
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
}

impl State {
    pub(super) fn new(file: TenantFile) -> Self {
        State {
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

    pub(super) fn is_called(&self, tenant: &str) -> bool {
        tenant.eq_ignore_ascii_case(&self.domain)
            || tenant.parse().is_ok_and(|id: Uuid| id == self.tenant)
    }
}
