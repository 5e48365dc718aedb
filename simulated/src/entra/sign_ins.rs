//! What the login keeps about sign-ins: sessions, codes, keys, and the policies that decide.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::id_token::Changes;
use super::registration::ContextPolicy;
use super::signing_keys::SigningKeys;

/// How long a step-up counts as done "every time", in seconds
/// (<https://learn.microsoft.com/entra/identity/conditional-access/concept-session-lifetime>).
const EVERY_TIME: i64 = 300;

/// The lifetime of a code in seconds.
const CODE_LIFETIME: i64 = 600;

#[derive(Debug)]
pub(super) struct SignIns {
    pub(super) keys: SigningKeys,
    pub(super) policies: Vec<ContextPolicy>,
    /// Whether the tenant's cross-tenant access settings keep guests out.
    pub(super) refuses_guests: bool,
    pub(super) sessions: Vec<Session>,
    pub(super) codes: HashMap<String, Code>,
    pub(super) key_set_requests: usize,
}

/// A person's session at the login, which a cookie carries.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) cookie: String,
    pub(super) id: Uuid,
    pub(super) person: Uuid,
    /// When the person gave the password, in seconds.
    pub(super) auth_time: i64,
    /// Contexts whose policies the person has met, each with the time in seconds.
    pub(super) met: Vec<(String, i64)>,
}

/// An authorization code with what is redeemed for it.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) client_id: Uuid,
    pub(super) redirect_uri: String,
    /// Whether the redirect URI is of type `spa`.
    pub(super) is_spa: bool,
    pub(super) challenge: Option<Challenge>,
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    pub(super) person: Uuid,
    pub(super) session: Uuid,
    pub(super) auth_time: i64,
    pub(super) contexts: Vec<String>,
    /// In seconds.
    pub(super) issued: i64,
    pub(super) is_used: bool,
    /// How the id_token will differ from Entra's.
    pub(super) changes: Changes,
}

/// The challenge of PKCE (RFC 7636, section 4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    S256(String),
    Plain(String),
}

impl SignIns {
    pub(super) fn new(policies: Vec<ContextPolicy>) -> SignIns {
        SignIns {
            keys: SigningKeys::new(),
            policies,
            refuses_guests: false,
            sessions: Vec::new(),
            codes: HashMap::new(),
            key_set_requests: 0,
        }
    }

    /// The enforced policies that protect a context at a sign-in of a person.
    pub(super) fn policies_for(
        &self,
        context: &str,
        person: Uuid,
    ) -> impl Iterator<Item = &ContextPolicy> {
        self.policies
            .iter()
            .filter(move |policy| policy.applies(context, person))
    }

    /// Whether a session needs no further step for a context: its policies are met, or there is none.
    pub(super) fn needs_no_step(&self, session: &Session, context: &str, now: i64) -> bool {
        self.policies_for(context, session.person).all(|policy| {
            session
                .met
                .iter()
                .filter(|(met, _)| met.eq_ignore_ascii_case(context))
                .any(|(_, at)| !policy.every_time || now - at <= EVERY_TIME)
        })
    }

    /// The contexts whose policies a session meets now. With the optional claim `acrs` they are in every token.
    pub(super) fn met_now(&self, session: &Session, now: i64) -> Vec<String> {
        let met = session.met.iter().map(|(context, _)| context.clone());
        met.filter(|context| self.needs_no_step(session, context, now))
            .collect()
    }

    /// Stores what a new code is redeemed for. Entra's codes have more than 900 characters.
    pub(super) fn issue(&mut self, code: Code) -> String {
        let random: Vec<u8> = (0..44).flat_map(|_| *Uuid::new_v4().as_bytes()).collect();
        let text = format!("1.AXoA{}", URL_SAFE_NO_PAD.encode(random));
        self.codes.insert(text.clone(), code);
        text
    }
}

impl Session {
    pub(super) fn new(person: Uuid, now: i64) -> Session {
        let random = [*Uuid::new_v4().as_bytes(), *Uuid::new_v4().as_bytes()].concat();
        Session {
            cookie: URL_SAFE_NO_PAD.encode(random),
            id: Uuid::new_v4(),
            person,
            auth_time: now,
            met: Vec::new(),
        }
    }

    pub(super) fn meet(&mut self, context: &str, now: i64) {
        self.met
            .retain(|(met, _)| !met.eq_ignore_ascii_case(context));
        self.met.push((context.to_owned(), now));
    }
}

impl Code {
    pub(super) fn is_expired(&self, now: i64) -> bool {
        now - self.issued >= CODE_LIFETIME
    }
}
