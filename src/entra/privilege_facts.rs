//! What may make a user privileged: groups and roles, active and eligible, now and later, direct and through groups, and
//! what they own. All at once, since a person waits.

use serde::Deserialize;
use serde_json::Value;

use super::graph::Graph;
use super::group_eligibility::{self, GroupEligibility, PrivilegedGroups};
use crate::ids::ObjectId;
use crate::names::shown;
use crate::reset::ports::{DirectoryError, Fault};
use crate::reset::{Membership, PimEligibility, PrivilegeFacts, RoleAssignment};

/// Without it Graph leaves memberships in groups with hidden membership out, and does not say so (Microsoft Graph, "List a
/// user's transitive memberships").
const SEES_HIDDEN: &str = "Member.Read.Hidden";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    role_definition_id: String,
    directory_scope_id: Option<Value>,
}

pub async fn of(
    graph: &Graph,
    group_eligibility: &GroupEligibility,
    id: ObjectId,
) -> Result<PrivilegeFacts, DirectoryError> {
    let before = graph.token().await?;
    let (memberships, owned, assignments, active, planned, roles, later, groups, reached) = tokio::try_join!(
        objects(graph, id, "transitiveMemberOf"),
        objects(graph, id, "ownedObjects"),
        assignments(graph, id, "roleAssignments"),
        licensed(assignments(graph, id, "roleAssignmentScheduleInstances")),
        licensed(assignments(graph, id, "roleAssignmentSchedules")),
        licensed(assignments(graph, id, "roleEligibilityScheduleInstances")),
        licensed(assignments(graph, id, "roleEligibilitySchedules")),
        group_eligibility.get(graph),
        licensed(group_eligibility::reach(graph, id)),
    )?;
    let of_pim = [&active, &planned, &roles, &later];
    let unlicensed =
        groups.unlicensed || reached.is_none() || of_pim.iter().any(|list| list.is_none());
    let both = |one: Option<Vec<_>>, other: Option<Vec<_>>| {
        let lists = [one, other].into_iter().flatten();
        lists.flatten().collect()
    };
    let memberships = readable(&memberships, &groups);
    let owned = readable(&owned, &groups);
    let reached = reached.unwrap_or_else(|| vec![id]);
    let eligibility = PimEligibility {
        active: both(active, planned),
        roles: both(roles, later),
        groups: eligible(&groups, &memberships, &owned, &reached),
        unlicensed,
    };
    Ok(PrivilegeFacts {
        hidden: are_hidden(graph, &groups, [before, graph.token().await?]).await,
        memberships,
        owned,
        assignments,
        eligibility,
    })
}

/// The groups that a person may become part of: in person; as a member or owner of a group; or as a member of what they
/// may join first.
fn eligible(
    groups: &PrivilegedGroups,
    memberships: &[Membership],
    owned: &[Membership],
    reached: &[ObjectId],
) -> Vec<String> {
    let of_lists = memberships.iter().chain(owned);
    let principals = of_lists.filter_map(Membership::group_id);
    let of_principals = principals
        .chain(reached.iter().copied())
        .flat_map(|principal| groups.eligible_of(principal));
    let themselves = reached.iter().filter_map(|group| groups.name_of(*group));
    of_principals.chain(themselves).collect()
}

/// Whether a group that makes privileged hides its members from this app. `tokens` are those before and after the
/// question for the memberships: both must show them.
async fn are_hidden(
    graph: &Graph,
    groups: &PrivilegedGroups,
    tokens: [super::token::Token; 2],
) -> bool {
    let Some(group) = groups.hidden().next() else {
        return false;
    };
    let Some(blind) = tokens.iter().find(|token| !token.has(SEES_HIDDEN)) else {
        return false;
    };
    tracing::error!(
        %group,
        "a group of privileged_groups hides its members: give the app the permission Member.Read.Hidden"
    );
    // A consent that was given since shows in a new token.
    graph.renew_if_old(blind).await;
    true
}

/// Nothing, if the tenant has no licence for what was asked.
async fn licensed<T>(
    asked: impl Future<Output = Result<T, DirectoryError>>,
) -> Result<Option<T>, DirectoryError> {
    match asked.await {
        Ok(answer) => Ok(Some(answer)),
        Err(DirectoryError::Permanent(Fault::Unlicensed)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Microsoft Graph, "List a user's transitive memberships" and "List ownedObjects". Uncast, since a cast needs
/// the eventually consistent index.
async fn objects(
    graph: &Graph,
    id: ObjectId,
    relation: &str,
) -> Result<Vec<Value>, DirectoryError> {
    let mut url = graph.url(["v1.0", "users", &id.to_string(), relation])?;
    url.query_pairs_mut().append_pair("$top", "999");
    graph.list_items(url).await
}

/// Microsoft Graph, "List unifiedRoleAssignments" and, for PIM, the active and the eligible schedule instances, and the
/// schedules, which have what begins later, too: direct ones, custom roles and administrative units too. Those of groups
/// need no look: only role-assignable groups can have any, and being in one is enough.
async fn assignments(
    graph: &Graph,
    id: ObjectId,
    kind: &str,
) -> Result<Vec<RoleAssignment>, DirectoryError> {
    let mut url = graph.url(["v1.0", "roleManagement", "directory", kind])?;
    url.query_pairs_mut()
        .append_pair("$filter", &format!("principalId eq '{id}'"));
    let assignments: Vec<Assignment> = graph.list(url).await?;
    Ok(assignments
        .into_iter()
        .map(|assignment| RoleAssignment {
            role: assignment.role_definition_id,
            scope: match assignment.directory_scope_id {
                Some(Value::String(scope)) => Some(scope),
                _ => None,
            },
        })
        .collect())
}

fn readable(objects: &[Value], groups: &PrivilegedGroups) -> Vec<Membership> {
    objects
        .iter()
        .map(|object| membership(object, groups))
        .collect()
}

/// Without the permission to read it, an object comes with its id and type alone (Microsoft Graph,
/// "Limited information returned for inaccessible member objects").
fn membership(object: &Value, groups: &PrivilegedGroups) -> Membership {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let id: Option<ObjectId> = text("id").and_then(|id| id.parse().ok());
    // In whatever letters: only what is certainly something else gives no rights.
    let kind = text("@odata.type").map(str::to_ascii_lowercase);
    let kind = kind
        .as_deref()
        .and_then(|kind| kind.strip_prefix("#microsoft.graph."));
    match (kind, id) {
        (Some("directoryrole"), Some(_)) => match (text("displayName"), text("roleTemplateId")) {
            (Some(name), Some(template)) => Membership::Role {
                name: shown(name).unwrap_or_else(|| template.to_owned()),
                template: template.to_owned(),
            },
            _ => Membership::Unreadable,
        },
        (Some("group"), Some(id)) => group(object, id, groups),
        // Administrative units, devices, applications: by themselves they make no person privileged.
        (Some(kind), Some(_)) if !kind.is_empty() => Membership::Other,
        _ => Membership::Unreadable,
    }
}

/// What is in the tenant's list of role-assignable groups is one, whatever its property says. Of others the property must
/// be there; that it is null means no (Microsoft Graph gives null for ordinary groups).
fn group(object: &Value, id: ObjectId, groups: &PrivilegedGroups) -> Membership {
    let assignable_to_role = match object.get("isAssignableToRole") {
        _ if groups.is_role_assignable(id) => Some(true),
        Some(Value::Bool(assignable)) => Some(*assignable),
        Some(Value::Null) => Some(false),
        _ => None,
    };
    let name = object.get("displayName").and_then(Value::as_str);
    match (name, assignable_to_role) {
        (None, Some(true)) => Membership::Group {
            id,
            name: groups.name_of(id).unwrap_or_else(|| id.to_string()),
            assignable_to_role: true,
        },
        (Some(name), Some(assignable_to_role)) => Membership::Group {
            id,
            name: shown(name).unwrap_or_else(|| id.to_string()),
            assignable_to_role,
        },
        (None, _) | (_, None) => Membership::Unreadable,
    }
}
