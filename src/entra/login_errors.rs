//! The numbers of Entra's token endpoint, and what to do about each.
//!
//! Its `error` is `invalid_client` for most of them; the number in `error_codes` tells them apart (Microsoft Learn,
//! "Microsoft Entra authentication and authorization error codes").

use std::borrow::Cow;

use serde::Deserialize;

use crate::json;

/// By number. The log has it beside the number.
const ADVICE: [(u64, &str); 14] = [
    (
        7_000_222,
        "The client secret has expired. Make a new one in the app registration, and put its value into Secrets Manager.",
    ),
    (
        7_000_215,
        "The client secret is wrong. Put its value, not its id, into Secrets Manager.",
    ),
    (
        7_000_216,
        "Entra received no client secret. Put its value into Secrets Manager.",
    ),
    (
        700_027,
        "The certificate is not registered for the app, has expired, or does not fit the private key. Upload the \
         certificate of the secret to the app registration.",
    ),
    (
        700_024,
        "The signed assertion has expired or is not valid yet. Check the clock of this machine.",
    ),
    (
        700_016,
        "The app is not in the tenant. Check the client id, and the tenant's id in the policy.",
    ),
    (
        7_000_229,
        "The app has no service principal in the tenant. Give it admin consent there.",
    ),
    (
        7_000_112,
        "The app is disabled in the tenant. Enable its enterprise application.",
    ),
    (
        90002,
        "There is no such tenant. Check its id in the policy, and the login host of its cloud.",
    ),
    (
        700_211,
        "No federated credential of the app has this issuer. Give one the issuer URL of the AWS account.",
    ),
    (
        700_212,
        "No federated credential of the app has this audience. Compare it with `audience` in the policy.",
    ),
    (
        700_213,
        "No federated credential of the app has this subject. Give one the ARN of the function's role.",
    ),
    (
        70021,
        "No federated credential of the app fits. Compare its issuer, subject and audience with those of the function.",
    ),
    (
        53003,
        "A Conditional Access policy for workload identities blocks the app. Allow it there.",
    ),
];

/// The number that a refusal carries.
pub fn number(body: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Refusal {
        error_codes: Vec<u64>,
    }
    let refusal: Refusal = json::read(body).ok()?;
    refusal.error_codes.first().copied()
}

/// One sentence or two for the administrator who reads the log.
pub fn advice(number: u64) -> Cow<'static, str> {
    match ADVICE.iter().find(|(known, _)| *known == number) {
        Some((_, advice)) => Cow::Borrowed(advice),
        None => {
            format!("Look the number up at https://login.microsoftonline.com/error?code={number}.")
                .into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_the_table_is_found_in_a_refusal() {
        for (row, text) in ADVICE {
            let body = format!(
                r#"{{"error":"invalid_client","error_description":"AADSTS{row}: x","error_codes":[{row}],"trace_id":"t"}}"#
            );
            let found = number(body.as_bytes()).unwrap();
            assert_eq!(advice(found), text, "{row}");
        }
    }

    #[test]
    fn a_number_that_is_not_in_the_table_can_be_looked_up_and_a_body_without_one_is_no_error() {
        assert_eq!(
            advice(50_196),
            "Look the number up at https://login.microsoftonline.com/error?code=50196."
        );
        for body in [
            "",
            "<html>",
            "{}",
            r#"{"error_codes":[]}"#,
            r#"{"error_codes":"x"}"#,
            r#"{"error_codes":[53003],"error_codes":[7000222]}"#,
            r#"[[53003]]"#,
        ] {
            assert_eq!(number(body.as_bytes()), None, "{body}");
        }
    }
}
