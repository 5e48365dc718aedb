//! PIM for Groups: who may become a member or owner of which group that makes privileged, which are the
//! role-assignable ones and those that the policy names.
//!
//! Asked the cheap way round: there are few such groups in a tenant and many groups that a person is in. The
//! answer is the same for every person, so it is kept for some minutes, group by group: what one attempt has learned
//! the next need not ask again.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use serde::Deserialize;

use super::graph::Graph;
use crate::clock::Clock;
use crate::ids::ObjectId;
use crate::names::shown;
use crate::reset::ports::{DirectoryError, Fault};
use crate::single_flight::{Fetched, SingleFlight};

/// How long an answer will do: as long as Entra itself takes to make a change felt.
const TTL: Duration = Duration::from_secs(5 * 60);

/// How many groups are asked at once.
const AT_ONCE: usize = 8;

/// The most role-assignable groups that a tenant may have (Microsoft Learn, "Use Microsoft Entra groups to
/// manage role assignments"); as many again for the policy's.
const MOST_GROUPS: usize = 1000;

/// The most groups that one person is followed into, one after the other.
const MOST_STEPS: usize = 50;

/// Who may become part of which group, as a member or an owner; groups by name.
#[derive(Debug, Default)]
pub struct Eligible(HashMap<ObjectId, Vec<String>>);

impl Eligible {
    /// The groups that this person or group may become part of.
    pub fn of(&self, principal: ObjectId) -> Vec<String> {
        self.0.get(&principal).cloned().unwrap_or_default()
    }
}

/// The tenant's answers, cached.
pub struct GroupEligibility {
    clock: Arc<dyn Clock>,
    /// The policy's own groups.
    named: BTreeSet<ObjectId>,
    known: SingleFlight<(), Known>,
}

#[derive(Default)]
struct Known {
    groups: Option<Fetched<Vec<Group>>>,
    instances: HashMap<ObjectId, Fetched<Vec<Instance>>>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    id: ObjectId,
    display_name: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Instance {
    principal_id: ObjectId,
    group_id: ObjectId,
}

impl GroupEligibility {
    pub fn new(named: BTreeSet<ObjectId>, clock: Arc<dyn Clock>) -> GroupEligibility {
        GroupEligibility {
            clock,
            named,
            known: SingleFlight::default(),
        }
    }

    /// Who may become part of which group.
    pub async fn get(&self, graph: &Graph) -> Result<Eligible, DirectoryError> {
        let mut known = self.known.enter(&()).await;
        let now = self.clock.now();
        let groups = match &known.groups {
            Some(groups) if groups.is_younger_than(TTL, now) => groups.value.clone(),
            _ => {
                let groups = self.groups(graph).await?;
                known.groups = Some(Fetched::new(groups.clone(), now));
                groups
            }
        };
        let missing: Vec<ObjectId> = groups
            .iter()
            .map(|group| group.id)
            .filter(|id| {
                !known
                    .instances
                    .get(id)
                    .is_some_and(|instances| instances.is_younger_than(TTL, now))
            })
            .collect();
        let mut answers = stream::iter(missing)
            .map(async |id| (id, instances(graph, "groupId", id).await))
            .buffer_unordered(AT_ONCE);
        while let Some((id, answer)) = answers.next().await {
            let answer = match answer {
                // A group of the policy's that PIM cannot manage: a synchronised one, or one that is gone.
                Err(DirectoryError::Permanent(Fault::NotFound | Fault::Refused))
                    if self.named.contains(&id) =>
                {
                    tracing::warn!(group = %id, "PIM does not manage this group of privileged_groups");
                    Vec::new()
                }
                answer => answer?,
            };
            known.instances.insert(id, Fetched::new(answer, now));
        }
        let mut eligible = Eligible::default();
        for group in &groups {
            let name = group
                .display_name
                .as_deref()
                .and_then(shown)
                .unwrap_or_else(|| group.id.to_string());
            for instance in known
                .instances
                .get(&group.id)
                .into_iter()
                .flat_map(|instances| &instances.value)
            {
                eligible
                    .0
                    .entry(instance.principal_id)
                    .or_default()
                    .push(name.clone());
            }
        }
        Ok(eligible)
    }

    /// Microsoft Graph, "List groups"; and the policy's own, by their ids.
    async fn groups(&self, graph: &Graph) -> Result<Vec<Group>, DirectoryError> {
        let mut url = graph.url(["v1.0", "groups"])?;
        url.query_pairs_mut()
            .append_pair("$filter", "isAssignableToRole eq true")
            .append_pair("$select", "id,displayName");
        let mut groups: Vec<Group> = graph.list(url).await?;
        for id in &self.named {
            if !groups.iter().any(|group| group.id == *id) {
                groups.push(Group {
                    id: *id,
                    display_name: None,
                });
            }
        }
        if groups.len() > MOST_GROUPS {
            return Err(DirectoryError::Permanent(Fault::Unreadable));
        }
        Ok(groups)
    }
}

/// The person and every group that they may join, one after the other: an eligible member of a group may be
/// eligible for another as a member of that.
pub async fn reach(graph: &Graph, person: ObjectId) -> Result<Vec<ObjectId>, DirectoryError> {
    let mut reached = vec![person];
    let mut next = 0;
    while let Some(principal) = reached.get(next).copied() {
        if next >= MOST_STEPS {
            return Err(DirectoryError::Permanent(Fault::Unreadable));
        }
        next = next.saturating_add(1);
        for instance in instances(graph, "principalId", principal).await? {
            if !reached.contains(&instance.group_id) {
                reached.push(instance.group_id);
            }
        }
    }
    Ok(reached)
}

/// Microsoft Graph, "List eligibilityScheduleInstances" of PIM for Groups, as a member and as an owner. `by` is
/// `groupId` or `principalId`.
async fn instances(graph: &Graph, by: &str, id: ObjectId) -> Result<Vec<Instance>, DirectoryError> {
    let mut url = graph.url([
        "v1.0",
        "identityGovernance",
        "privilegedAccess",
        "group",
        "eligibilityScheduleInstances",
    ])?;
    url.query_pairs_mut()
        .append_pair("$filter", &format!("{by} eq '{id}'"));
    graph.list(url).await
}
