//! The groups that make privileged, which are the role-assignable ones and those that the policy names; and who may become
//! a member or owner of which, by PIM for Groups.
//!
//! Asked the cheap way round: there are few such groups in a tenant and many groups that a person is in. The
//! answer is the same for every person, so it is kept for some minutes, group by group: what one attempt has learned
//! the next need not ask again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

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

/// The groups that make privileged, and who may become part of which.
#[derive(Debug, Default)]
pub struct PrivilegedGroups {
    groups: BTreeMap<ObjectId, Group>,
    /// The groups of which a person or group may become a member or owner.
    eligible: HashMap<ObjectId, Vec<ObjectId>>,
    /// The tenant says that it has no licence for PIM.
    pub unlicensed: bool,
}

impl PrivilegedGroups {
    /// The groups that this person or group may become part of, by name.
    pub fn eligible_of(&self, principal: ObjectId) -> impl Iterator<Item = String> {
        let groups = self.eligible.get(&principal).into_iter().flatten();
        groups.filter_map(|id| self.name_of(*id))
    }

    /// The name of a group, if it is one of them.
    pub fn name_of(&self, id: ObjectId) -> Option<String> {
        let name = |group: &Group| group.name.clone().unwrap_or_else(|| id.to_string());
        self.groups.get(&id).map(name)
    }

    /// Whether the tenant's list of role-assignable groups has it.
    pub fn is_role_assignable(&self, id: ObjectId) -> bool {
        self.groups
            .get(&id)
            .is_some_and(|group| group.role_assignable)
    }

    /// The groups whose members only an app with `Member.Read.Hidden` sees.
    pub fn hidden(&self) -> impl Iterator<Item = ObjectId> {
        let hidden = self.groups.iter().filter(|(_, group)| group.hidden);
        hidden.map(|(id, _)| *id)
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
    groups: Option<Fetched<BTreeMap<ObjectId, Group>>>,
    /// The principals that may become part of a group.
    eligible: HashMap<ObjectId, Fetched<Vec<ObjectId>>>,
    /// What was said once in the log.
    said: BTreeSet<(ObjectId, &'static str)>,
}

#[derive(Debug, Clone, Default)]
struct Group {
    name: Option<String>,
    role_assignable: bool,
    hidden: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedGroup {
    id: ObjectId,
    display_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NamedGroup {
    id: ObjectId,
    display_name: Option<String>,
    /// It must be there; null is what security groups have.
    #[serde(deserialize_with = "given")]
    visibility: Value,
}

/// A member that may be anything and must be there.
fn given<'de, D: Deserializer<'de>>(input: D) -> Result<Value, D::Error> {
    Value::deserialize(input)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Eligibility {
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

    /// The groups that make privileged, and who may become part of which.
    pub async fn get(&self, graph: &Graph) -> Result<PrivilegedGroups, DirectoryError> {
        let mut known = self.known.enter(&()).await;
        let known = &mut *known;
        let now = self.clock.now();
        let groups = match &known.groups {
            Some(groups) if groups.is_younger_than(TTL, now) => groups.value.clone(),
            _ => {
                let groups = self.groups(graph, &mut known.said).await?;
                known.groups = Some(Fetched::new(groups.clone(), now));
                groups
            }
        };
        let is_fresh = |id: &ObjectId| {
            let eligible = known.eligible.get(id);
            eligible.is_some_and(|eligible| eligible.is_younger_than(TTL, now))
        };
        let missing: Vec<ObjectId> = groups.keys().filter(|id| !is_fresh(id)).copied().collect();
        let mut answers = stream::iter(missing)
            .map(async |id| (id, eligible_for(graph, id).await))
            .buffer_unordered(AT_ONCE);
        let mut unlicensed = false;
        while let Some((id, answer)) = answers.next().await {
            let (principals, is_managed) = match answer {
                // What a missing licence means is the core's decision. Without one there is nothing to ask for.
                Err(DirectoryError::Permanent(Fault::Unlicensed)) => {
                    unlicensed = true;
                    break;
                }
                answer => answer?,
            };
            if !is_managed && known.said.insert((id, "not managed")) {
                tracing::warn!(group = %id, "PIM does not manage this group, so no person can become eligible for it");
            }
            known.eligible.insert(id, Fetched::new(principals, now));
        }
        let mut eligible: HashMap<ObjectId, Vec<ObjectId>> = HashMap::new();
        for group in groups.keys() {
            let principals = known.eligible.get(group).into_iter();
            for principal in principals.flat_map(|principals| &principals.value) {
                eligible.entry(*principal).or_default().push(*group);
            }
        }
        Ok(PrivilegedGroups {
            groups,
            eligible,
            unlicensed,
        })
    }

    /// Microsoft Graph, "List groups"; and the policy's own, by their ids.
    async fn groups(
        &self,
        graph: &Graph,
        said: &mut BTreeSet<(ObjectId, &'static str)>,
    ) -> Result<BTreeMap<ObjectId, Group>, DirectoryError> {
        let mut url = graph.url(["v1.0", "groups"])?;
        url.query_pairs_mut()
            .append_pair("$filter", "isAssignableToRole eq true")
            .append_pair("$select", "id,displayName");
        let ids: Vec<ObjectId> = self.named.iter().copied().collect();
        let named = stream::iter(ids)
            .map(async |id| named_group(graph, id).await.map(|group| (id, group)))
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<_>>();
        let (listed, named) = tokio::try_join!(graph.list::<ListedGroup>(url), named)?;
        let mut groups = BTreeMap::new();
        for (id, group) in named {
            if group.is_none() && said.insert((id, "not there")) {
                tracing::warn!(group = %id, "the tenant has no such group: correct privileged_groups in the policy");
            }
            groups.insert(id, group.unwrap_or_default());
        }
        for group in listed {
            let entry = groups.entry(group.id).or_default();
            entry.role_assignable = true;
            entry.name = entry
                .name
                .take()
                .or(group.display_name.as_deref().and_then(shown));
        }
        if groups.len() > MOST_GROUPS {
            return Err(DirectoryError::Permanent(Fault::Unreadable));
        }
        Ok(groups)
    }
}

/// Microsoft Graph, "Get group"; nothing if there is no such group.
async fn named_group(graph: &Graph, id: ObjectId) -> Result<Option<Group>, DirectoryError> {
    let mut url = graph.url(["v1.0", "groups", &id.to_string()])?;
    url.query_pairs_mut()
        .append_pair("$select", "id,displayName,visibility");
    let group: NamedGroup = match graph.get(url).await {
        Err(DirectoryError::Permanent(Fault::NotFound)) => return Ok(None),
        answer => answer?,
    };
    if group.id != id {
        return Err(DirectoryError::Permanent(Fault::Unreadable));
    }
    // Whatever else it may be called one day counts as hidden.
    let is_visible = match &group.visibility {
        Value::Null => true,
        Value::String(text) => ["Private", "Public"]
            .iter()
            .any(|one| text.eq_ignore_ascii_case(one)),
        _ => false,
    };
    Ok(Some(Group {
        name: group.display_name.as_deref().and_then(shown),
        role_assignable: false,
        hidden: !is_visible,
    }))
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
        let (now, later) = tokio::try_join!(
            list(graph, INSTANCES, "principalId", principal),
            list(graph, SCHEDULES, "principalId", principal)
        )?;
        for eligibility in now.into_iter().chain(later) {
            if !reached.contains(&eligibility.group_id) {
                reached.push(eligibility.group_id);
            }
        }
    }
    Ok(reached)
}

/// What has begun.
const INSTANCES: &str = "eligibilityScheduleInstances";

/// That, and what begins later.
const SCHEDULES: &str = "eligibilitySchedules";

/// Who may become part of this group, and whether PIM manages it. PIM rejects a question about a group that it does not
/// manage: one that was never put under it, a synchronised one, or one that is gone. What a person may join is asked
/// from their side, too, see [`reach`].
async fn eligible_for(
    graph: &Graph,
    group: ObjectId,
) -> Result<(Vec<ObjectId>, bool), DirectoryError> {
    let (now, later) = tokio::join!(
        list(graph, INSTANCES, "groupId", group),
        list(graph, SCHEDULES, "groupId", group)
    );
    let mut principals = BTreeSet::new();
    let mut is_managed = true;
    for answer in [now, later] {
        match answer {
            Err(DirectoryError::Permanent(Fault::NotFound | Fault::Refused)) => is_managed = false,
            answer => principals.extend(answer?.into_iter().map(|one| one.principal_id)),
        }
    }
    Ok((principals.into_iter().collect(), is_managed))
}

/// Microsoft Graph, "List eligibilityScheduleInstances" and "List eligibilitySchedules" of PIM for Groups, as a member and
/// as an owner. `by` is `groupId` or `principalId`.
async fn list(
    graph: &Graph,
    list: &str,
    by: &str,
    id: ObjectId,
) -> Result<Vec<Eligibility>, DirectoryError> {
    let mut url = graph.url([
        "v1.0",
        "identityGovernance",
        "privilegedAccess",
        "group",
        list,
    ])?;
    url.query_pairs_mut()
        .append_pair("$filter", &format!("{by} eq '{id}'"));
    graph.list(url).await
}
