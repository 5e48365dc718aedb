//! `GET` and `POST /{tenant}/oauth2/v2.0/authorize`, and what a person does on the page that it may show
//! (<https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow>).
//!
//! An error goes to the redirect URI if an app can do something about it, and stays on a page of the login's own
//! otherwise. With `prompt=none` there is no page, so all errors of the sign-in itself go to the redirect URI.

use uuid::Uuid;

use super::answers::LoginError;
use super::authorize_request::{Parameters, Prompt, Target};
use super::directory::Person;
use super::id_token::Changes;
use super::kinds::Kind;
use super::sign_ins::{Code, Session};
use super::state::State;
use super::way_back::WayBack;

/// What the person does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Choice<'a> {
    /// The browser has just come from the app.
    Arrived,
    /// The person signs in: a user principal name or an object id.
    SignsIn(&'a str),
    Cancels,
}

#[derive(Debug)]
pub(super) struct Authorization<'a> {
    pub(super) tenant: &'a str,
    /// The parameters, from the query or from a form (OpenID Connect Core 1.0, section 3.1.2.1).
    pub(super) query: &'a [(String, String)],
    /// The cookie of the session.
    pub(super) cookie: Option<&'a str>,
    pub(super) choice: Choice<'a>,
    /// How the id_token will differ from Entra's.
    pub(super) changes: &'a Changes,
}

/// What the browser gets.
#[derive(Debug)]
pub(super) enum Step {
    /// The page on which a person signs in.
    Page {
        /// The scheme and host of the app.
        origin: String,
        hint: Option<String>,
    },
    /// Back to the app with a code.
    Done { back: WayBack, cookie: String },
    /// Back to the app with an error.
    Refused { back: WayBack, error: LoginError },
}

/// Goes as far as it can without the person. An error is one for the login's own page.
pub(super) fn step(
    login: &mut State,
    request: &Authorization,
    correlation: &str,
) -> Result<Step, LoginError> {
    let target = Target::find(login, request.tenant, request.query)?;
    let refused = |error: LoginError| {
        let (description, uri) = (error.description(correlation), error.uri());
        let mut answer = vec![
            ("error", error.name()),
            ("error_description", description.as_str()),
            ("error_uri", uri.as_str()),
        ];
        if error.name() == "access_denied" {
            answer.push(("error_subcode", "cancel"));
        }
        Step::Refused {
            back: target.way_back(&answer),
            error,
        }
    };
    let parameters = match Parameters::read(&target, request.query) {
        Ok(parameters) => parameters,
        Err(error) => return Ok(refused(error)),
    };
    let now = login.now().as_second();
    let session = request
        .cookie
        .and_then(|cookie| live(login, cookie))
        .filter(|session| is_recent(session, parameters.max_age, now));
    if parameters.prompt == Prompt::Never {
        return silent(login, &target, &parameters, session, request.changes)
            .or_else(|error| Ok(refused(error)));
    }
    match request.choice {
        Choice::Cancels => {
            let text = "User declined to consent to access the app.";
            Ok(refused(LoginError::new(400, "access_denied", 65004, text)))
        }
        Choice::Arrived => {
            let session = session.filter(|session| {
                parameters.prompt == Prompt::WhenNeeded
                    && is_hinted(login, &parameters, session.person)
                    && needs_no_step(login, &parameters, session)
            });
            let Some(session) = session else {
                return Ok(Step::Page {
                    origin: target.origin(),
                    hint: parameters.hint,
                });
            };
            admit(login, &target, session.person)?;
            Ok(finish(
                login,
                &target,
                &parameters,
                session,
                request.changes,
            ))
        }
        Choice::SignsIn(name) => {
            let person = find(login, name)?.profile.id;
            admit(login, &target, person)?;
            let kept = session
                .filter(|session| session.person == person && parameters.prompt != Prompt::Login);
            let mut session = kept.unwrap_or_else(|| Session::new(person, now));
            step_up(login, &parameters, &mut session)?;
            Ok(finish(
                login,
                &target,
                &parameters,
                session,
                request.changes,
            ))
        }
    }
}

/// A sign-in with `prompt=none`.
fn silent(
    login: &mut State,
    target: &Target,
    parameters: &Parameters,
    session: Option<Session>,
    changes: &Changes,
) -> Result<Step, LoginError> {
    let interaction = |code, text: &str| LoginError::new(400, "interaction_required", code, text);
    let Some(session) = session else {
        let text = "Session information is not sufficient for single-sign-on. A silent sign-in request was sent but no \
             user is signed in.";
        return Err(LoginError::new(400, "login_required", 50058, text));
    };
    if !is_hinted(login, parameters, session.person) {
        let text = "Select one of the accounts to sign in with.";
        return Err(interaction(16000, text));
    }
    admit(login, target, session.person).map_err(|error| {
        let name = match error.code() {
            65001 => "consent_required",
            _ => "interaction_required",
        };
        error.named(name)
    })?;
    if !needs_no_step(login, parameters, &session) {
        let text = "Due to a configuration change made by your administrator, or because you moved to a new \
                    location, you must use multi-factor authentication to access the application.";
        return Err(interaction(50076, text));
    }
    Ok(finish(login, target, parameters, session, changes))
}

/// The session of a cookie. It ends when the person's sessions are revoked, and when the account is disabled or
/// deleted.
fn live(login: &State, cookie: &str) -> Option<Session> {
    let session = login
        .sign_ins
        .sessions
        .iter()
        .find(|session| session.cookie == cookie)?;
    let person = login.directory.find(&session.person.to_string())?;
    let is_revoked = person
        .sessions_revoked
        .is_some_and(|revoked| revoked.as_second() >= session.auth_time);
    (person.profile.account_enabled && !is_revoked).then(|| session.clone())
}

/// Whether a session is as recent as the app wants it. `max_age=0` wants a new sign-in, as `prompt=login` does
/// (OpenID Connect Core 1.0, section 3.1.2.1).
fn is_recent(session: &Session, max_age: Option<i64>, now: i64) -> bool {
    max_age.is_none_or(|seconds| seconds > 0 && now - session.auth_time <= seconds)
}

/// Whether a person is the one whom the request hints at.
fn is_hinted(login: &State, parameters: &Parameters, person: Uuid) -> bool {
    parameters.hint.as_ref().is_none_or(|hint| {
        let hinted = login.directory.find(hint);
        hinted.is_some_and(|hinted| hinted.profile.id == person)
    })
}

fn needs_no_step(login: &State, parameters: &Parameters, session: &Session) -> bool {
    let now = login.now().as_second();
    let mut contexts = parameters.contexts.iter();
    contexts.all(|context| login.sign_ins.needs_no_step(session, context, now))
}

fn find<'a>(login: &'a State, name: &str) -> Result<&'a Person, LoginError> {
    if let Some(person) = login.directory.find(name) {
        return Ok(person);
    }
    let domain = name.rsplit_once('@').map(|(_, domain)| domain);
    if domain.is_some_and(|domain| !domain.eq_ignore_ascii_case(&login.domain)) {
        let text = format!(
            "User account '{name}' from identity provider '{}' does not exist in tenant '{}' and cannot access the \
             application in that tenant. The account needs to be added as an external user in the tenant first. \
             Sign out and sign in again with a different Azure Active Directory user account.",
            domain.unwrap_or_default(),
            login.domain
        );
        return Err(LoginError::new(400, "invalid_request", 50020, text));
    }
    let text = format!(
        "The user account {name} does not exist in the {} directory. To sign into this application, the account must \
         be added to the directory.",
        login.tenant
    );
    Err(LoginError::new(400, "invalid_grant", 50034, text))
}

/// Whether a person may sign in to the app at all.
fn admit(login: &State, target: &Target, id: Uuid) -> Result<(), LoginError> {
    let person = find(login, &id.to_string())?;
    let name = &person.profile.user_principal_name;
    if !person.profile.account_enabled {
        let text = "The user account is disabled.";
        return Err(LoginError::new(400, "invalid_grant", 50057, text));
    }
    if person.is_external() && login.sign_ins.refuses_guests {
        let text = "The resource tenant's cross-tenant access policy does not allow this user to access this tenant.";
        return Err(LoginError::new(400, "access_denied", 500_213, text));
    }
    let app = target.client_id;
    if !target.registration.consented {
        let text = format!(
            "The user or administrator has not consented to use the application with ID '{app}'. Send an \
             interactive authorization request for this user and resource."
        );
        return Err(LoginError::new(400, "invalid_grant", 65001, text));
    }
    if !target
        .registration
        .admits(&login.directory.principals_of(id))
    {
        let text = format!(
            "Your administrator has configured the application '{app}' to block users unless they are specifically \
             granted ('assigned') access to the application. The signed in user '{name}' is blocked because they are \
             not a direct member of a group with access, nor had access directly assigned by an administrator. \
             Please contact your administrator to assign access to this application."
        );
        return Err(LoginError::new(400, "invalid_grant", 50105, text));
    }
    Ok(())
}

/// The person does what the policies of the requested contexts demand, if they can.
fn step_up(
    login: &State,
    parameters: &Parameters,
    session: &mut Session,
) -> Result<(), LoginError> {
    let now = login.now().as_second();
    let person = find(login, &session.person.to_string())?;
    let resists_phishing = person.methods.iter().any(|method| {
        let kinds = [
            Kind::Fido2,
            Kind::WindowsHelloForBusiness,
            Kind::PlatformCredential,
        ];
        kinds.contains(&method.kind)
    });
    for context in &parameters.contexts {
        let mut policies = login
            .sign_ins
            .policies_for(context, session.person)
            .peekable();
        if policies.peek().is_none() {
            continue;
        }
        if policies.any(|policy| policy.phishing_resistant) && !resists_phishing {
            let text = "Access has been blocked by Conditional Access policies. The access policy does not allow \
                        token issuance.";
            return Err(LoginError::new(400, "access_denied", 53003, text));
        }
        session.meet(context, now);
    }
    Ok(())
}

/// Keeps the session, and sends the browser back with a code.
fn finish(
    login: &mut State,
    target: &Target,
    parameters: &Parameters,
    session: Session,
    changes: &Changes,
) -> Step {
    let now = login.now().as_second();
    let mut contexts = parameters.contexts.clone();
    if target.registration.has_optional_claim("acrs") {
        let met = login.sign_ins.met_now(&session, now);
        contexts.extend(
            met.into_iter()
                .filter(|met| !parameters.contexts.contains(met)),
        );
    }
    let code = login.sign_ins.issue(Code {
        client_id: target.client_id,
        redirect_uri: target.redirect_uri.clone(),
        is_spa: target.is_spa,
        challenge: parameters.challenge.clone(),
        scope: parameters.scope.clone(),
        nonce: parameters.nonce.clone(),
        person: session.person,
        session: session.id,
        auth_time: session.auth_time,
        contexts,
        issued: now,
        is_used: false,
        changes: changes.clone(),
    });
    let answer = [
        ("code", code.as_str()),
        ("session_state", &session.id.to_string()),
    ];
    let (back, cookie) = (target.way_back(&answer), session.cookie.clone());
    let sessions = &mut login.sign_ins.sessions;
    sessions.retain(|kept| kept.id != session.id);
    sessions.push(session);
    Step::Done { back, cookie }
}
