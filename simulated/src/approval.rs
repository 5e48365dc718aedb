//! The claims of an approval before it is signed. A draft starts with the claims of a correct approval; a test then
//! changes the one claim that it is about.

use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The audience of approvals that reach the function in a ticket.
pub const WEBHOOK_AUDIENCE: &str = "https://mfa.contoso.example/webhooks";

/// The audience of approvals that an engineer on call presents.
pub const ON_CALL_AUDIENCE: &str = "https://mfa.contoso.example/resets";

/// How long an approval is valid unless a test changes it, in seconds.
pub const LIFETIME: i64 = 15 * 60;

/// Claims to be signed. Times are in seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    claims: Map<String, Value>,
}

impl Draft {
    /// An approval of `now`, valid for fifteen minutes: five minutes ago the service desk called Adele on her desk
    /// phone, on the number in the company directory; Megan approves, for ticket ITSD-1042, because the phone is lost.
    #[must_use]
    pub fn new(now: i64) -> Draft {
        let claims = [
            ("iss", Value::Null),
            ("aud", json!(WEBHOOK_AUDIENCE)),
            ("sub", json!("adele@contoso.example")),
            ("iat", json!(now)),
            ("exp", json!(now + LIFETIME)),
            ("jti", json!(Uuid::new_v4())),
            ("txn", json!("ITSD-1042")),
            ("act", json!({"sub": "megan@contoso.example"})),
            ("scope", json!("mfa:reregister")),
            ("reason", json!("lost")),
            (
                "verification",
                json!([evidence("servicedesk@contoso.example", now - 300)]),
            ),
        ];
        Draft {
            claims: claims
                .map(|(name, value)| (name.to_owned(), value))
                .into_iter()
                .collect(),
        }
    }

    /// The person to reset: an object id or a user principal name.
    #[must_use]
    pub fn target(self, sub: &str) -> Draft {
        self.claim("sub", sub)
    }

    /// The approver: an object id or a user principal name.
    #[must_use]
    pub fn approver(self, sub: &str) -> Draft {
        self.claim("act", json!({"sub": sub}))
    }

    /// The audience: which deployment, and which of its channels.
    #[must_use]
    pub fn audience(self, aud: &str) -> Draft {
        self.claim("aud", aud)
    }

    #[must_use]
    pub fn ticket(self, txn: &str) -> Draft {
        self.claim("txn", txn)
    }

    /// The approval's id. Random unless set.
    #[must_use]
    pub fn id(self, jti: &str) -> Draft {
        self.claim("jti", jti)
    }

    /// What is approved, separated by spaces.
    #[must_use]
    pub fn scope(self, scope: &str) -> Draft {
        self.claim("scope", scope)
    }

    #[must_use]
    pub fn reason(self, reason: &str) -> Draft {
        self.claim("reason", reason)
    }

    /// When it was issued. The expiry stays as it is.
    #[must_use]
    pub fn issued_at(self, iat: i64) -> Draft {
        self.claim("iat", iat)
    }

    #[must_use]
    pub fn expires_at(self, exp: i64) -> Draft {
        self.claim("exp", exp)
    }

    /// The tenant's id, a UUID. Absent unless set.
    #[must_use]
    pub fn tenant(self, tid: &str) -> Draft {
        self.claim("tid", tid)
    }

    /// How the person was verified, instead of by the call: an array of objects, see [`evidence`].
    #[must_use]
    pub fn verification(self, evidence: impl Into<Vec<Value>>) -> Draft {
        self.claim("verification", evidence.into())
    }

    /// Who verified the person by the call with which the draft starts, and when.
    #[must_use]
    pub fn verified(self, by: &str, at: i64) -> Draft {
        self.verification([evidence(by, at)])
    }

    /// Sets any claim to any value.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Draft {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a claim.
    #[must_use]
    pub fn without(mut self, name: &str) -> Draft {
        self.claims.remove(name);
        self
    }

    /// The claims as this issuer signs them. An `iss` that was set or removed stays as it is.
    #[must_use]
    pub fn claims(&self, iss: &str) -> Value {
        let mut claims = self.claims.clone();
        if let Some(open @ Value::Null) = claims.get_mut("iss") {
            *open = json!(iss);
        }
        Value::Object(claims)
    }
}

/// One object of `verification`: a call to the desk phone, on the number in the company directory.
#[must_use]
pub fn evidence(verified_by: &str, verified_at: i64) -> Value {
    json!({
        "method": "phone_call",
        "via": "desk",
        "contact_source": "company_directory",
        "verified_by": verified_by,
        "verified_at": verified_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000;

    #[test]
    fn a_new_draft_is_valid_now_and_has_an_id_of_its_own() {
        let claims = Draft::new(NOW).claims("i");
        assert_eq!(claims["iss"], "i");
        assert_eq!(
            claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
            900
        );
        assert!(claims["verification"][0]["verified_at"].as_i64().unwrap() < NOW);
        assert_ne!(claims["act"]["sub"], claims["sub"]);
        assert_ne!(claims["jti"], Draft::new(NOW).claims("i")["jti"]);
    }

    #[test]
    fn every_claim_can_be_changed_and_removed_even_the_issuer() {
        let claims = Draft::new(NOW)
            .claim("iss", "another issuer")
            .approver("diego@contoso.example")
            .verified("alex@contoso.example", NOW)
            .without("reason")
            .claims("i");
        assert_eq!(claims["iss"], "another issuer");
        assert_eq!(claims["act"], json!({"sub": "diego@contoso.example"}));
        assert_eq!(
            claims["verification"][0]["verified_by"],
            "alex@contoso.example"
        );
        assert_eq!(claims.get("reason"), None);
        assert_eq!(Draft::new(NOW).without("iss").claims("i").get("iss"), None);
    }
}
