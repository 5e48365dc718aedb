//! The tenant as tests and examples set it up, look at it and change it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use uuid::Uuid;

use super::certificates::{Certificate, NotACertificate};
use super::kinds::{DefaultMethod, DefaultRefusal};
use super::methods::{Method, MethodView};
use super::state::{Assertion, Call, State};
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
    /// The tenant that a users file describes.
    pub fn from_json(json: &str) -> Result<Tenant, serde_json::Error> {
        serde_json::from_str(json).map(Tenant::new)
    }

    /// The tenant that a users file describes, read already.
    pub fn new(file: TenantFile) -> Tenant {
        Tenant {
            state: Arc::new(Mutex::new(State::new(file))),
            hook: Arc::new(Mutex::new(None)),
        }
    }
}

/// Looking. A user is an object id or a user principal name; one who does not exist has nothing and did
/// nothing.
impl Tenant {
    /// The methods that are registered now, whatever lists still show; without the password, which
    /// everybody has.
    pub fn methods_of(&self, user: &str) -> Vec<MethodView> {
        let state = self.lock();
        let person = state.directory.find(user);
        person
            .map(|person| person.methods.iter().map(Method::view).collect())
            .unwrap_or_default()
    }

    /// Whether somebody's sessions were revoked. Those of external users never are.
    pub fn sessions_revoked(&self, user: &str) -> bool {
        self.lock()
            .directory
            .find(user)
            .is_some_and(|person| person.sessions_revoked.is_some())
    }

    /// The calls to Graph, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// The calls that change something or try to.
    pub fn writes(&self) -> Vec<Call> {
        self.lock()
            .calls
            .iter()
            .filter(|call| call.method != "GET")
            .cloned()
            .collect()
    }

    /// How often a token was asked for.
    pub fn token_requests(&self) -> usize {
        self.lock().token_requests
    }

    /// The client assertions that apps presented, in order, accepted or not.
    pub fn assertions(&self) -> Vec<Assertion> {
        self.lock().assertions.clone()
    }

    /// Forgets the calls, the requests for tokens and their assertions so far.
    pub fn forget_calls(&self) {
        let mut state = self.lock();
        state.calls.clear();
        state.token_requests = 0;
        state.assertions.clear();
    }
}

/// Changing, behind everybody's back.
impl Tenant {
    /// Somebody registers a method. One that has the same id is replaced.
    pub fn register(&self, user: &str, method: Method) {
        if let Some(person) = self.lock().directory.find_mut(user) {
            person.methods.retain(|old| old.id != method.id);
            person.methods.push(method);
        }
    }

    /// Somebody is deleted.
    pub fn remove_user(&self, user: &str) {
        self.lock().directory.remove(user);
    }

    /// The tenant's licences run out.
    pub fn lose_licences(&self) {
        self.lock().licences.clear();
    }

    /// An account is enabled or disabled.
    pub fn set_enabled(&self, user: &str, enabled: bool) {
        if let Some(person) = self.lock().directory.find_mut(user) {
            person.profile.account_enabled = enabled;
        }
    }

    /// Somebody chooses another default method.
    pub fn set_default(&self, user: &str, default: DefaultMethod) {
        if let Some(person) = self.lock().directory.find_mut(user) {
            person.default = Some(default);
        }
    }

    /// Replaces the permissions of the first app. As in Entra they come with the next token: see
    /// [`Tenant::expire_tokens`].
    pub fn grant(&self, permissions: &[&str]) {
        self.change_app(None, |app| {
            app.permissions = permissions.iter().map(|&name| name.to_owned()).collect()
        });
    }

    /// Replaces the permissions of an app, as of its next token.
    pub fn grant_to(&self, client_id: Uuid, permissions: &[&str]) {
        self.change_app(Some(client_id), |app| {
            app.permissions = permissions.iter().map(|&name| name.to_owned()).collect()
        });
    }

    /// Replaces the secret of the first app. Tokens that it has live on.
    pub fn set_secret(&self, secret: &str) {
        self.change_app(None, |app| app.secret = Some(secret.to_owned()));
    }

    /// Replaces the secret of an app.
    pub fn set_secret_of(&self, client_id: Uuid, secret: &str) {
        self.change_app(Some(client_id), |app| app.secret = Some(secret.to_owned()));
    }

    /// Registers one more certificate, in PEM, that an app may sign its assertions with.
    pub fn add_certificate(&self, client_id: Uuid, pem: &str) -> Result<(), NotACertificate> {
        let certificate = Certificate::from_pem(pem)?;
        self.change_app(Some(client_id), |app| app.certificates.push(certificate));
        Ok(())
    }

    /// Lets an app sign in with the tokens of one more issuer.
    pub fn trust(&self, client_id: Uuid, federated: Federated) {
        self.change_app(Some(client_id), |app| app.federated.push(federated));
    }

    /// Expires every token that was issued.
    pub fn expire_tokens(&self) {
        for token in self.lock().tokens.values_mut() {
            token.expires = Timestamp::UNIX_EPOCH;
        }
    }

    /// A method that is deleted from now on is still shown by the next lists of that user, this many.
    pub fn set_deletion_lag(&self, lists: u32) {
        self.lock().deletion_lag = lists;
    }

    /// Chooses how the refusal to delete a default method is worded.
    pub fn set_default_refusal(&self, refusal: DefaultRefusal) {
        self.lock().default_refusal = refusal;
    }

    /// Lets something go wrong. Of several faults that fit a request, the first has its way.
    pub fn fail(&self, fault: Fault) {
        self.lock().faults.add(fault);
    }

    /// Nothing goes wrong any more.
    pub fn mend(&self) {
        self.lock().faults.clear();
    }

    /// Calls back after each write, refused or not, before its answer is sent; with how many there were,
    /// beginning at 1.
    pub fn on_write(&self, hook: impl Fn(usize, &Tenant) + Send + Sync + 'static) {
        *self.hook.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(hook));
    }

    fn change_app(&self, client_id: Option<Uuid>, change: impl FnOnce(&mut App)) {
        let mut state = self.lock();
        let chosen = state
            .apps
            .iter_mut()
            .find(|app| client_id.is_none_or(|id| id == app.client_id));
        if let Some(app) = chosen {
            change(app);
        }
    }
}

impl Tenant {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn record(&self, call: Call) {
        let is_write = call.method != "GET";
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
