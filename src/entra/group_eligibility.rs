//! PIM for Groups: who may become a member or owner of which role-assignable group.
//!
//! Asked the cheap way round: there are few role-assignable groups in a tenant and many groups that a person is
//! in. The answer is the same for everybody, so it is kept for some minutes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::graph::Graph;
use crate::clock::{self, Clock, Timestamp};
use crate::ids::ObjectId;
use crate::reset::EligibleGroup;
use crate::reset::ports::{DirectoryError, Fault};

/// How long an answer will do: as long as Entra itself takes to make a change felt.
const TTL: Duration = Duration::from_secs(5 * 60);

/// How many groups are asked at once.
const AT_ONCE: usize = 8;

/// The most role-assignable groups that a tenant may have (Microsoft Learn, "Use Microsoft Entra groups to
/// manage role assignments").
const MOST_GROUPS: usize = 500;

/// Who may become part of which role-assignable group.
#[derive(Debug, Default)]
pub struct Eligible(HashMap<ObjectId, Vec<EligibleGroup>>);

impl Eligible {
    /// The groups that this person or group may become part of.
    pub fn of(&self, principal: ObjectId) -> Vec<EligibleGroup> {
        self.0.get(&principal).cloned().unwrap_or_default()
    }
}

/// The tenant's answer, cached.
pub struct GroupEligibility {
    clock: Arc<dyn Clock>,
    /// Held while asking: all who wait get the same answer.
    cached: Mutex<Option<(Arc<Eligible>, Timestamp)>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    id: ObjectId,
    display_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Instance {
    principal_id: ObjectId,
    access_id: Option<String>,
}

impl GroupEligibility {
    pub fn new(clock: Arc<dyn Clock>) -> GroupEligibility {
        GroupEligibility {
            clock,
            cached: Mutex::new(None),
        }
    }

    /// Who may become part of which group.
    pub async fn get(&self, graph: &Graph) -> Result<Arc<Eligible>, DirectoryError> {
        let mut cached = self.cached.lock().await;
        let now = self.clock.now();
        if let Some((eligible, asked_at)) = cached.as_ref()
            && now < clock::after(*asked_at, TTL)
        {
            return Ok(eligible.clone());
        }
        let eligible = Arc::new(ask(graph).await?);
        *cached = Some((eligible.clone(), now));
        Ok(eligible)
    }
}

async fn ask(graph: &Graph) -> Result<Eligible, DirectoryError> {
    // Microsoft Graph, "List groups".
    let mut url = graph.url(["v1.0", "groups"])?;
    url.query_pairs_mut()
        .append_pair("$filter", "isAssignableToRole eq true")
        .append_pair("$select", "id,displayName");
    let groups: Vec<Group> = graph.list(url).await?;
    if groups.len() > MOST_GROUPS {
        return Err(DirectoryError::Never(Fault::Unreadable));
    }
    let answers: Vec<(Group, Vec<Instance>)> = stream::iter(groups)
        .map(async |group| {
            let instances = instances(graph, group.id).await?;
            Ok::<_, DirectoryError>((group, instances))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let mut eligible = Eligible::default();
    for (group, instances) in answers {
        let name = group.display_name.unwrap_or_else(|| group.id.to_string());
        for instance in instances {
            let as_owner = instance.access_id.as_deref() == Some("owner");
            let group = EligibleGroup {
                name: name.clone(),
                as_owner,
            };
            eligible
                .0
                .entry(instance.principal_id)
                .or_default()
                .push(group);
        }
    }
    Ok(eligible)
}

/// Microsoft Graph, "List eligibilityScheduleInstances" of PIM for Groups, as a member and as an owner.
async fn instances(graph: &Graph, group: ObjectId) -> Result<Vec<Instance>, DirectoryError> {
    let mut url = graph.url([
        "v1.0",
        "identityGovernance",
        "privilegedAccess",
        "group",
        "eligibilityScheduleInstances",
    ])?;
    url.query_pairs_mut()
        .append_pair("$filter", &format!("groupId eq '{group}'"));
    graph.list(url).await
}
