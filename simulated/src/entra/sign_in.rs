//! Signing in without HTTP, as a browser would with a person before it, and id_tokens as a test wants them.

use serde_json::Value;
use uuid::Uuid;

use super::authorize::{Authorization, Choice, Step, step};
use super::id_token::{Changes, IdToken};
use super::registration::{ContextPolicy, Registration};
use super::signing_keys::OldKey;
use super::tenant::Tenant;
use super::users_file::App;
use super::way_back::WayBack;

/// How a person signs in at an authorize URL.
#[derive(Clone, Debug)]
pub struct SignIn {
    user: String,
    with: With,
    changes: Changes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum With {
    /// On the page, in a browser without a session.
    Password,
    /// On the page, in a browser with the person's session.
    PageInSession,
    /// A session; no page is filled in.
    Session,
    Cancel,
}

impl SignIn {
    /// Signs in on the page, in a browser that has no session. The person is given by object id or user principal
    /// name.
    pub fn fresh(user: &str) -> SignIn {
        SignIn {
            user: user.to_owned(),
            with: With::Password,
            changes: Changes::none(),
        }
    }

    /// Only follows the URL, in a browser that has the latest session of this person. It fails if a page is shown.
    pub fn silent(user: &str) -> SignIn {
        SignIn {
            with: With::Session,
            ..SignIn::fresh(user)
        }
    }

    /// Clicks on the page, in a browser that has the latest session of this person. Unless the request says
    /// `prompt=login`, the session stays the same, with its `auth_time`.
    pub fn again(user: &str) -> SignIn {
        SignIn {
            with: With::PageInSession,
            ..SignIn::fresh(user)
        }
    }

    /// Clicks on Cancel.
    pub fn cancel() -> SignIn {
        SignIn {
            with: With::Cancel,
            ..SignIn::fresh("")
        }
    }

    /// Makes the login give a false id_token for the code of this sign-in.
    #[must_use]
    pub fn with_id_token(self, changes: Changes) -> SignIn {
        SignIn { changes, ..self }
    }
}

/// What the app gets at its redirect URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    pub code: String,
    pub state: Option<String>,
    pub session_state: String,
    /// The whole URL to which the browser was sent. With `response_mode=form_post` the answer is not in it.
    pub location: String,
}

/// Why a sign-in ended without a code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCode {
    /// The app hears of it at its redirect URI.
    #[error("the app got {error}, AADSTS{code}, at {location}")]
    Redirected {
        error: String,
        code: u32,
        location: String,
    },
    /// The browser stays at the login.
    #[error("the login shows AADSTS{code}: {text}")]
    OwnPage { code: u32, text: String },
    /// The login asks the person to sign in, who was not to be asked.
    #[error("the login shows its page")]
    AsksThePerson,
    #[error("{0} is no authorize URL")]
    NotAuthorize(String),
}

/// Signing in.
impl Tenant {
    /// What a browser does with an authorize URL until it is back at the app.
    pub fn sign_in(&self, url: &str, how: &SignIn) -> Result<Callback, NoCode> {
        let (tenant, query) = parts(url).ok_or_else(|| NoCode::NotAuthorize(url.to_owned()))?;
        let login = &mut self.lock();
        let person = login.directory.find(&how.user);
        let id = person.map(|person| person.profile.id);
        let mut sessions = login.sign_ins.sessions.iter().rev();
        let latest = sessions.find(|session| Some(session.person) == id);
        let cookie = latest.map(|session| session.cookie.clone());
        let choice = match how.with {
            With::Cancel => Choice::Cancels,
            With::Session => Choice::Arrived,
            With::Password | With::PageInSession => Choice::SignsIn(&how.user),
        };
        let request = Authorization {
            tenant: &tenant,
            query: &query,
            cookie: cookie
                .as_deref()
                .filter(|_| matches!(how.with, With::Session | With::PageInSession)),
            choice,
            changes: &how.changes,
        };
        let correlation = Uuid::new_v4().to_string();
        match step(login, &request, &correlation) {
            Ok(Step::Page { .. }) => Err(NoCode::AsksThePerson),
            Ok(Step::Refused { back, error }) => Err(NoCode::Redirected {
                error: error.name().to_owned(),
                code: error.code(),
                location: back.location(),
            }),
            Ok(Step::Done { back, .. }) => Ok(Callback::read(&back)),
            Err(error) => Err(NoCode::OwnPage {
                code: error.code(),
                text: error.message().to_owned(),
            }),
        }
    }

    /// An id_token as the login would give it now to this app for this person, then changed. `base` is the login's
    /// scheme and host. `None` if there is no such person, or no such app with a registration.
    pub fn id_token(
        &self,
        base: &str,
        client_id: Uuid,
        user: &str,
        nonce: &str,
        contexts: &[&str],
        changes: &Changes,
    ) -> Option<String> {
        let login = self.lock();
        let app = login.apps.iter().find(|app| app.client_id == client_id)?;
        let now = login.now().as_second();
        let contexts: Vec<_> = contexts.iter().map(|&context| context.to_owned()).collect();
        let token = IdToken {
            base,
            client_id,
            registration: app.sign_in.as_ref()?,
            person: login.directory.find(user)?,
            now,
            auth_time: now,
            nonce: Some(nonce),
            scope: "openid profile",
            session: Uuid::new_v4(),
            contexts: &contexts,
        };
        Some(token.sign(&login.directory, &login.sign_ins.keys, changes))
    }

    /// The key set as `GET /{tenant}/discovery/v2.0/keys` has it at this scheme and host.
    pub fn key_set(&self, base: &str) -> Value {
        let login = self.lock();
        let tenant = login.tenant.to_string();
        login.sign_ins.keys.key_set(base, &tenant)
    }

    /// The number of requests for the key set.
    pub fn key_set_requests(&self) -> usize {
        self.lock().sign_ins.key_set_requests
    }
}

/// Changing what decides about sign-ins.
impl Tenant {
    /// Adds an app, or replaces the one with the same id.
    pub fn register_app(&self, client_id: Uuid, secret: &str, sign_in: Registration) {
        let apps = &mut self.lock().apps;
        apps.retain(|app| app.client_id != client_id);
        apps.push(App {
            client_id,
            secret: Some(secret.to_owned()),
            permissions: Vec::new(),
            certificates: Vec::new(),
            federated: Vec::new(),
            acts_on_restricted: false,
            sign_in: Some(sign_in),
        });
    }

    /// Replaces the registration for sign-in of an app.
    pub fn set_registration(&self, client_id: Uuid, sign_in: Registration) {
        self.change_app(Some(client_id), |app| app.sign_in = Some(sign_in));
    }

    /// Replaces all Conditional Access policies for authentication contexts.
    pub fn set_context_policies(&self, policies: impl IntoIterator<Item = ContextPolicy>) {
        self.lock().sign_ins.policies = policies.into_iter().collect();
    }

    /// Keeps guests out of the tenant, or lets them in.
    pub fn refuse_guests(&self, refuse: bool) {
        self.lock().sign_ins.refuses_guests = refuse;
    }

    /// Signs from now on with a key that was never published before.
    pub fn rotate_keys(&self, old: OldKey) {
        self.lock().sign_ins.keys.rotate(old);
    }

    /// Ends all sessions at the login, as clearing every browser's cookies does.
    pub fn forget_sessions(&self) {
        self.lock().sign_ins.sessions.clear();
    }
}

impl Callback {
    fn read(back: &WayBack) -> Callback {
        let value = |wanted: &str| back.field(wanted).map(str::to_owned);
        Callback {
            code: value("code").unwrap_or_default(),
            state: value("state"),
            session_state: value("session_state").unwrap_or_default(),
            location: back.location(),
        }
    }
}

/// Tenant and query of an authorize URL.
fn parts(url: &str) -> Option<(String, Vec<(String, String)>)> {
    let (path, query) = url.split_once('?')?;
    let path = path.strip_suffix("/oauth2/v2.0/authorize")?;
    let (_, tenant) = path.rsplit_once('/')?;
    let query = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    Some((tenant.to_owned(), query))
}
