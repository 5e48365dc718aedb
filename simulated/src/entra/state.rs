//! All that a tenant remembers.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::directory::Directory;
use super::kinds::DefaultRefusal;
use super::permissions::Permissions;
use super::users_file::{App, TenantFile};
use crate::faults::Faults;

/// A call to Graph that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The HTTP method.
    pub method: String,
    /// The path below the version, as it was sent, without the query.
    pub path: String,
    /// The query, percent-decoded; empty where there is none.
    pub query: String,
    /// The status of the answer; 0 where none was sent, whatever was changed.
    pub status: u16,
    /// The `client-request-id` that was sent.
    pub client_request_id: Option<String>,
    /// `v1.0` or `beta`.
    pub version: &'static str,
}

/// A client assertion that an app presented, whether or not it was accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    /// Its header.
    pub header: Value,
    /// Its claims.
    pub claims: Value,
}

/// An access token that was issued. Tokens are opaque to their holders, so they are remembered and not
/// verified.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) permissions: Permissions,
    pub(super) acts_on_restricted: bool,
    pub(super) expires: Timestamp,
}

/// All that a tenant remembers.
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
