//! The app registration with which people sign in, and the Conditional Access policies that protect a context: data of
//! the tenant, in Graph's terms where it has them.

use serde::Deserialize;
use uuid::Uuid;

/// What an app needs so that people can sign in to it. The names are those of the app registration.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Registration {
    /// The redirect URIs of type `web`, whose codes a confidential client redeems.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// The redirect URIs of type `spa`, whose codes only a browser redeems. Redeeming in a browser is not simulated.
    #[serde(default)]
    pub spa_redirect_uris: Vec<String>,
    #[serde(default)]
    pub app_roles: Vec<AppRole>,
    /// People and groups that are assigned without a role.
    #[serde(default)]
    pub assigned: Vec<Uuid>,
    /// Whether only assigned people can sign in.
    #[serde(default = "yes")]
    pub assignment_required: bool,
    /// Whether an administrator consented for the whole tenant.
    #[serde(default = "yes")]
    pub consented: bool,
    /// The optional claims of the id_token: `auth_time`, `acct`, `acrs`.
    #[serde(default = "optional_claims")]
    pub optional_claims: Vec<String>,
    /// The lifetime of an id_token in seconds. A token lifetime policy may set 10 minutes to one day.
    #[serde(default = "one_hour")]
    pub token_lifetime: i64,
}

/// An app role, and who has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppRole {
    /// As the `roles` claim has it, for example `Verifier`.
    pub value: String,
    /// People, and groups whose direct members have it. A disabled role stays in the tokens of those who had it, so
    /// roles are not disabled here
    /// (<https://learn.microsoft.com/entra/identity-platform/howto-add-app-roles-in-apps>).
    #[serde(default)]
    pub assigned: Vec<Uuid>,
}

impl Registration {
    /// An app with one redirect URI of type `web`, without roles, as the documentation says to register it:
    /// assignment required, consented, with all three optional claims.
    pub fn web(redirect_uri: &str) -> Registration {
        Registration {
            redirect_uris: vec![redirect_uri.to_owned()],
            spa_redirect_uris: Vec::new(),
            app_roles: Vec::new(),
            assigned: Vec::new(),
            assignment_required: true,
            consented: true,
            optional_claims: optional_claims(),
            token_lifetime: one_hour(),
        }
    }

    /// Adds a redirect URI of type `web`.
    #[must_use]
    pub fn redirect_uri(mut self, uri: &str) -> Registration {
        self.redirect_uris.push(uri.to_owned());
        self
    }

    /// Adds a redirect URI of type `spa`.
    #[must_use]
    pub fn spa_redirect_uri(mut self, uri: &str) -> Registration {
        self.spa_redirect_uris.push(uri.to_owned());
        self
    }

    /// Assigns a role to a person, or to a group: then its direct members have it.
    #[must_use]
    pub fn role(mut self, value: &str, principal: Uuid) -> Registration {
        match self.app_roles.iter_mut().find(|role| role.value == value) {
            Some(role) => role.assigned.push(principal),
            None => self.app_roles.push(AppRole {
                value: value.to_owned(),
                assigned: vec![principal],
            }),
        }
        self
    }

    /// Assigns a person or a group without a role.
    #[must_use]
    pub fn assign(mut self, principal: Uuid) -> Registration {
        self.assigned.push(principal);
        self
    }

    /// Lets everyone in the tenant sign in.
    #[must_use]
    pub fn open_to_all(self) -> Registration {
        Registration {
            assignment_required: false,
            ..self
        }
    }

    /// Takes back the administrator's consent.
    #[must_use]
    pub fn not_consented(self) -> Registration {
        Registration {
            consented: false,
            ..self
        }
    }

    /// Leaves out an optional claim: `auth_time`, `acct` or `acrs`. A context that a request asks for is in `acrs` all
    /// the same.
    #[must_use]
    pub fn without_optional_claim(mut self, name: &str) -> Registration {
        self.optional_claims.retain(|claim| claim != name);
        self
    }

    /// Sets the lifetime of an id_token.
    #[must_use]
    pub fn token_lifetime(self, seconds: i64) -> Registration {
        Registration {
            token_lifetime: seconds,
            ..self
        }
    }

    pub(super) fn has_optional_claim(&self, name: &str) -> bool {
        self.optional_claims.iter().any(|claim| claim == name)
    }

    /// The roles of a person, who is given with the groups that they are a direct member of.
    pub(super) fn roles_of(&self, principals: &[Uuid]) -> Vec<&str> {
        self.app_roles
            .iter()
            .filter(|role| has_any(&role.assigned, principals))
            .map(|role| role.value.as_str())
            .collect()
    }

    pub(super) fn admits(&self, principals: &[Uuid]) -> bool {
        !self.assignment_required
            || has_any(&self.assigned, principals)
            || !self.roles_of(principals).is_empty()
    }
}

/// A Conditional Access policy that protects an authentication context. Without one for their sign-in, everyone gets
/// the context who asks for it
/// (<https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context>).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContextPolicy {
    /// `c1` to `c99`.
    pub context: String,
    /// Whether it is enforced. A policy that only reports protects nothing.
    #[serde(default = "yes")]
    pub enforced: bool,
    /// Whom it covers; all people if it is not given.
    #[serde(default)]
    pub include_users: Option<Vec<Uuid>>,
    #[serde(default)]
    pub exclude_users: Vec<Uuid>,
    /// Whether it demands a passkey, Windows Hello or a certificate.
    #[serde(default)]
    pub phishing_resistant: bool,
    /// Whether it is demanded at every sign-in, with five minutes of tolerance, instead of once a session.
    #[serde(default = "yes")]
    pub every_time: bool,
}

impl ContextPolicy {
    /// An enforced policy for all people, at every sign-in, which any authentication method meets.
    pub fn protecting(context: &str) -> ContextPolicy {
        ContextPolicy {
            context: context.to_owned(),
            enforced: true,
            include_users: None,
            exclude_users: Vec::new(),
            phishing_resistant: false,
            every_time: true,
        }
    }

    #[must_use]
    pub fn only_reporting(self) -> ContextPolicy {
        ContextPolicy {
            enforced: false,
            ..self
        }
    }

    /// Covers these people only.
    #[must_use]
    pub fn covering(self, people: &[Uuid]) -> ContextPolicy {
        ContextPolicy {
            include_users: Some(people.to_vec()),
            ..self
        }
    }

    #[must_use]
    pub fn excluding(mut self, person: Uuid) -> ContextPolicy {
        self.exclude_users.push(person);
        self
    }

    #[must_use]
    pub fn phishing_resistant(self) -> ContextPolicy {
        ContextPolicy {
            phishing_resistant: true,
            ..self
        }
    }

    #[must_use]
    pub fn once_a_session(self) -> ContextPolicy {
        ContextPolicy {
            every_time: false,
            ..self
        }
    }

    /// Whether it decides about this context at a sign-in of this person.
    pub(super) fn applies(&self, context: &str, person: Uuid) -> bool {
        let included = self.include_users.as_ref();
        self.enforced
            && self.context.eq_ignore_ascii_case(context)
            && included.is_none_or(|included| included.contains(&person))
            && !self.exclude_users.contains(&person)
    }
}

fn has_any(assigned: &[Uuid], principals: &[Uuid]) -> bool {
    principals.iter().any(|one| assigned.contains(one))
}

fn yes() -> bool {
    true
}

fn optional_claims() -> Vec<String> {
    ["auth_time", "acct", "acrs"].map(str::to_owned).to_vec()
}

fn one_hour() -> i64 {
    3600
}
