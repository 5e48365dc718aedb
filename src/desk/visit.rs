//! A request of the page.

use crate::clock::Timestamp;
use crate::reset::RequestOrigin;

/// Where a request of the page comes from, and until when its answer must be there.
pub struct Visit {
    pub origin: RequestOrigin,
    pub until: Timestamp,
}
