//! The claims of an approval, each with its rule.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};

use super::evidence::Verification;
use super::numeric_date::numeric_date;
use super::reason::Reason;
use crate::clock::Timestamp;
use crate::ids::{Issuer, Jti, PersonRef, TenantId, TicketKey};

/// What an approval says, in types that cannot hold a wrong value. Unknown claims are ignored
/// (RFC 7519, section 4), except inside `verification`.
#[derive(Debug, Deserialize)]
pub struct Claims {
    /// Who signed (RFC 7519, section 4.1.1).
    pub iss: Issuer,
    /// Which deployment it is for: a string or an array of one.
    #[serde(deserialize_with = "one")]
    pub aud: String,
    /// The target: whose methods are removed.
    pub sub: PersonRef,
    /// The tenant, where the deployment serves several.
    pub tid: Option<TenantId>,
    /// When it was signed.
    #[serde(deserialize_with = "numeric_date")]
    pub iat: Timestamp,
    /// Not to be used before.
    #[serde(default, deserialize_with = "optional_numeric_date")]
    pub nbf: Option<Timestamp>,
    /// Not to be used at this time or after.
    #[serde(deserialize_with = "numeric_date")]
    pub exp: Timestamp,
    /// Its own name, used once.
    pub jti: Jti,
    /// The ticket that it belongs to (RFC 8417, section 2.2).
    pub txn: TicketKey,
    /// Who approved (RFC 8693, section 4.1).
    pub act: Actor,
    /// What was approved (RFC 8693, section 4.2).
    pub scope: Scope,
    /// Why the person needs it.
    pub reason: Option<Reason>,
    /// How the approver signed in (RFC 8176).
    #[serde(default)]
    pub amr: Vec<String>,
    /// How the target was verified, one to four times.
    #[serde(deserialize_with = "one_to_four")]
    pub verification: Vec<Verification>,
}

/// The registered ways to sign in (RFC 8176, section 2).
const AUTHENTICATION_METHODS: [&str; 20] = [
    "face", "fpt", "geo", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pop", "pwd", "rba",
    "retina", "sc", "sms", "swk", "tel", "user", "vbm",
];

impl Claims {
    /// How the approver signed in, by the registered names alone: whatever else is in `amr` may say anything.
    pub fn registered_amr(&self) -> Vec<String> {
        let known = |method: &&String| AUTHENTICATION_METHODS.contains(&method.as_str());
        self.amr.iter().filter(known).cloned().collect()
    }
}

/// The person who acts on the target's behalf: the approver.
#[derive(Debug, Deserialize)]
pub struct Actor {
    /// Who.
    pub sub: PersonRef,
}

/// What was approved: always the button, and what was asked for beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope {
    /// `passkeys:remove`: passkeys too, since they were on a phone that is gone.
    pub remove_passkeys: bool,
    /// `passkeys:keep`: passkeys stay, since the person still has them.
    pub keep_passkeys: bool,
    /// `sessions:keep`: signed-in sessions stay.
    pub keep_sessions: bool,
    /// `lockout:accept`: the reset begins although the person cannot register afterwards.
    pub accept_lockout: bool,
}

/// The scope was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a scope holds mfa:reregister, and beside it only passkeys:remove or passkeys:keep, sessions:keep and \
     lockout:accept"
)]
pub struct UnknownScope;

/// The most ways in which a person is verified for one approval.
pub const MOST_VERIFICATIONS: usize = 4;

impl Scope {
    /// Every scope holds it: the button.
    pub const REREGISTER: &str = "mfa:reregister";
    pub const REMOVE_PASSKEYS: &str = "passkeys:remove";
    pub const KEEP_PASSKEYS: &str = "passkeys:keep";
    pub const KEEP_SESSIONS: &str = "sessions:keep";
    pub const ACCEPT_LOCKOUT: &str = "lockout:accept";

    /// Whether it keeps what a thief may hold. After a theft all sessions are revoked.
    pub fn contradicts(self, reason: Option<Reason>) -> bool {
        self.keep_sessions && reason == Some(Reason::Stolen)
    }

    /// What a scope may hold.
    pub const VALUES: [&str; 5] = [
        Scope::REREGISTER,
        Scope::REMOVE_PASSKEYS,
        Scope::KEEP_PASSKEYS,
        Scope::KEEP_SESSIONS,
        Scope::ACCEPT_LOCKOUT,
    ];
}

impl TryFrom<String> for Scope {
    type Error = UnknownScope;

    /// A value that is not known is refused: an approval for more than this program can do is not an approval for less.
    /// So are two values that contradict each other.
    fn try_from(text: String) -> Result<Scope, UnknownScope> {
        let mut values: BTreeSet<&str> = text.split(' ').collect();
        let button = values.remove(Scope::REREGISTER);
        let scope = Scope {
            remove_passkeys: values.remove(Scope::REMOVE_PASSKEYS),
            keep_passkeys: values.remove(Scope::KEEP_PASSKEYS),
            keep_sessions: values.remove(Scope::KEEP_SESSIONS),
            accept_lockout: values.remove(Scope::ACCEPT_LOCKOUT),
        };
        let agrees = !(scope.remove_passkeys && scope.keep_passkeys);
        (button && agrees && values.is_empty())
            .then_some(scope)
            .ok_or(UnknownScope)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> String {
        let optional = [
            (scope.remove_passkeys, Scope::REMOVE_PASSKEYS),
            (scope.keep_passkeys, Scope::KEEP_PASSKEYS),
            (scope.keep_sessions, Scope::KEEP_SESSIONS),
            (scope.accept_lockout, Scope::ACCEPT_LOCKOUT),
        ];
        let given = optional
            .into_iter()
            .filter_map(|(given, value)| given.then_some(value));
        let values: Vec<&str> = [Scope::REREGISTER].into_iter().chain(given).collect();
        values.join(" ")
    }
}

fn optional_numeric_date<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<Timestamp>, D::Error> {
    numeric_date(input).map(Some)
}

fn one<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many([String; 1]),
    }
    Ok(match OneOrMany::deserialize(input)? {
        OneOrMany::One(only) | OneOrMany::Many([only]) => only,
    })
}

fn one_to_four<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Verification>, D::Error> {
    let list = Vec::deserialize(input)?;
    if (1..=MOST_VERIFICATIONS).contains(&list.len()) {
        Ok(list)
    } else {
        Err(serde::de::Error::custom("wants one to four entries"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_without_the_button_or_with_anything_unknown_is_no_scope() {
        let scope = |text: &str| Scope::try_from(text.to_owned());
        assert_eq!(
            scope("passkeys:remove mfa:reregister"),
            Ok(Scope {
                remove_passkeys: true,
                ..Scope::default()
            })
        );
        for wrong in [
            "",
            "passkeys:remove",
            "mfa:reregister password:reset",
            "mfa:reregister  ",
            "MFA:reregister",
            "mfa:reregister passkeys:remove passkeys:keep",
        ] {
            assert_eq!(scope(wrong), Err(UnknownScope), "{wrong}");
        }
    }

    #[test]
    fn a_scope_is_written_as_it_is_read() {
        for text in [
            "mfa:reregister",
            "mfa:reregister passkeys:remove sessions:keep lockout:accept",
            "mfa:reregister passkeys:keep",
        ] {
            let scope = Scope::try_from(text.to_owned()).unwrap();
            assert_eq!(String::from(scope), text);
        }
    }
}
