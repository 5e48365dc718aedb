//! The desk: people verify and approve by signing in to Entra, without a key and without code.
//!
//! ```text
//! session: a person signs in to look ── draft: what they are about to sign ── signature: they sign in anew for it
//!                                       verify ─ a case, with a link for the approver ─ approve or reject
//! ```
//! What is signed, and when it counts, is `approval::sign_in`'s. An approval goes through the same judgement as every
//! other: [`Resets`].
//!
//! | what | file |
//! |---|---|
//! | who is looking | `session` |
//! | whom they look at | `people` |
//! | what is about to be signed | `drafts` |
//! | a signature, and what follows from it | `signatures` |
//! | what the approver sees, and says no to | `cases` |
//! | which of approval, rejection and expiry came first | `decisions` |
//! | the state of a draft, and of a case | `case_state` |
//! | what the worker does, without a visitor | `wake` |
//! | what ticket and trail are told of a case | `case_notifications` |
//! | refused sign-ins, which the security team hears of | `refused` |
//! | how often each may be done | `allowance` |
//! | what is stored | `store` |
//! | the link to the page where an approver's passkey signs | `passkey_link` |
//! | what policy.toml says of the desk | `settings` |
//! | why it does not do what it was asked | `error` |
//! | what the world has to do | `ports` |

mod allowance;
mod case_notifications;
mod case_state;
mod cases;
mod decisions;
mod drafts;
mod error;
mod passkey_link;
mod people;
mod ports;
mod refused;
mod session;
mod settings;
mod signatures;
mod store;
mod visit;
mod wake;

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::approval::IssuerPolicy;
use crate::approval::sign_in::SignInPolicy;
use crate::clock::Clock;
use crate::reset::Resets;
use crate::reset::ports::{AuditTrail, KeySource, Queue, Security, Tickets};

pub use case_notifications::CaseNote;
pub use cases::Case;
pub use decisions::Rejection;
pub use drafts::{OpenDraft, Wanted, WantedEvidence};
pub use error::DeskError;
pub use people::{Contact, FoundPerson, Hint};
pub use ports::{AuthorizationCode, People, Profile, RedeemError, SignInClient};
pub use session::{Bearer, NewSession, Session};
pub use settings::{Context, DeskSettings, DeskUrl, NAME, OwnedPasskey, PasskeyForm};
pub use signatures::SignatureOutcome;
pub use store::DeskStore;
pub use visit::Visit;

/// How many codes are redeemed at once: a flood of them must not use up Entra's patience with this app.
const MOST_REDEMPTIONS: usize = 3;

/// The desk of a deployment.
pub struct Desk {
    pub settings: DeskSettings,
    pub policy: SignInPolicy,
    /// Where Entra's keys are.
    pub issuer: IssuerPolicy,
    pub store: DeskStore,
    pub keys: Arc<dyn KeySource>,
    pub client: Arc<dyn SignInClient>,
    pub people: Arc<dyn People>,
    pub tickets: Arc<dyn Tickets>,
    pub audit: Arc<dyn AuditTrail>,
    pub security: Arc<dyn Security>,
    pub queue: Arc<dyn Queue>,
    pub resets: Resets,
    pub clock: Arc<dyn Clock>,
    pub redemptions: Redemptions,
}

/// The redemptions that are under way.
pub struct Redemptions(Semaphore);

impl Default for Redemptions {
    fn default() -> Redemptions {
        Redemptions(Semaphore::new(MOST_REDEMPTIONS))
    }
}
