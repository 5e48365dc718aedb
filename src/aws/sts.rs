//! The function's identity, in a token that Entra accepts: AWS IAM outbound identity federation.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sts::Client;
use aws_sdk_sts::error::ProvideErrorMetadata;
use secrecy::SecretString;

use crate::web_identity::{WebIdentity, WebIdentityError};

/// The shortest that does not make a slow start a failure.
const LIFETIME: Duration = Duration::from_secs(300);

/// AWS Security Token Service, at its regional endpoint: the global one does not have this call.
pub struct Sts {
    client: Client,
}

impl Sts {
    /// With this configuration.
    pub fn new(config: &SdkConfig) -> Sts {
        Sts {
            client: Client::new(config),
        }
    }
}

#[async_trait]
impl WebIdentity for Sts {
    /// `sts:GetWebIdentityToken`. RS256, since Entra takes no other (Microsoft Learn, "Important considerations
    /// for federated identity credentials").
    async fn token(&self, audience: &str) -> Result<SecretString, WebIdentityError> {
        let answer = self
            .client
            .get_web_identity_token()
            .audience(audience)
            .signing_algorithm("RS256")
            .duration_seconds(i32::try_from(LIFETIME.as_secs()).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| {
                let code = error.code().unwrap_or("no answer");
                let status = error.raw_response().map(|answer| answer.status());
                let is_answer = status.is_some_and(|status| status.is_client_error());
                match is_answer && is_refusal(code) {
                    true => WebIdentityError::Refused(code.to_owned()),
                    false => WebIdentityError::Unavailable(code.to_owned()),
                }
            })?;
        answer
            .web_identity_token
            .map(SecretString::from)
            .ok_or_else(|| WebIdentityError::Unavailable("an answer without a token".to_owned()))
    }
}

/// Whether an administrator has to mend what an error names (AWS STS API reference, "GetWebIdentityToken" and "Common
/// errors"). All others may pass, such as the one of a session that ends before the token would.
fn is_refusal(code: &str) -> bool {
    matches!(
        code.strip_suffix("Exception").unwrap_or(code),
        "AccessDenied"
            | "OutboundWebIdentityFederationDisabled"
            | "JWTPayloadSizeExceeded"
            | "RegionDisabled"
            | "OptInRequired"
            | "NotAuthorized"
            | "ValidationError"
            | "Validation"
            | "InvalidParameterValue"
            | "InvalidAction"
    )
}
