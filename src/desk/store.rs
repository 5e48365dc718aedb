//! What is stored: sessions by the hash of their bearer, drafts, signatures, rejections and counts.
//!
//! | key | holds | written |
//! |---|---|---|
//! | `desk-session#HASH` | who looks, since when, until when | when it begins, and if the person ends it |
//! | `desk-draft#ID` | the draft's bytes, and whose session made it | once |
//! | `desk-signature#ID` | the token that signs the draft, and that of the verification under it | once: the first good one |
//! | the same | a tombstone, under which nothing is kept any more | by the worker, of a draft that expired unsigned |
//! | `desk-sign-in#PERSON#TIME` | which draft this sign-in signed, or none: it signs no other | once |
//! | `desk-decision#ID` | what was decided about a case | by approvals, a rejection, its expiry |
//! | `desk-course#ID` | what the ticket and the trail know of a case | by the run that has its lease |
//! | `desk-rejections#…` | who rejected what of a person or a ticket, for a day | by a rejection |
//! | `desk-shown#HASH` | which people and contacts a session was shown, never the contact | when one is shown |
//! | `desk-changed#HASH#PERSON` | that the security team was told of a changed contact in this session | once |
//! | `desk-count#open#HASH` | when the drafts were made that a session has not signed | by drafts and signatures |
//! | `desk-count#…` | the times of what is limited by the hour; refused sign-ins | by what is counted |

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::approval::sign_in::{SignIn, SignedApproval, SignedDraft};
use crate::clock::{self, Clock, Timestamp};
use crate::ids::{Digest, DraftId, Reference};
use crate::reset::ports::{Item, Key, SignedApprovals, Store};
use crate::reset::{LedgerError, RETENTION};

/// Longer than a sign-in can sign anything.
const SIGN_IN_IS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How often a list is written anew where others write it, too.
const MOST_TRIES: usize = 5;

/// The desk's items.
#[derive(Clone)]
pub struct DeskStore {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// A draft as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub struct StoredDraft {
    /// Its bytes.
    pub text: String,
    /// The hash of the bearer of the session that made it.
    pub session: Digest,
}

/// What signs a draft.
#[derive(Clone, Serialize, Deserialize)]
struct StoredSignature {
    token: String,
    /// Of an approval, the verification that it rests on.
    verification: Option<DraftId>,
    signed_at: Timestamp,
    /// It is a tombstone, and no signature.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_tombstone: bool,
}

/// A signature, as it was found.
pub struct Signature {
    pub signed: SignedDraft,
    pub verification: Option<DraftId>,
    pub signed_at: Timestamp,
}

impl DeskStore {
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> DeskStore {
        DeskStore { store, clock }
    }

    /// Writes an item that must not be there yet. False if it is.
    pub(super) async fn create(
        &self,
        key: Key,
        value: &impl Serialize,
        keep: Duration,
    ) -> Result<bool, LedgerError> {
        self.write(key, 0, value, keep).await
    }

    /// Writes an item over the version that was read; 0 stands for none. False if it is another one meanwhile.
    pub(super) async fn write(
        &self,
        key: Key,
        over: u64,
        value: &impl Serialize,
        keep: Duration,
    ) -> Result<bool, LedgerError> {
        let body = serde_json::to_string(value).map_err(|_| LedgerError::Corrupt)?;
        let expires_at = clock::after(self.clock.now(), keep);
        let written = self.store.write_over(over, key, body, expires_at);
        Ok(written.await?)
    }

    async fn item(&self, key: &Key) -> Result<Option<Item>, LedgerError> {
        Ok(self.store.get(key).await?)
    }

    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        key: &Key,
    ) -> Result<Option<T>, LedgerError> {
        let (_, value) = self.read_versioned(key).await?;
        Ok(value)
    }

    /// What is there, with its version; 0 if there is nothing.
    pub(super) async fn read_versioned<T: DeserializeOwned>(
        &self,
        key: &Key,
    ) -> Result<(u64, Option<T>), LedgerError> {
        let Some(item) = self.item(key).await? else {
            return Ok((0, None));
        };
        let value = serde_json::from_str(&item.body).map_err(|_| LedgerError::Corrupt)?;
        Ok((item.version, Some(value)))
    }

    /// Changes a list. `change` says whether it may be written.
    pub(super) async fn change_list<T, R>(
        &self,
        key: &Key,
        keep: Duration,
        mut change: impl FnMut(&mut Vec<T>) -> Result<(), R>,
    ) -> Result<Result<(), R>, LedgerError>
    where
        T: Serialize + DeserializeOwned,
    {
        for _ in 0..MOST_TRIES {
            let (version, list) = self.read_versioned(key).await?;
            let mut list: Vec<T> = list.unwrap_or_default();
            if let Err(refused) = change(&mut list) {
                return Ok(Err(refused));
            }
            if self.write(key.clone(), version, &list, keep).await? {
                return Ok(Ok(()));
            }
        }
        let why = "an item of the desk changes too often".to_owned();
        Err(LedgerError::Unavailable(why))
    }

    pub(super) async fn draft(&self, id: &DraftId) -> Result<Option<StoredDraft>, LedgerError> {
        self.read(&Key(format!("desk-draft#{id}"))).await
    }

    pub(super) async fn create_draft(
        &self,
        id: &DraftId,
        draft: &StoredDraft,
    ) -> Result<bool, LedgerError> {
        let key = Key(format!("desk-draft#{id}"));
        self.create(key, draft, RETENTION).await
    }

    /// Takes a sign-in for a draft, or for a session: one sign-in signs one. False if it was taken for something else.
    pub(super) async fn take_sign_in(
        &self,
        sign_in: &SignIn,
        draft: Option<&DraftId>,
    ) -> Result<bool, LedgerError> {
        let (person, second) = (sign_in.person, sign_in.at.as_second());
        let key = Key(format!("desk-sign-in#{person}#{second}"));
        if self.create(key.clone(), &draft, SIGN_IN_IS_KEPT).await? {
            return Ok(true);
        }
        let taken: Option<Option<DraftId>> = self.read(&key).await?;
        Ok(taken.is_some_and(|by| by.as_ref() == draft))
    }

    /// Keeps a signature, if it is the first.
    pub(super) async fn keep_signature(
        &self,
        id: &DraftId,
        token: &SecretString,
        verification: Option<DraftId>,
    ) -> Result<bool, LedgerError> {
        let stored = StoredSignature {
            token: token.expose_secret().to_owned(),
            verification,
            signed_at: self.clock.now(),
            is_tombstone: false,
        };
        let key = Key(format!("desk-signature#{id}"));
        self.create(key, &stored, RETENTION).await
    }

    /// Leaves a tombstone, if there is no signature: a process that was frozen before it kept one can then no longer keep
    /// what no message would bring back.
    pub(super) async fn block_signature(&self, id: &DraftId) -> Result<(), LedgerError> {
        let tombstone = StoredSignature {
            token: String::new(),
            verification: None,
            signed_at: self.clock.now(),
            is_tombstone: true,
        };
        let key = Key(format!("desk-signature#{id}"));
        self.create(key, &tombstone, RETENTION).await.map(|_| ())
    }

    /// The signature of a draft; `None` if it has none.
    pub(super) async fn signature(&self, id: &DraftId) -> Result<Option<Signature>, LedgerError> {
        let key = Key(format!("desk-signature#{id}"));
        let Some(stored) = self.read::<StoredSignature>(&key).await? else {
            return Ok(None);
        };
        if stored.is_tombstone {
            return Ok(None);
        }
        // A signature without what it signs is none.
        let draft = self.draft(id).await?.ok_or(LedgerError::Corrupt)?;
        Ok(Some(Signature {
            signed: SignedDraft {
                draft: draft.text,
                token: stored.token.into(),
            },
            verification: stored.verification,
            signed_at: stored.signed_at,
        }))
    }
}

#[async_trait]
impl SignedApprovals for DeskStore {
    async fn find(&self, reference: &Reference) -> Result<Option<SignedApproval>, LedgerError> {
        let Some(approval) = self.signature(reference.draft()).await? else {
            return Ok(None);
        };
        let Some(under) = approval.verification else {
            return Ok(None);
        };
        let verification = self.signature(&under).await?;
        let verification = verification.ok_or(LedgerError::Corrupt)?;
        Ok(Some(SignedApproval {
            approval: approval.signed,
            verification: verification.signed,
        }))
    }
}
