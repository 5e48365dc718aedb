//! What may make a user privileged: groups and roles, active and eligible, direct and through groups, and what
//! they own. All at once, since a person waits.

use serde::Deserialize;

use super::graph::Graph;
use super::group_eligibility::{self, GroupEligibility};
use crate::ids::ObjectId;
use crate::names::shown;
use crate::reset::ports::{DirectoryError, Fault};
use crate::reset::{Membership, PimEligibility, PrivilegeFacts, RoleAssignment};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DirectoryObject {
    #[serde(rename = "@odata.type")]
    odata_type: Option<String>,
    id: ObjectId,
    display_name: Option<String>,
    role_template_id: Option<String>,
    is_assignable_to_role: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    role_definition_id: String,
    directory_scope_id: Option<String>,
}

pub async fn of(
    graph: &Graph,
    group_eligibility: &GroupEligibility,
    id: ObjectId,
) -> Result<PrivilegeFacts, DirectoryError> {
    let (memberships, owned, assignments, active, roles, table, reached) = tokio::try_join!(
        objects(graph, id, "transitiveMemberOf"),
        objects(graph, id, "ownedObjects"),
        assignments(graph, id, "roleAssignments"),
        licensed(assignments(graph, id, "roleAssignmentScheduleInstances")),
        licensed(assignments(graph, id, "roleEligibilityScheduleInstances")),
        licensed(group_eligibility.get(graph)),
        licensed(group_eligibility::reach(graph, id)),
    )?;
    let unlicensed = active.is_none() || roles.is_none() || table.is_none() || reached.is_none();
    // In person; as a member or owner of a group; or as a member of what they may join first.
    let groups_of = |list: &[Membership]| -> Vec<ObjectId> {
        list.iter().filter_map(Membership::group_id).collect()
    };
    let mut principals = [groups_of(&memberships), groups_of(&owned)].concat();
    principals.extend(reached.unwrap_or_else(|| vec![id]));
    let groups = table
        .iter()
        .flat_map(|table| principals.iter().flat_map(|one| table.of(*one)))
        .collect();
    let eligibility = PimEligibility {
        active: active.unwrap_or_default(),
        roles: roles.unwrap_or_default(),
        groups,
        unlicensed,
    };
    Ok(PrivilegeFacts {
        memberships,
        owned,
        assignments,
        eligibility,
    })
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
) -> Result<Vec<Membership>, DirectoryError> {
    let mut url = graph.url(["v1.0", "users", &id.to_string(), relation])?;
    url.query_pairs_mut().append_pair("$top", "999");
    let objects: Vec<DirectoryObject> = graph.list(url).await?;
    Ok(objects
        .into_iter()
        .map(DirectoryObject::into_membership)
        .collect())
}

/// Microsoft Graph, "List unifiedRoleAssignments" and, for PIM, the active and the eligible schedule instances:
/// direct ones, custom roles and administrative units too. Those of groups need no look: only role-assignable
/// groups can have any, and being in one is enough.
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
            scope: assignment
                .directory_scope_id
                .unwrap_or_else(|| "/".to_owned()),
        })
        .collect())
}

impl DirectoryObject {
    /// Without the permission to read it, an object comes with its id and type alone (Microsoft Graph,
    /// "Limited information returned for inaccessible member objects").
    fn into_membership(self) -> Membership {
        let kind = self
            .odata_type
            .as_deref()
            .and_then(|kind| kind.strip_prefix("#microsoft.graph."));
        match (kind, self.display_name, self.role_template_id) {
            (Some("directoryRole"), Some(name), Some(template)) => {
                let name = shown(&name).unwrap_or_else(|| template.clone());
                Membership::Role { template, name }
            }
            (Some("group"), Some(name), _) => Membership::Group {
                id: self.id,
                name: shown(&name).unwrap_or_else(|| self.id.to_string()),
                assignable_to_role: self.is_assignable_to_role.unwrap_or(false),
            },
            (Some("directoryRole" | "group"), ..) | (None, ..) => Membership::Unreadable,
            // Administrative units, devices, applications: by themselves they make no person privileged.
            (Some(_), ..) => Membership::Other,
        }
    }
}
