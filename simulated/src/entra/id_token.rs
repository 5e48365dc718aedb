//! The id_token of a sign-in, in version 2.0
//! (<https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference>), and the changes with which a test
//! makes a false one.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::directory::{Directory, Person};
use super::registration::Registration;
use super::signing_keys::SigningKeys;

/// How many seconds before its issue a token says that it was issued.
const EARLIER: i64 = 300;

/// What an id_token says.
#[derive(Debug)]
pub(super) struct IdToken<'a> {
    pub(super) base: &'a str,
    pub(super) client_id: Uuid,
    pub(super) registration: &'a Registration,
    pub(super) person: &'a Person,
    /// The time of issue, in seconds.
    pub(super) now: i64,
    /// When the person gave the password, in seconds.
    pub(super) auth_time: i64,
    pub(super) nonce: Option<&'a str>,
    /// The scopes, with blanks between them: they decide what it says about the person.
    pub(super) scope: &'a str,
    /// The id of the session.
    pub(super) session: Uuid,
    pub(super) contexts: &'a [String],
}

impl IdToken<'_> {
    fn claims(&self, directory: &Directory) -> Map<String, Value> {
        let (person, tenant) = (&self.person.profile, directory.tenant);
        let principals = directory.principals_of(person.id);
        let roles = self.registration.roles_of(&principals);
        let is_guest = person.user_type.eq_ignore_ascii_case("Guest");
        let has = |name| self.registration.has_optional_claim(name);
        let asks = |name| self.scope.split(' ').any(|scope| scope == name);
        let profile = |value| asks("profile").then_some(value);
        let random = || URL_SAFE_NO_PAD.encode(Uuid::new_v4());
        let all = [
            ("aud", Some(json!(self.client_id))),
            ("iss", Some(json!(format!("{}/{tenant}/v2.0", self.base)))),
            ("iat", Some(json!(self.now - EARLIER))),
            ("nbf", Some(json!(self.now - EARLIER))),
            (
                "exp",
                Some(json!(self.now + self.registration.token_lifetime)),
            ),
            (
                "acct",
                has("acct").then(|| json!(if is_guest { 1 } else { 0 })),
            ),
            (
                "acrs",
                (!self.contexts.is_empty()).then(|| json!(self.contexts)),
            ),
            (
                "aio",
                Some(json!(format!("AWQAm/8{}{}", random(), random()))),
            ),
            ("auth_time", has("auth_time").then(|| json!(self.auth_time))),
            ("idp", self.person.home_issuer().map(Value::String)),
            (
                "email",
                self.person
                    .mail()
                    .filter(|_| asks("email"))
                    .map(|mail| json!(mail)),
            ),
            ("name", profile(json!(person.display_name))),
            ("nonce", self.nonce.map(|nonce| json!(nonce))),
            ("oid", profile(json!(person.id))),
            (
                "preferred_username",
                profile(json!(person.user_principal_name)),
            ),
            (
                "rh",
                Some(json!(format!("1.AXoA{}{}.", random(), random()))),
            ),
            ("roles", (!roles.is_empty()).then(|| json!(roles))),
            ("sid", Some(json!(self.session))),
            ("sub", Some(json!(pairwise(self.client_id, person.id)))),
            ("tid", Some(json!(tenant))),
            ("uti", Some(json!(random()))),
            ("ver", Some(json!("2.0"))),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }

    /// Signs it with the current key, or changed as a test wants it.
    pub(super) fn sign(
        &self,
        directory: &Directory,
        keys: &SigningKeys,
        changes: &Changes,
    ) -> String {
        let (signing, algorithm) = match changes.signature {
            Signature::Personal => (keys.personal(), "RS256"),
            Signature::Unpublished => (keys.unpublished(), "RS256"),
            Signature::Hs256 => (keys.current(), "HS256"),
            Signature::None => (keys.current(), "none"),
            Signature::Current | Signature::Forged | Signature::Broken => (keys.current(), "RS256"),
        };
        let mut header = Map::new();
        for (name, value) in [("typ", "JWT"), ("alg", algorithm), ("kid", &signing.kid)] {
            header.insert(name.to_owned(), json!(value));
        }
        let mut claims = self.claims(directory);
        changed(&mut header, &changes.header);
        changed(&mut claims, &changes.claims);
        let encode = |part: Map<String, Value>| URL_SAFE_NO_PAD.encode(json!(part).to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = match changes.signature {
            Signature::Current | Signature::Personal | Signature::Unpublished => {
                signing.sign(signed.as_bytes())
            }
            Signature::Forged => keys.unpublished().sign(signed.as_bytes()),
            Signature::Broken => signing.sign(format!("{signed}.").as_bytes()),
            Signature::Hs256 => signing.mac(signed.as_bytes()),
            Signature::None => String::new(),
        };
        format!("{signed}.{signature}")
    }
}

/// How a token differs from the one that Entra would give.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    claims: Vec<(String, Option<Value>)>,
    header: Vec<(String, Option<Value>)>,
    signature: Signature,
}

/// With what a token is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signature {
    /// The key that signs now.
    #[default]
    Current,
    /// The published key that is for personal accounts only.
    Personal,
    /// A key that is not in the key set, under its own `kid`.
    Unpublished,
    /// A key that is not in the key set, under the `kid` of the current key.
    Forged,
    /// The current key, over other bytes.
    Broken,
    /// HMAC with the public key as the secret: `alg` is `HS256`.
    Hs256,
    /// Nothing: `alg` is `none`.
    None,
}

impl Changes {
    /// The token as Entra would give it.
    pub fn none() -> Changes {
        Changes::default()
    }

    /// Sets a claim.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Changes {
        self.claims.push((name.to_owned(), Some(value.into())));
        self
    }

    /// Leaves out a claim.
    #[must_use]
    pub fn without(mut self, name: &str) -> Changes {
        self.claims.push((name.to_owned(), None));
        self
    }

    /// Sets a member of the header, also `alg` and `kid`, whatever signs.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Changes {
        self.header.push((name.to_owned(), Some(value.into())));
        self
    }

    /// Leaves out a member of the header.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Changes {
        self.header.push((name.to_owned(), None));
        self
    }

    #[must_use]
    pub fn signature(self, signature: Signature) -> Changes {
        Changes { signature, ..self }
    }
}

fn changed(object: &mut Map<String, Value>, changes: &[(String, Option<Value>)]) {
    for (name, value) in changes {
        match value {
            Some(value) => object.insert(name.clone(), value.clone()),
            None => object.remove(name),
        };
    }
}

/// The `sub` of a person, which another app gets as another one.
pub(super) fn pairwise(client_id: Uuid, person: Uuid) -> String {
    let both = [*client_id.as_bytes(), *person.as_bytes()].concat();
    URL_SAFE_NO_PAD.encode(digest(&SHA256, &both))
}
