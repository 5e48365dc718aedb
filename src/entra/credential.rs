//! The Graph credential, as Secrets Manager holds it.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::ids::SecretName;
use crate::secrets::SecretError;

/// What the function shows Entra to get a Graph token.
///
/// In Secrets Manager: `{"client_id": "…", "client_secret": "…"}`, or, better, `{"client_id": "…",
/// "certificate": "-----BEGIN CERTIFICATE…", "private_key": "-----BEGIN PRIVATE KEY…"}` with an RSA key.
#[derive(Debug, Clone)]
pub struct GraphCredential {
    /// The app registration's client id. Not secret.
    pub client_id: String,
    /// What proves it.
    pub proof: ClientAuthentication,
}

/// What authenticates the function as the app.
#[derive(Debug, Clone)]
pub enum ClientAuthentication {
    /// A client secret, sent as it is.
    Secret(SecretString),
    /// A certificate whose key signs an assertion.
    Certificate {
        /// PEM. Not secret.
        certificate: String,
        /// PEM, PKCS #8.
        private_key: SecretString,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GraphCredentialText {
    client_id: String,
    client_secret: Option<SecretString>,
    certificate: Option<String>,
    private_key: Option<SecretString>,
}

impl GraphCredential {
    /// Reads the secret's JSON.
    ///
    /// # Errors
    /// [`SecretError::Malformed`], with what is wrong, if a part is missing or empty.
    pub fn parse(name: &SecretName, text: &SecretString) -> Result<GraphCredential, SecretError> {
        const SHAPE: &str = "not JSON with client_id plus client_secret, or client_id plus certificate and private_key";
        let malformed = |why| SecretError::Malformed(name.clone(), why);
        let text: GraphCredentialText =
            serde_json::from_str(text.expose_secret()).map_err(|_| malformed(SHAPE))?;
        let proof = match (text.client_secret, text.certificate, text.private_key) {
            (Some(secret), None, None) if !secret.expose_secret().is_empty() => {
                ClientAuthentication::Secret(secret)
            }
            (None, Some(certificate), Some(private_key)) => ClientAuthentication::Certificate {
                certificate,
                private_key,
            },
            (Some(_), None, None) => return Err(malformed("client_secret may not be empty")),
            _ => return Err(malformed(SHAPE)),
        };
        if text.client_id.is_empty() {
            return Err(malformed("client_id may not be empty"));
        }
        Ok(GraphCredential {
            client_id: text.client_id,
            proof,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_an_error_nor_debug_output_shows_the_content() {
        let name = SecretName::try_new("graph".to_owned()).unwrap();
        let canary = "c4n4ry";
        let shapes = [
            canary.to_owned(),
            format!(r#"{{"client_id":"a","client_secret":"{canary}","x":1}}"#),
        ];
        for text in shapes {
            let error = GraphCredential::parse(&name, &text.into()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains(canary));
        }
        let good = format!(r#"{{"client_id":"a","client_secret":"{canary}"}}"#);
        let credential = GraphCredential::parse(&name, &good.into()).unwrap();
        assert!(!format!("{credential:?}").contains(canary));
    }
}
