//! The function as a client of Entra: what proves at the token endpoint that it is the app.

use secrecy::SecretString;

use super::assertion;
use super::credential::{ClientAuthentication, GraphCredential};
use super::settings::{Credential, EntraDeps};
use crate::reset::ports::{DirectoryError, Fault};
use crate::secrets::{Freshness, SecretError};
use crate::web_identity::WebIdentityError;

/// An app registration, as this function acts as it.
pub struct Client {
    pub token_url: String,
    pub credential: Credential,
    pub deps: EntraDeps,
}

/// The members of the form that authenticate the client.
pub type ProofForm = Vec<(&'static str, SecretString)>;

impl Client {
    /// The client id, and what authenticates it.
    pub async fn proof(&self, freshness: Freshness) -> Result<(String, ProofForm), Denied> {
        let name = match &self.credential {
            Credential::Federated {
                client_id,
                audience,
            } => {
                let token = self.deps.identity.token(audience).await?;
                return Ok((client_id.clone(), asserted(token)));
            }
            Credential::Secret(name) => name,
        };
        let text = self.deps.secrets.get(name, freshness).await?;
        let credential = GraphCredential::parse(name, &text)?;
        let form = match &credential.proof {
            ClientAuthentication::Secret(secret) => vec![("client_secret", secret.clone())],
            ClientAuthentication::Certificate {
                certificate,
                private_key,
            } => {
                let (id, now) = (&credential.client_id, self.deps.clock.now());
                let signed = assertion::sign(id, &self.token_url, certificate, private_key, now);
                asserted(
                    signed.map_err(|why| SecretError::Malformed(name.clone(), why.to_owned()))?,
                )
            }
        };
        Ok((credential.client_id, form))
    }
}

/// RFC 7523, section 2.2.
fn asserted(token: SecretString) -> ProofForm {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    vec![
        ("client_assertion_type", kind.into()),
        ("client_assertion", token),
    ]
}

/// Why there is no token.
pub enum Denied {
    /// The credential may be an old one.
    PerhapsStale,
    Otherwise(DirectoryError),
}

pub const OUTAGE: Denied = Denied::Otherwise(DirectoryError::Transient { after: None });

pub const REFUSED: Denied = Denied::Otherwise(DirectoryError::Permanent(Fault::Credential));

impl From<WebIdentityError> for Denied {
    fn from(error: WebIdentityError) -> Denied {
        tracing::error!(%error, "no federated credential");
        match error {
            WebIdentityError::Unavailable(_) => OUTAGE,
            WebIdentityError::Refused(_) => REFUSED,
        }
    }
}

impl From<SecretError> for Denied {
    fn from(error: SecretError) -> Denied {
        tracing::error!(%error, "no Graph credential");
        match error {
            SecretError::Unavailable(_) => OUTAGE,
            SecretError::Malformed(..) => Denied::PerhapsStale,
            SecretError::Missing(_)
            | SecretError::MarkedForDeletion(_)
            | SecretError::Denied(_)
            | SecretError::Empty(_) => REFUSED,
        }
    }
}
