//! The stories. Each is about one thing that happens to a request; snapshots of them are taken as they go.

mod ends;
mod running;
mod telling;
mod waiting;

use crate::harvest::Harvest;

pub async fn tell_all(harvest: &Harvest) {
    running::tell(harvest).await;
    waiting::tell(harvest).await;
    ends::tell(harvest).await;
    telling::tell(harvest).await;
}
