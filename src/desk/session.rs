//! Sessions: who is looking. A sign-in that only looks gives a bearer for 15 minutes, which the page keeps in its tab. The
//! table holds its hash.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::error::NO_RANDOM;
use super::{AuthorizationCode, Desk, DeskError, Visit};
use crate::approval::sign_in::{DeskRole, SignIn, view_nonce};
use crate::clock::{self, Timestamp};
use crate::ids::{Digest, ObjectId};
use crate::reset::Event;
use crate::reset::ports::Key;

/// How long a person can look before they have to sign in again.
pub(super) const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// The longest text that the nonce of a sign-in that looks is made of.
const LONGEST_RANDOM: usize = 128;

/// The secret of a session.
pub struct Bearer(SecretString);

impl Bearer {
    pub fn new(text: String) -> Bearer {
        Bearer(text.into())
    }

    fn hash(&self) -> Digest {
        Digest::of(self.0.expose_secret().as_bytes())
    }
}

/// A person who looks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    pub person: ObjectId,
    /// To be shown, never compared.
    pub name: Option<String>,
    pub user_name: Option<String>,
    pub verifies: bool,
    pub approves: bool,
    /// Whether they may vouch for the people whose manager they are.
    #[serde(default)]
    pub vouches: bool,
    pub signed_in_at: Timestamp,
    pub expires_at: Timestamp,
    /// The hash of its bearer.
    pub hash: Digest,
}

/// A session that has just begun.
pub struct NewSession {
    pub session: Session,
    /// For the page alone.
    pub bearer: SecretString,
}

fn session_key(hash: &Digest) -> Key {
    Key(format!("desk-session#{hash}"))
}

impl Desk {
    /// Redeems the code of a sign-in that only looks. `random` is what its nonce was made of.
    ///
    /// # Errors
    /// [`DeskError`] if it is no sign-in to this desk by one who has a role here, by the token and by its group.
    pub async fn begin_session(
        &self,
        code: &AuthorizationCode,
        random: &str,
        visit: Visit,
    ) -> Result<NewSession, DeskError> {
        if random.is_empty() || random.len() > LONGEST_RANDOM {
            return Err(DeskError::Unreadable("random has 1 to 128 characters"));
        }
        let token = self.redeem(code).await?;
        let sign_in = self.sign_in(&token, &view_nonce(random)).await;
        let sign_in = sign_in.inspect_err(|error| {
            tracing::warn!(event = "desk", why = %error, "a sign-in to the desk was refused");
        })?;
        // What shows a person the desk signs nothing later, in another window.
        self.store.take_sign_in(&sign_in, None).await?;
        let tenant = self.policy.tenant;
        let roles = self
            .resets
            .desk_roles(tenant, sign_in.person, &sign_in.roles, visit.until);
        let roles = roles.await?;
        if roles.is_empty() {
            return Err(DeskError::RoleMissing("Verifier or Approver"));
        }
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| NO_RANDOM)?;
        let bearer = Bearer(URL_SAFE_NO_PAD.encode(bytes).into());
        let now = self.clock.now();
        let session = Session {
            person: sign_in.person,
            name: sign_in.name,
            user_name: sign_in.user_name,
            verifies: roles.contains(&DeskRole::Verifier),
            approves: roles.contains(&DeskRole::Approver),
            vouches: roles.contains(&DeskRole::Manager),
            signed_in_at: sign_in.at,
            expires_at: clock::after(now, LIFETIME),
            hash: bearer.hash(),
        };
        let key = session_key(&session.hash);
        self.audit
            .append(&Event::SessionBegun {
                at: now,
                by: session.person,
                token_id: sign_in.token_id,
                origin: visit.origin,
            })
            .await?;
        if !self.store.create(key, &session, LIFETIME).await? {
            return Err(NO_RANDOM);
        }
        Ok(NewSession {
            session,
            bearer: bearer.0,
        })
    }

    /// The session of a bearer.
    ///
    /// # Errors
    /// [`DeskError::NoSession`], whatever is wrong with it.
    pub async fn session(&self, bearer: &Bearer) -> Result<Session, DeskError> {
        let key = session_key(&bearer.hash());
        let session: Option<Session> = self.store.read(&key).await?;
        session
            .filter(|session| self.clock.now() < session.expires_at)
            .ok_or(DeskError::NoSession)
    }

    /// Ends a session: its bearer opens nothing any more.
    ///
    /// # Errors
    /// [`DeskError`] if it is not known to have ended.
    pub async fn end_session(&self, session: Session) -> Result<(), DeskError> {
        let key = session_key(&session.hash);
        let (version, _) = self.store.read_versioned::<Session>(&key).await?;
        let ended = Session {
            expires_at: self.clock.now(),
            ..session
        };
        match self.store.write(key, version, &ended, LIFETIME).await? {
            true => Ok(()),
            // Nothing else is written over a session: another request ends it.
            false => Err(DeskError::Busy),
        }
    }

    /// Redeems a code, with few others at the same time.
    pub(super) async fn redeem(&self, code: &AuthorizationCode) -> Result<SecretString, DeskError> {
        let permit = self.redemptions.0.try_acquire();
        let _permit = permit.map_err(|_| DeskError::Busy)?;
        Ok(self.client.redeem(code).await?)
    }

    /// Verifies a token that was redeemed now.
    pub(super) async fn sign_in(
        &self,
        token: &SecretString,
        nonce: &str,
    ) -> Result<SignIn, DeskError> {
        let keys = self.keys_of(token).await?;
        let sign_in = SignIn::verify(token.expose_secret(), &keys, &self.policy, nonce)?;
        sign_in.check_validity(self.clock.now())?;
        Ok(sign_in)
    }
}

impl Session {
    /// Whether the person has a role.
    ///
    /// # Errors
    /// [`DeskError::RoleMissing`].
    pub(super) fn require(&self, role: DeskRole) -> Result<(), DeskError> {
        let has = match role {
            DeskRole::Verifier => self.verifies,
            DeskRole::Approver => self.approves,
            DeskRole::Manager => self.vouches,
        };
        has.then_some(())
            .ok_or(DeskError::RoleMissing(role.as_str()))
    }

    /// Whether the person may see what others signed, and what came of it. A manager sees only what they sign.
    ///
    /// # Errors
    /// [`DeskError::RoleMissing`].
    pub(super) fn require_reader(&self) -> Result<(), DeskError> {
        let reads = self.verifies || self.approves;
        reads
            .then_some(())
            .ok_or(DeskError::RoleMissing("Verifier or Approver"))
    }

    pub fn roles(&self) -> BTreeSet<DeskRole> {
        let roles = [
            (self.verifies, DeskRole::Verifier),
            (self.approves, DeskRole::Approver),
            (self.vouches, DeskRole::Manager),
        ];
        roles
            .into_iter()
            .filter_map(|(has, role)| has.then_some(role))
            .collect()
    }
}
