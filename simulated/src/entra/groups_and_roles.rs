//! A person's groups, roles and owned objects, and the lists of groups and of role assignments.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answers::{Answer, Outcome};
use super::calls::{GraphCall, Type};
use super::directory::{CREATED, Directory};
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

/// Without it the members of a group with hidden membership are not seen, neither from the group's side nor from
/// theirs, and the answer does not say that something is missing
/// (<https://learn.microsoft.com/graph/api/user-list-transitivememberof>).
const READS_HIDDEN: [&str; 1] = ["Member.Read.Hidden"];

const GROUP: Type = Type {
    name: "group",
    properties: &[
        "id",
        "displayName",
        "description",
        "createdDateTime",
        "deletedDateTime",
        "groupTypes",
        "isAssignableToRole",
        "mailEnabled",
        "securityEnabled",
        "visibility",
    ],
    more: &[],
};

/// A group or a role.
const DIRECTORY_OBJECT: Type = Type {
    name: "directoryObject",
    properties: GROUP.properties,
    more: &["roleTemplateId"],
};

/// The properties of an assignment in every list.
pub(super) const ASSIGNMENT: &[&str] = &[
    "id",
    "principalId",
    "roleDefinitionId",
    "directoryScopeId",
    "appScopeId",
];

const ROLE_ASSIGNMENT: Type = Type {
    name: "unifiedRoleAssignment",
    properties: ASSIGNMENT,
    more: &[],
};

const LISTS: [&str; 3] = ["$select", "$top", "$skiptoken"];
pub(super) const FILTERED_LISTS: [&str; 4] = ["$filter", "$select", "$top", "$skiptoken"];

/// `GET /users/{id}/transitiveMemberOf`
/// (<https://learn.microsoft.com/graph/api/user-list-transitivememberof>), without custom roles and roles in
/// administrative units.
pub(super) fn memberships(directory: &Directory, call: &GraphCall) -> Outcome {
    call.allow_options(&LISTS)?;
    let id = call.person(directory)?.profile.id;
    let groups = directory
        .groups_of(id)
        .into_iter()
        .filter(|group| !is_hidden(group) || call.permissions.any(&READS_HIDDEN))
        .map(|group| group_object(group, call));
    let roles = directory
        .roles_of(id)
        .into_iter()
        .map(|role| role_object(role, directory.tenant, call));
    call.page(
        "directoryObjects",
        &DIRECTORY_OBJECT,
        groups.chain(roles).collect(),
    )
}

/// `POST /users/{id}/checkMemberGroups`: of up to 20 groups those that the person is in, also through other groups
/// (<https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups>).
pub(super) fn check_member_groups(directory: &Directory, call: &GraphCall) -> Outcome {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Asked {
        group_ids: Vec<Uuid>,
    }
    call.allow_options(&[])?;
    if !call.permissions.any(&READS_GROUPS) {
        return Err(Answer::insufficient_privileges());
    }
    let id = call.person(directory)?.profile.id;
    let asked: Asked = serde_json::from_slice(call.body).map_err(|_| {
        let text = "Invalid value specified for property 'groupIds' of resource 'User'.";
        Answer::error(400, "Request_BadRequest", text)
    })?;
    if asked.group_ids.is_empty() || asked.group_ids.len() > 20 {
        let text = "The number of ids in 'groupIds' must be between 1 and 20.";
        return Err(Answer::error(400, "Request_BadRequest", text));
    }
    let groups = directory.groups_of(id);
    let seen = groups
        .iter()
        .filter(|group| !is_hidden(group) || call.permissions.any(&READS_HIDDEN));
    let found: Vec<_> = seen
        .map(|group| group.id)
        .filter(|id| asked.group_ids.contains(id))
        .collect();
    Ok(Answer::json(
        200,
        json!({"@odata.context": call.context("Collection(Edm.String)"), "value": found}),
    ))
}

/// `GET /users/{id}/ownedObjects` (<https://learn.microsoft.com/graph/api/user-list-ownedobjects>)
pub(super) fn owned_objects(directory: &Directory, call: &GraphCall) -> Outcome {
    call.allow_options(&LISTS)?;
    let id = call.person(directory)?.profile.id;
    let owned = directory
        .groups
        .iter()
        .filter(|group| group.owners.contains(&id));
    call.page(
        "directoryObjects",
        &DIRECTORY_OBJECT,
        owned.map(|group| group_object(group, call)).collect(),
    )
}

/// `GET /groups` (<https://learn.microsoft.com/graph/api/group-list>): all groups, or the role-assignable ones.
pub(super) fn groups(directory: &Directory, call: &GraphCall) -> Outcome {
    call.allow_options(&FILTERED_LISTS)?;
    let only_assignable = call.filter_is("isAssignableToRole eq true")?;
    let groups = directory
        .groups
        .iter()
        .filter(|group| group.is_assignable_to_role || !only_assignable);
    call.page(
        "groups",
        &GROUP,
        groups
            .map(|group| Value::Object(group_fields(group)))
            .collect(),
    )
}

/// `GET /groups/{id}` (<https://learn.microsoft.com/graph/api/group-get>)
pub(super) fn group(directory: &Directory, call: &GraphCall) -> Outcome {
    call.allow_options(&["$select"])?;
    let id = call.user();
    let found = directory
        .groups
        .iter()
        .find(|group| id.parse().is_ok_and(|id: Uuid| id == group.id));
    let group = found.ok_or_else(|| Answer::no_such_resource(id))?;
    call.entity("groups", &GROUP, Value::Object(group_fields(group)))
}

fn is_hidden(group: &Group) -> bool {
    group.visibility.as_deref() == Some("HiddenMembership")
}

/// `GET /roleManagement/directory/roleAssignments`: direct assignments of any scope, also of custom roles
/// (<https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments>).
pub(super) fn role_assignments(directory: &Directory, call: &GraphCall) -> Outcome {
    call.allow_options(&FILTERED_LISTS)?;
    let principal = call.filter(&["principalId"])?.map(|(_, id)| id);
    let active = directory
        .begun_assignments()
        .map(|active| &active.assignment);
    call.page(
        "roleManagement/directory/roleAssignments",
        &ROLE_ASSIGNMENT,
        of_principal(active, principal)
            .map(|assignment| role_entity(assignment, json!({})))
            .collect(),
    )
}

/// The assignments of one principal, or all if no principal is given.
fn of_principal<'a>(
    all: impl Iterator<Item = &'a RoleAssignment>,
    principal: Option<Uuid>,
) -> impl Iterator<Item = &'a RoleAssignment> {
    all.filter(move |assignment| {
        principal.is_none_or(|principal| assignment.principal_id == principal)
    })
}

/// Graph's JSON of an assignment, with the members that only one kind of list has.
pub(super) fn role_entity(assignment: &RoleAssignment, more: Value) -> Value {
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

fn group_fields(group: &Group) -> Map<String, Value> {
    let fields = [
        ("id", json!(group.id)),
        ("displayName", json!(group.display_name)),
        ("description", json!("")),
        ("createdDateTime", json!(CREATED)),
        ("deletedDateTime", Value::Null),
        ("groupTypes", json!([])),
        (
            "isAssignableToRole",
            json!(group.is_assignable_to_role.then_some(true)),
        ),
        ("mailEnabled", json!(false)),
        ("securityEnabled", json!(true)),
        ("visibility", json!(group.visibility)),
    ];
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

fn group_object(group: &Group, call: &GraphCall) -> Value {
    let mut object = group_fields(group);
    object.insert("@odata.type".to_owned(), json!("#microsoft.graph.group"));
    redact_unless(call.permissions.any(&READS_GROUPS), Value::Object(object))
}

fn role_object(role: &Role, tenant: Uuid, call: &GraphCall) -> Value {
    let object = json!({
        "@odata.type": "#microsoft.graph.directoryRole",
        "id": role.object_id(tenant),
        "displayName": role.name,
        "description": "",
        "deletedDateTime": null,
        "roleTemplateId": role.template,
    });
    redact_unless(call.permissions.any(&READS_ROLES), object)
}

/// If an app may not read a type of object, it gets the object's type and id, "but all other properties have a value of
/// null"
/// (<https://learn.microsoft.com/graph/permissions-overview#limited-information-returned-for-inaccessible-member-objects>).
fn redact_unless(readable: bool, mut object: Value) -> Value {
    if let (false, Value::Object(fields)) = (readable, &mut object) {
        for (name, value) in fields {
            if name != "id" && name != "@odata.type" {
                *value = Value::Null;
            }
        }
    }
    object
}
