//! The tenant, as tests and examples create it, inspect it and change it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use uuid::Uuid;

use super::certificates::{Certificate, InvalidCertificate};
use super::kinds::{DefaultMethod, DefaultRefusal};
use super::methods::{Method, MethodView};
use super::state::{Assertion, Call, Clock, State};
use super::users_file::{App, Federated, TenantFile};
use crate::faults::Fault;

type Hook = Arc<dyn Fn(usize, &Tenant) + Send + Sync>;

/// A simulated tenant. Clones are the same tenant.
#[derive(Clone)]
pub struct Tenant {
    state: Arc<Mutex<State>>,
    hook: Arc<Mutex<Option<Hook>>>,
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("id", &self.lock().tenant)
            .finish_non_exhaustive()
    }
}

impl Tenant {
    /// The tenant that a users file describes, in the form of [`TenantFile`].
    pub fn from_json(json: &str) -> Result<Tenant, serde_json::Error> {
        serde_json::from_str(json).map(Tenant::new)
    }

    pub fn new(file: TenantFile) -> Tenant {
        Tenant {
            state: Arc::new(Mutex::new(State::new(file))),
            hook: Arc::new(Mutex::new(None)),
        }
    }
}

/// Inspecting. A user is given by object id or user principal name.
impl Tenant {
    /// The methods that are registered now, without the password and without deleted methods that lists still show.
    /// Empty if there is no such user.
    pub fn methods_of(&self, user: &str) -> Vec<MethodView> {
        let state = self.lock();
        let person = state.directory.find(user);
        person
            .map(|person| person.methods.iter().map(Method::view).collect())
            .unwrap_or_default()
    }

    /// Whether the user's sessions were revoked. Those of external users never are.
    pub fn sessions_revoked(&self, user: &str) -> bool {
        self.lock()
            .directory
            .find(user)
            .is_some_and(|person| person.sessions_revoked.is_some())
    }

    /// The calls to Graph in order.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// The calls to Graph that change something, in order, also those that failed.
    pub fn writes(&self) -> Vec<Call> {
        self.lock()
            .calls
            .iter()
            .filter(|call| call.is_write())
            .cloned()
            .collect()
    }

    /// The number of requests for a token.
    pub fn token_requests(&self) -> usize {
        self.lock().token_requests
    }

    /// The client assertions that apps presented, in order, also those that were refused.
    pub fn assertions(&self) -> Vec<Assertion> {
        self.lock().assertions.clone()
    }

    /// Forgets the calls, the requests for tokens and the assertions so far.
    pub fn forget_calls(&self) {
        let mut state = self.lock();
        state.calls.clear();
        state.token_requests = 0;
        state.assertions.clear();
    }
}

/// Changing, as users and administrators of the tenant do.
impl Tenant {
    /// Registers a method for a user. Replaces a method with the same id.
    pub fn register(&self, user: &str, method: Method) {
        if let Some(person) = self.lock().directory.find_mut(user) {
            person.methods.retain(|old| old.id != method.id);
            person.methods.push(method);
        }
    }

    pub fn remove_user(&self, user: &str) {
        self.lock().directory.remove(user);
    }

    pub fn lose_licences(&self) {
        self.lock().licences.clear();
    }

    pub fn set_enabled(&self, user: &str, enabled: bool) {
        if let Some(person) = self.lock().directory.find_mut(user) {
            person.profile.account_enabled = enabled;
        }
    }

    /// Takes a person out of a group.
    pub fn leave_group(&self, group: Uuid, user: &str) {
        let state = &mut *self.lock();
        let person = state.directory.find(user).map(|person| person.profile.id);
        for found in &mut state.directory.groups {
            if found.id == group {
                found.members.retain(|member| Some(*member) != person);
            }
        }
    }

    /// Gives a person another manager, or none.
    pub fn set_manager(&self, user: &str, manager: Option<Uuid>) {
        if let Some(person) = self.lock().directory.find_mut(user) {
            person.profile.manager = manager;
        }
    }

    pub fn set_default(&self, user: &str, default: DefaultMethod) {
        if let Some(person) = self.lock().directory.find_mut(user) {
            person.default = Some(default);
        }
    }

    /// Replaces the permissions of the first app. As in Entra, this affects the tokens that are issued from then on;
    /// see [`Tenant::expire_tokens`].
    pub fn grant(&self, permissions: &[&str]) {
        self.change_app(None, |app| {
            app.permissions = permissions.iter().map(|&name| name.to_owned()).collect()
        });
    }

    /// The same for any app.
    pub fn grant_to(&self, client_id: Uuid, permissions: &[&str]) {
        self.change_app(Some(client_id), |app| {
            app.permissions = permissions.iter().map(|&name| name.to_owned()).collect()
        });
    }

    /// Replaces the secret of the first app. Tokens that it already has stay valid.
    pub fn set_secret(&self, secret: &str) {
        self.change_app(None, |app| app.secret = Some(secret.to_owned()));
    }

    /// The same for any app.
    pub fn set_secret_of(&self, client_id: Uuid, secret: &str) {
        self.change_app(Some(client_id), |app| app.secret = Some(secret.to_owned()));
    }

    /// Adds a certificate, in PEM, with which an app may sign its assertions.
    pub fn add_certificate(&self, client_id: Uuid, pem: &str) -> Result<(), InvalidCertificate> {
        let certificate = Certificate::from_pem(pem)?;
        self.change_app(Some(client_id), |app| app.certificates.push(certificate));
        Ok(())
    }

    /// Adds a federated identity credential to an app.
    pub fn trust(&self, client_id: Uuid, federated: Federated) {
        self.change_app(Some(client_id), |app| app.federated.push(federated));
    }

    /// Makes all tokens that were issued so far expire now.
    pub fn expire_tokens(&self) {
        for token in self.lock().tokens.values_mut() {
            token.expires = Timestamp::UNIX_EPOCH;
        }
    }

    /// Sets how many lists of a user's methods still show a method after its deletion.
    pub fn set_deletion_lag(&self, lists: u32) {
        self.lock().deletion_lag = lists;
    }

    pub fn set_default_refusal(&self, refusal: DefaultRefusal) {
        self.lock().default_refusal = refusal;
    }

    /// Injects a fault. If several match a request, the one that was injected first applies.
    pub fn fail(&self, fault: Fault) {
        self.lock().faults.add(fault);
    }

    /// Removes all faults.
    pub fn mend(&self) {
        self.lock().faults.clear();
    }

    /// Sets a callback, which is called after each call in [`Tenant::writes`] and before its response is sent. It gets
    /// the number of such calls, which begins at 1.
    pub fn on_write(&self, hook: impl Fn(usize, &Tenant) + Send + Sync + 'static) {
        *self.hook.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(hook));
    }

    /// Makes the tenant take the time from a clock of the caller's: for tokens, codes and assertions, and for when
    /// sessions were revoked.
    pub fn set_clock(&self, now: impl Fn() -> Timestamp + Send + Sync + 'static) {
        self.lock().clock = Clock(Arc::new(now));
    }

    pub(super) fn change_app(&self, client_id: Option<Uuid>, change: impl FnOnce(&mut App)) {
        let mut state = self.lock();
        let app = state
            .apps
            .iter_mut()
            .find(|app| client_id.is_none_or(|id| id == app.client_id));
        if let Some(app) = app {
            change(app);
        }
    }
}

impl Tenant {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn record(&self, call: Call) {
        let is_write = call.is_write();
        self.lock().calls.push(call);
        let hook = self
            .hook
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let (true, Some(hook)) = (is_write, hook) {
            hook(self.writes().len(), self);
        }
    }
}
