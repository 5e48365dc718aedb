//! Client assertions: JWTs that an app presents instead of a secret, signed with its certificate or by an issuer that
//! it trusts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use super::answers::LoginError;
use super::state::Assertion;
use super::users_file::{App, Federated};

/// The only type of client assertion (RFC 7523, section 2.2).
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far the signer's clock may be ahead of Entra's, in seconds.
const SKEW: i64 = 300;

/// The longest lifetime of an assertion that an app signs itself, in seconds. The documentation says 10 minutes, and
/// that Entra does not enforce it yet. It is enforced here, so that the product does not rely on that.
const LONGEST: i64 = 600;

const CERTIFICATES: &str = "Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .";

const FEDERATION: &str = "Check your federated identity credential Subject, Audience and Issuer against the presented assertion. \
     https://learn.microsoft.com/entra/workload-id/workload-identity-federation";

/// An assertion that has been parsed and not yet verified.
#[derive(Debug)]
pub(super) struct UnverifiedAssertion<'a> {
    pub(super) assertion: Assertion,
    signed: &'a str,
    signature: &'a str,
}

impl<'a> UnverifiedAssertion<'a> {
    pub(super) fn parse(jwt: &'a str) -> Result<Self, LoginError> {
        let parts = || {
            let (signed, signature) = jwt.rsplit_once('.')?;
            let (header, claims) = signed.split_once('.')?;
            let assertion = Assertion {
                header: part(header)?,
                claims: part(claims)?,
            };
            Some(UnverifiedAssertion {
                assertion,
                signed,
                signature,
            })
        };
        parts().ok_or_else(|| {
            let text = "JWT token is invalid or malformed.";
            LoginError::new(400, "invalid_request", 50027, text)
        })
    }

    /// Checks that it proves the identity of this app. `is_endpoint` says whether an audience is the token endpoint.
    ///
    /// If the app is the issuer, the assertion is signed with a certificate of the app.
    pub(super) fn verify(
        &self,
        app: &App,
        now: Timestamp,
        is_endpoint: impl Fn(&str) -> bool,
    ) -> Result<(), LoginError> {
        if self.required("iss")? == app.client_id.to_string() {
            self.check_own(app, now, is_endpoint)
        } else {
            self.check_federated(app, now)
        }
    }

    /// <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>
    fn check_own(
        &self,
        app: &App,
        now: Timestamp,
        is_endpoint: impl Fn(&str) -> bool,
    ) -> Result<(), LoginError> {
        let algorithm = self.algorithm(&[Algorithm::PS256, Algorithm::RS256])?;
        // Entra accepts one without a type (<https://github.com/panva/openid-client/issues/667>).
        if !matches!(
            self.header("typ"),
            None | Some("JWT" | "http://openid.net/specs/jwt/1.0")
        ) {
            let text = "Invalid JWT header type specified, must be 'JWT' or 'http://openid.net/specs/jwt/1.0'.";
            return Err(LoginError::new(400, "invalid_request", 5_002_727, text));
        }
        let Some(thumbprint) = self.thumbprint() else {
            let text = "Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, \
                        nor keyId specified in token header.";
            return Err(LoginError::client(5_002_723, text));
        };
        let registered = app
            .certificates
            .iter()
            .find(|one| one.has_thumbprint(&thumbprint));
        let error = |problem: &str, reason: &str| {
            let used: String = thumbprint
                .iter()
                .map(|byte| format!("{byte:02X}"))
                .collect();
            let text = format!(
                "{problem} [Reason - {reason}, Thumbprint of key used by client: '{used}', Please visit the \
                 Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '{}'.]",
                app.client_id
            );
            LoginError::client(700_027, text)
        };
        let Some(certificate) = registered else {
            let problem = "The certificate with identifier used to sign the client assertion is not \
                           registered on application.";
            return Err(error(problem, "The key was not found."));
        };
        if !self.is_signed_with(&certificate.key(), algorithm) {
            let reason = "Key was found, but use of the key to verify the signature failed.";
            return Err(error(
                "Client assertion contains an invalid signature.",
                reason,
            ));
        }
        if self.required("sub")? != app.client_id.to_string() {
            let text =
                "Client assertion application identifier doesn't match 'client_id' parameter.";
            return Err(LoginError::client(
                700_021,
                format!("{text} {CERTIFICATES}"),
            ));
        }
        if !is_endpoint(self.required("aud")?) {
            let text = "Client assertion audience claim does not match Realm issuer.";
            return Err(LoginError::client(
                700_023,
                format!("{text} {CERTIFICATES}"),
            ));
        }
        self.required("jti")?;
        self.check_time(now, Some(LONGEST))
    }

    /// The thumbprint that the header has, which `kid` may have, too
    /// (<https://github.com/ramosbugs/oauth2-rs/pull/217>); there it may be in hex. Empty if it is not readable.
    fn thumbprint(&self) -> Option<Vec<u8>> {
        // Although base64url in a JWT has no padding (RFC 7515, section 2), MSAL for Python pads it, and Entra accepts
        // that.
        let decode = |text: &str| {
            let unpadded = text.trim_end_matches('=');
            URL_SAFE_NO_PAD.decode(unpadded).unwrap_or_default()
        };
        let named = self.header("x5t#S256").or_else(|| self.header("x5t"));
        let of_kid = || {
            let kid = self.header("kid")?;
            Some(from_hex(kid).unwrap_or_else(|| decode(kid)))
        };
        named.map(decode).or_else(of_kid)
    }

    /// <https://learn.microsoft.com/entra/workload-id/workload-identity-federation>: it "doesn't support wildcards", and
    /// "only RS256" is supported
    /// (<https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations>).
    fn check_federated(&self, app: &App, now: Timestamp) -> Result<(), LoginError> {
        let (issuer, audience) = (self.required("iss")?, self.required("aud")?);
        let trusted = self.trusted(&app.federated, issuer, audience, self.required("sub")?)?;
        let algorithm = self.algorithm(&[Algorithm::RS256])?;
        let Some(key) = self.key_of(trusted) else {
            let text = format!(
                "The certificate with identifier {} used to sign the federated credential could not be found \
                 in the metadata of identity provider {issuer}. Please validate that your Identity \
                 Provider's metadata exposes the key used to sign the incoming token.",
                self.header("kid").unwrap_or_default()
            );
            return Err(LoginError::client(7_000_272, text));
        };
        if !self.is_signed_with(&key, algorithm) {
            let text = "Assertion failed signature validation. [Reason - Key was found, but use of the key to \
                        verify the signature failed.]";
            return Err(LoginError::client(50013, text));
        }
        self.check_time(now, None)
    }

    /// The credential whose issuer, audience and subject equal those of the assertion.
    fn trusted<'f>(
        &self,
        all: &'f [Federated],
        issuer: &str,
        audience: &str,
        subject: &str,
    ) -> Result<&'f Federated, LoginError> {
        let no_match = |code, what: &str, presented: &str, more: &str| {
            let text = format!(
                "No matching federated identity record found for presented assertion {what} '{presented}'."
            );
            LoginError::client(code, format!("{text}{more} {FEDERATION}"))
        };
        let mut of_issuer = all.iter().filter(|one| one.issuer == issuer).peekable();
        if of_issuer.peek().is_none() {
            return Err(no_match(700_211, "issuer", issuer, ""));
        }
        let mut of_audience = of_issuer.filter(|one| one.audience == audience).peekable();
        if of_audience.peek().is_none() {
            return Err(no_match(700_212, "audience", audience, ""));
        }
        let close: Vec<_> = of_audience
            .filter(|one| one.subject.eq_ignore_ascii_case(subject))
            .collect();
        if close.is_empty() {
            return Err(no_match(700_213, "subject", subject, ""));
        }
        let more = " The subject matches with case-insensitive comparison, but not with case-sensitive \
                    comparison.";
        close
            .into_iter()
            .find(|one| one.subject == subject)
            .ok_or_else(|| no_match(7_002_138, "subject", subject, more))
    }

    fn key_of(&self, trusted: &Federated) -> Option<DecodingKey> {
        let keys: JwkSet = serde_json::from_value(trusted.jwks.clone()).ok()?;
        DecodingKey::from_jwk(keys.find(self.header("kid")?)?).ok()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.assertion.header.get(name)?.as_str()
    }

    /// A claim that must be present. An audience may be an array of one.
    fn required(&self, name: &str) -> Result<&str, LoginError> {
        let claim = self.assertion.claims.get(name);
        let text = claim.and_then(|claim| match claim.as_array().map(Vec::as_slice) {
            Some([only]) if name == "aud" => only.as_str(),
            _ => claim.as_str(),
        });
        text.ok_or_else(|| missing(name))
    }

    fn algorithm(&self, supported: &[Algorithm]) -> Result<Algorithm, LoginError> {
        let given = self.header("alg").unwrap_or_default();
        let known = given
            .parse()
            .ok()
            .filter(|algorithm| supported.contains(algorithm));
        known.ok_or_else(|| {
            let names: Vec<_> = supported.iter().map(|one| format!("{one:?}")).collect();
            let text = format!(
                "Invalid JWT token. '{given}' is not a supported signature algorithm. Supported signing \
                 algorithms are: '{}'",
                names.join(",")
            );
            LoginError::client(5_002_738, text)
        })
    }

    fn is_signed_with(&self, key: &DecodingKey, algorithm: Algorithm) -> bool {
        let signed = self.signed.as_bytes();
        jsonwebtoken::crypto::verify(self.signature, signed, key, algorithm).unwrap_or(false)
    }

    fn check_time(&self, now: Timestamp, longest: Option<i64>) -> Result<(), LoginError> {
        // A NumericDate may have a fraction (RFC 7519, section 2); MSAL for Python writes one.
        let claim = |name| {
            let seconds = self.assertion.claims.get(name)?.as_f64()?;
            Some(seconds.floor() as i64)
        };
        let end = claim("exp").ok_or_else(|| missing("exp"))?;
        let start = claim("nbf").or_else(|| claim("iat"));
        let lives_on = end > now.as_second();
        let has_begun = start.is_none_or(|start| start <= now.as_second() + SKEW);
        let is_short =
            longest.is_none_or(|longest| end - start.unwrap_or(now.as_second()) <= longest);
        if lives_on && has_begun && is_short {
            return Ok(());
        }
        let written = |seconds| {
            let time = Timestamp::from_second(seconds).unwrap_or_default();
            time.strftime("%Y-%m-%dT%H:%M:%S.0000000Z").to_string()
        };
        let text = format!(
            "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, \
             expiry time of assertion {}. {CERTIFICATES}",
            written(now.as_second()),
            written(start.unwrap_or_default()),
            written(end)
        );
        Err(LoginError::client(700_024, text))
    }
}

/// The bytes of a SHA-1 or SHA-256 in hex.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| [40, 64].contains(&digits.len()))?;
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair.iter().fold(0, |sum, digit| sum * 16 + digit)).ok())
        .collect()
}

fn part(encoded: &str) -> Option<Value> {
    let value: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()?;
    value.is_object().then_some(value)
}

fn missing(claim: &str) -> LoginError {
    let text = format!(
        "The required field '{claim}' is missing from the credential. Ensure that you have all the necessary \
         parameters for the login request."
    );
    LoginError::new(400, "invalid_request", 90014, text)
}
