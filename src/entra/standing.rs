//! What may make a user privileged: groups and roles through groups, and role assignments of any scope.

use serde::Deserialize;

use super::graph::Graph;
use crate::ids::ObjectId;
use crate::reset::ports::DirectoryError;
use crate::reset::{Membership, RoleAssignment, Standing};

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

pub async fn of(graph: &Graph, id: ObjectId) -> Result<Standing, DirectoryError> {
    let (memberships, assignments) =
        tokio::try_join!(memberships(graph, id), assignments(graph, id))?;
    Ok(Standing {
        memberships,
        assignments,
    })
}

/// Microsoft Graph, "List a user's transitive memberships". Uncast, since a cast needs the eventually
/// consistent index.
async fn memberships(graph: &Graph, id: ObjectId) -> Result<Vec<Membership>, DirectoryError> {
    let mut url = graph.url(["v1.0", "users", &id.to_string(), "transitiveMemberOf"])?;
    url.query_pairs_mut().append_pair("$top", "999");
    let objects: Vec<DirectoryObject> = graph.list(url).await?;
    Ok(objects
        .into_iter()
        .map(DirectoryObject::into_membership)
        .collect())
}

/// Microsoft Graph, "List unifiedRoleAssignments": direct ones, custom roles and administrative units too.
async fn assignments(graph: &Graph, id: ObjectId) -> Result<Vec<RoleAssignment>, DirectoryError> {
    let mut url = graph.url(["v1.0", "roleManagement", "directory", "roleAssignments"])?;
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
        let Some(name) = self.display_name else {
            return Membership::Unreadable;
        };
        match (self.odata_type.as_deref(), self.role_template_id) {
            (Some("#microsoft.graph.directoryRole"), Some(template)) => {
                Membership::Role { template, name }
            }
            (Some("#microsoft.graph.group"), _) => Membership::Group {
                id: self.id,
                name,
                assignable_to_role: self.is_assignable_to_role.unwrap_or(false),
            },
            (Some("#microsoft.graph.administrativeUnit"), _) => Membership::Other,
            _ => Membership::Unreadable,
        }
    }
}
