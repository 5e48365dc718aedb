//! What a request says about itself: its id, its deadline, where it came from.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;

use crate::clock::{self, Timestamp};
use crate::reset::RequestOrigin;

/// The platform's id of this request.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The address of the client that connected, as the platform says; never a header, which any client can write.
#[derive(Debug, Clone)]
pub struct SourceAddress(pub String);

/// When the platform ends the process, if it says so.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(pub Timestamp);

/// The longest that Lambda lets a function run.
const LONGEST_INVOCATION: Duration = Duration::from_secs(15 * 60);

/// What is left for the write that is under way when the time for the work is over, for the one that releases the
/// record, and for answering.
const MARGIN: Duration = Duration::from_secs(10);

/// The most characters that are kept of a client's `User-Agent`.
const LONGEST_AGENT: usize = 200;

impl Deadline {
    /// When work has to be over: after `budget`, or before the platform's deadline if that is sooner. Emulators say 1970
    /// or next century; a deadline is believed only from now to 15 minutes from now.
    pub fn within(platform: Option<Deadline>, budget: Duration, now: Timestamp) -> Timestamp {
        let wanted = clock::after(now, budget);
        match platform {
            Some(Deadline(at)) if at > now && at <= clock::after(now, LONGEST_INVOCATION) => {
                wanted.min(clock::before(at, MARGIN))
            }
            _ => wanted,
        }
    }
}

/// Where a request came from, and when the platform ends the process.
pub struct Meta {
    pub origin: RequestOrigin,
    pub deadline: Option<Deadline>,
}

impl<S: Sync> FromRequestParts<S> for Meta {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Meta, Infallible> {
        let agent = parts.headers.get(USER_AGENT);
        let agent = agent.and_then(|agent| agent.to_str().ok());
        let address: Option<&SourceAddress> = parts.extensions.get();
        Ok(Meta {
            origin: RequestOrigin {
                address: address.map(|SourceAddress(address)| address.clone()),
                agent: agent.map(|agent| agent.chars().take(LONGEST_AGENT).collect()),
            },
            deadline: parts.extensions.get().copied(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_believed_only_if_it_is_one_that_lambda_could_set() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let budget = Duration::from_secs(20);
        let until = |platform: &str| {
            let platform = Deadline(platform.parse().unwrap());
            clock::between(now, Deadline::within(Some(platform), budget, now)).as_secs()
        };
        assert_eq!(until("2026-11-24T12:00:16Z"), 6);
        assert_eq!(until("2026-11-24T12:10:00Z"), 20);
        assert_eq!(until("1970-01-01T00:10:00Z"), 20);
        assert_eq!(until("2072-01-01T00:00:00Z"), 20);
        assert_eq!(
            clock::between(now, Deadline::within(None, budget, now)).as_secs(),
            20
        );
    }
}
