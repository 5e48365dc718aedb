//! Where somebody stands: groups, roles, ownership, and what PIM would let them activate.

use serde_json::{Value, json};
use uuid::Uuid;

use super::answers::{Answer, Outcome};
use super::asks::Ask;
use super::directory::Directory;
use super::people::CREATED;
use super::roles::Role;
use super::users_file::{Group, RoleAssignment};

const READS_GROUPS: [&str; 6] = [
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

const READS_ROLES: [&str; 4] = [
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

const LISTS: [&str; 3] = ["$select", "$top", "$skiptoken"];
const FILTERED_LISTS: [&str; 4] = ["$filter", "$select", "$top", "$skiptoken"];

/// `GET /users/{id}/transitiveMemberOf`
/// (<https://learn.microsoft.com/graph/api/user-list-transitivememberof>): no custom roles, and none in
/// administrative units.
pub(super) fn memberships(directory: &Directory, ask: &Ask) -> Outcome {
    ask.takes_only(&LISTS)?;
    let id = known(directory, ask)?;
    let groups = directory
        .groups_of(id)
        .into_iter()
        .map(|group| group_object(group, ask));
    let roles = directory
        .roles_of(id)
        .into_iter()
        .map(|role| role_object(role, directory.tenant, ask));
    ask.page("directoryObjects", groups.chain(roles).collect())
}

/// `GET /users/{id}/ownedObjects` (<https://learn.microsoft.com/graph/api/user-list-ownedobjects>)
pub(super) fn owned_objects(directory: &Directory, ask: &Ask) -> Outcome {
    ask.takes_only(&LISTS)?;
    let id = known(directory, ask)?;
    let owned = directory
        .groups
        .iter()
        .filter(|group| group.owners.contains(&id));
    ask.page(
        "directoryObjects",
        owned.map(|group| group_object(group, ask)).collect(),
    )
}

/// `GET /roleManagement/directory/roleAssignments`: direct ones, of any scope, custom roles too
/// (<https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments>).
pub(super) fn role_assignments(directory: &Directory, ask: &Ask) -> Outcome {
    ask.takes_only(&FILTERED_LISTS)?;
    let principal = ask.filter(&["principalId"])?.map(|(_, id)| id);
    let of = of_principal(&directory.assignments, principal);
    ask.page(
        "roleManagement/directory/roleAssignments",
        of.map(|assignment| entity(assignment, json!({}))).collect(),
    )
}

/// `GET /roleManagement/directory/roleEligibilityScheduleInstances`
/// (<https://learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityscheduleinstances>)
pub(super) fn role_eligibilities(directory: &Directory, ask: &Ask, licences: &[String]) -> Outcome {
    ask.takes_only(&FILTERED_LISTS)?;
    has_pim(licences)?;
    let principal = ask.filter(&["principalId"])?.map(|(_, id)| id);
    let of = of_principal(&directory.role_eligibilities, principal);
    let schedule = json!({"startDateTime": CREATED, "endDateTime": null, "memberType": "Direct"});
    let all = of
        .map(|eligibility| entity(eligibility, schedule.clone()))
        .collect();
    ask.page(
        "roleManagement/directory/roleEligibilityScheduleInstances",
        all,
    )
}

/// `GET /identityGovernance/privilegedAccess/group/eligibilityScheduleInstances`, which wants to know of
/// whom or of which group
/// (<https://learn.microsoft.com/graph/api/privilegedaccessgroup-list-eligibilityscheduleinstances>).
pub(super) fn group_eligibilities(
    directory: &Directory,
    ask: &Ask,
    licences: &[String],
) -> Outcome {
    ask.takes_only(&FILTERED_LISTS)?;
    has_pim(licences)?;
    let Some((name, id)) = ask.filter(&["principalId", "groupId"])? else {
        return Err(Answer::error(
            400,
            "MissingParameters",
            "Required parameters are missing: $filter on principalId or groupId.",
        ));
    };
    let chosen = directory.group_eligibilities.iter().filter(|eligibility| {
        id == if name == "groupId" {
            eligibility.group_id
        } else {
            eligibility.principal_id
        }
    });
    let objects = chosen.map(|eligibility| {
        json!({
            "id": format!("{}_{}_{}", eligibility.group_id, eligibility.access_id, eligibility.principal_id),
            "principalId": eligibility.principal_id,
            "groupId": eligibility.group_id,
            "accessId": eligibility.access_id,
            "memberType": "Direct",
            "startDateTime": CREATED,
            "endDateTime": null,
        })
    });
    ask.page(
        "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances",
        objects.collect(),
    )
}

fn known(directory: &Directory, ask: &Ask) -> Result<Uuid, Answer> {
    let person = directory
        .find(ask.user())
        .ok_or_else(|| Answer::no_such_resource(ask.user()))?;
    Ok(person.profile.id)
}

/// The refusal that tenants without PIM give, as scripts in the field read it.
fn has_pim(licences: &[String]) -> Result<(), Answer> {
    if licences.iter().any(|licence| licence == "AAD_PREMIUM_P2") {
        return Ok(());
    }
    let text =
        "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.";
    Err(Answer::error(400, "AadPremiumLicenseRequired", text))
}

fn of_principal(
    all: &[RoleAssignment],
    principal: Option<Uuid>,
) -> impl Iterator<Item = &RoleAssignment> {
    all.iter().filter(move |assignment| {
        principal.is_none_or(|principal| assignment.principal_id == principal)
    })
}

fn entity(assignment: &RoleAssignment, more: Value) -> Value {
    let mut object = json!({
        "id": format!("{}-{}-1", assignment.role_definition_id.simple(), assignment.principal_id.simple()),
        "principalId": assignment.principal_id,
        "roleDefinitionId": assignment.role_definition_id,
        "directoryScopeId": assignment.directory_scope_id,
        "appScopeId": null,
    });
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

fn group_object(group: &Group, ask: &Ask) -> Value {
    let object = json!({
        "@odata.type": "#microsoft.graph.group",
        "id": group.id,
        "displayName": group.display_name,
        "description": "",
        "createdDateTime": CREATED,
        "deletedDateTime": null,
        "groupTypes": [],
        "isAssignableToRole": group.is_assignable_to_role.then_some(true),
        "mailEnabled": false,
        "securityEnabled": true,
    });
    limited_unless(ask.permissions.any(&READS_GROUPS), object)
}

fn role_object(role: &Role, tenant: Uuid, ask: &Ask) -> Value {
    let object = json!({
        "@odata.type": "#microsoft.graph.directoryRole",
        "id": role.object_id(tenant),
        "displayName": role.name,
        "description": "",
        "deletedDateTime": null,
        "roleTemplateId": role.template,
    });
    limited_unless(ask.permissions.any(&READS_ROLES), object)
}

/// An app without permission to read a type of object gets its type and id, "but all other properties have
/// a value of null"
/// (<https://learn.microsoft.com/graph/permissions-overview#limited-information-returned-for-inaccessible-member-objects>).
fn limited_unless(readable: bool, mut object: Value) -> Value {
    if let (false, Value::Object(fields)) = (readable, &mut object) {
        for (name, value) in fields {
            if name != "id" && name != "@odata.type" {
                *value = Value::Null;
            }
        }
    }
    object
}
