//! How often each person may do what costs something, or shows something.

use std::time::Duration;

use super::{Desk, DeskError, Session};
use crate::approval::sign_in::DRAFT_LIFETIME;
use crate::clock::{self, Timestamp};
use crate::ids::ObjectId;
use crate::reset::ports::Key;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub enum Allowance {
    /// A person is looked up, or a contact of theirs is shown.
    LookUps,
    /// A draft is made.
    Drafts,
    /// A verification is shown.
    Cases,
}

impl Allowance {
    /// In the key of what is stored.
    fn name(self) -> &'static str {
        match self {
            Allowance::LookUps => "look-ups",
            Allowance::Drafts => "drafts",
            Allowance::Cases => "views of verifications",
        }
    }

    /// For the person who is told that there were too many.
    fn words(self) -> String {
        let most = self.most();
        match self {
            Allowance::LookUps => {
                format!("looked up {most} people and phone numbers within an hour")
            }
            Allowance::Drafts => format!("begun to sign {most} times within an hour"),
            Allowance::Cases => format!("opened {most} verifications within an hour"),
        }
    }

    /// In an hour, by one person.
    fn most(self) -> usize {
        match self {
            Allowance::LookUps => 20,
            Allowance::Drafts => 30,
            Allowance::Cases => 60,
        }
    }
}

/// The most drafts that a session has open.
const MOST_OPEN: usize = 5;

fn open_key(session: &Session) -> Key {
    Key(format!("desk-count#open#{}", session.hash))
}

impl Desk {
    /// Counts a draft as open until it is signed, or can be signed no more.
    ///
    /// # Errors
    /// [`DeskError::TooMany`] if the session has too many of them.
    pub(super) async fn open_draft(&self, session: &Session) -> Result<(), DeskError> {
        self.take(
            open_key(session),
            DRAFT_LIFETIME,
            MOST_OPEN,
            format!("{MOST_OPEN} texts waiting for your signature"),
        )
        .await
    }

    /// Counts one draft less. A failure only makes the session wait.
    pub(super) async fn close_draft(&self, session: &Session) {
        let key = open_key(session);
        let closed = self
            .store
            .change_list(&key, HOUR, |times: &mut Vec<Timestamp>| {
                times.pop();
                Ok::<(), DeskError>(())
            });
        if let Err(error) = closed.await {
            tracing::warn!(event = "desk", %error, "a signed draft still counts as open");
        }
    }

    /// Counts one more.
    ///
    /// # Errors
    /// [`DeskError::TooMany`] if there were too many within an hour.
    pub(super) async fn count(&self, what: Allowance, by: ObjectId) -> Result<(), DeskError> {
        let key = Key(format!("desk-count#{}#{by}", what.name()));
        self.take(key, HOUR, what.most(), what.words()).await
    }

    /// Adds the present time to a list, if it has fewer than `most` of this last `window`.
    async fn take(
        &self,
        key: Key,
        window: Duration,
        most: usize,
        done: String,
    ) -> Result<(), DeskError> {
        let now = self.clock.now();
        let taken = self
            .store
            .change_list(&key, HOUR, |times: &mut Vec<Timestamp>| {
                times.retain(|at| *at > clock::before(now, window));
                if let Some(oldest) = times.iter().min()
                    && times.len() >= most
                {
                    return Err(DeskError::TooMany {
                        done: done.clone(),
                        again: clock::after(*oldest, window),
                    });
                }
                times.push(now);
                Ok(())
            });
        taken.await?
    }
}
