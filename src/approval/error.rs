//! Why an approval is not accepted.

use super::webauthn::PasskeyFault;
use crate::clock::Timestamp;
use crate::ids::Kid;

/// The token proves nothing. Until its signature is known to be good the sender gets one answer; the variants are for
/// the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Longer than any approval.
    #[error("the token is over 8 KiB")]
    TooLong,
    /// Not three base64url parts, or its header or claims are not strict JSON.
    #[error("the token is not a compact JWS of strict JSON")]
    NotCompact,
    /// A header member that changes what a signature means, or that no approval needs.
    #[error("the header has a member that is not allowed, or one is missing")]
    Header,
    /// `typ` says that it is something else.
    #[error("typ is not mfa-approval+jwt")]
    Typ,
    /// `iss` is not an issuer of the policy.
    #[error("the issuer is not known here")]
    UnknownIssuer,
    /// The issuer has no key of that name.
    #[error("the issuer has no such key")]
    UnknownKey,
    /// The key is for another algorithm, or the issuer may not use it.
    #[error("the algorithm is not that of the key")]
    Algorithm,
    /// Another key made the signature.
    #[error("the signature does not match")]
    Signature,
    /// What came instead of a signature is not what the issuer's passkey makes for this token.
    #[error("the passkey's signature is not accepted: {0}")]
    Passkey(#[from] PasskeyFault),
}

/// The token is genuine and says something that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// See [`InvalidToken`].
    #[error(transparent)]
    InvalidToken(#[from] InvalidToken),
    /// A claim is missing, or is not what the claim may be.
    #[error(
        "the approval does not say {}, or says it wrongly ({at}; key {kid})",
        claim_subject(at)
    )]
    Claim {
        /// Which, as a path.
        at: String,
        /// The key that signed it: the mistake is its issuer's.
        kid: Kid,
    },
    /// It is for another deployment, or for the other channel.
    #[error("the approval is for another service, or for the other audience (aud; key {kid})")]
    Audience {
        /// The key that signed it: its owner may have lost the approval.
        kid: Kid,
    },
    /// It is over.
    #[error("the approval expired at {exp}")]
    Expired {
        /// Its `exp`.
        exp: Timestamp,
    },
    /// It has not begun, or was signed in the future.
    #[error("the approval is not valid yet (iat or nbf)")]
    NotYet,
    /// It is valid for longer than the channel allows.
    #[error("the approval is valid for more than {minutes} minutes (iat to exp)")]
    TooLongLived {
        /// The limit of the channel.
        minutes: u64,
    },
    /// A verification is older than the channel allows, or in the future.
    #[error(
        "the person was verified more than {minutes} minutes ago, or the time given lies in the future"
    )]
    StaleEvidence {
        /// The limit of the channel.
        minutes: u64,
    },
    /// Every verification could have reached the person who now has the lost or stolen phone.
    #[error("the verification reached only the phone that is reported lost or stolen")]
    EvidenceOnLostPhone,
}

/// What a claim is about, for people who never saw one.
pub fn claim_subject(path: &str) -> &'static str {
    let last = path.rsplit('.').next().unwrap_or_default();
    // Without the number of an item in a list.
    match last.split('[').next().unwrap_or_default() {
        "method" | "verification" => "how the person was verified",
        "verified_by" => "who verified the person",
        "verified_at" => "when the person was verified",
        "via" => "which line or service the verification used",
        "contact_source" => "where the phone number for the verification came from",
        "reference" => "which record proves the verification",
        "scope" => "what is to be done",
        "reason" => "why the person needs it",
        "txn" => "which ticket it is for",
        "tid" => "which tenant it is for",
        "aud" => "which service it is for",
        "iss" => "which system signed it",
        "iat" | "nbf" => "when it starts",
        "exp" => "when it expires",
        "jti" => "its own id",
        "amr" => "how the approver signed in",
        "act" => "who approved",
        "sub" if path.starts_with("act.") => "who approved",
        "sub" => "which person it is for",
        _ => "everything required",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_that_is_missing_is_said_in_the_words_of_a_service_desk() {
        let said = |at: &str| {
            let kid = Kid::try_from("desk-2026".to_owned()).unwrap();
            let at = at.to_owned();
            ApprovalError::Claim { at, kid }.to_string()
        };
        let lines: Vec<String> = [
            "verification[0].method",
            "verification[0].verified_by",
            "verification[1].verified_at",
            "verification[0]",
            "verification",
            "sub",
            "act.sub",
            "txn",
            "exp",
            "amr[1]",
            "act",
            "verification[0].mehtod",
        ]
        .into_iter()
        .map(said)
        .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        the approval does not say how the person was verified, or says it wrongly (verification[0].method; key desk-2026)
        the approval does not say who verified the person, or says it wrongly (verification[0].verified_by; key desk-2026)
        the approval does not say when the person was verified, or says it wrongly (verification[1].verified_at; key desk-2026)
        the approval does not say how the person was verified, or says it wrongly (verification[0]; key desk-2026)
        the approval does not say how the person was verified, or says it wrongly (verification; key desk-2026)
        the approval does not say which person it is for, or says it wrongly (sub; key desk-2026)
        the approval does not say who approved, or says it wrongly (act.sub; key desk-2026)
        the approval does not say which ticket it is for, or says it wrongly (txn; key desk-2026)
        the approval does not say when it expires, or says it wrongly (exp; key desk-2026)
        the approval does not say how the approver signed in, or says it wrongly (amr[1]; key desk-2026)
        the approval does not say who approved, or says it wrongly (act; key desk-2026)
        the approval does not say everything required, or says it wrongly (verification[0].mehtod; key desk-2026)
        "#);
    }
}
