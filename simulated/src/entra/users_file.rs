//! The file that describes a tenant: apps, people with their methods, groups and roles. Names are those of Graph.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::certificates::Certificate;
use super::kinds::DefaultMethod;
use super::methods::Method;
use super::registration::{ContextPolicy, Registration};

/// A tenant as it is at the start.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantFile {
    /// The directory (tenant) id.
    pub tenant_id: Uuid,
    /// The verified domain, for example `contoso.example`, which the login accepts instead of the id.
    pub default_domain: String,
    /// The service plans of the tenant. PIM requires `AAD_PREMIUM_P2`.
    #[serde(default)]
    pub licences: Vec<String>,
    pub apps: Vec<App>,
    /// How many lists of a user's methods still show a method after its deletion.
    #[serde(default)]
    pub deletion_lag: u32,
    pub users: Vec<User>,
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Active role assignments, to people or to role-assignable groups.
    #[serde(default)]
    pub role_assignments: Vec<RoleAssignment>,
    /// Active role assignments that PIM made. Graph lists them with the others.
    #[serde(default)]
    pub role_assignment_schedules: Vec<RoleSchedule>,
    /// Roles that a person or a group may activate in PIM.
    #[serde(default)]
    pub role_eligibilities: Vec<RoleEligibility>,
    /// Memberships and ownerships of groups that a person or a group may activate in PIM for Groups.
    #[serde(default)]
    pub group_eligibilities: Vec<GroupEligibility>,
    /// The Conditional Access policies that protect authentication contexts.
    #[serde(default)]
    pub context_policies: Vec<ContextPolicy>,
}

/// An app registration with its service principal.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct App {
    /// The application (client) id.
    pub client_id: Uuid,
    #[serde(default)]
    pub secret: Option<String>,
    /// The application permissions that an administrator consented to, for example `User.Read.All`.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The certificates, in PEM, with which it may sign client assertions.
    #[serde(default)]
    pub certificates: Vec<Certificate>,
    #[serde(default)]
    pub federated: Vec<Federated>,
    /// Whether it has a role that is scoped to the restricted management units. Only with such a role can it change
    /// people in them
    /// (<https://learn.microsoft.com/entra/identity/role-based-access-control/admin-units-restricted-management>).
    #[serde(default)]
    pub acts_on_restricted: bool,
    /// What it needs so that people can sign in to it.
    #[serde(default)]
    pub sign_in: Option<Registration>,
}

/// A federated identity credential: which tokens of another issuer an app may present as its client assertion
/// (<https://learn.microsoft.com/entra/workload-id/workload-identity-federation>).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Federated {
    /// The tokens' `iss`.
    pub issuer: String,
    /// The tokens' `sub`.
    pub subject: String,
    /// The tokens' `aud`, for example `api://AzureADTokenExchange`.
    pub audience: String,
    /// The JWK set that Entra would fetch from the issuer.
    pub jwks: Value,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    pub id: Uuid,
    pub user_principal_name: String,
    pub display_name: String,
    #[serde(default = "yes")]
    pub account_enabled: bool,
    /// `Member` or `Guest`. It says nothing of where the person signs in.
    #[serde(default = "member")]
    pub user_type: String,
    /// `Invitation`, `SelfServiceSignUp`, ...; null for a person whom an administrator of the tenant made. By default
    /// `Invitation` for a person with `#EXT#` in the name.
    #[serde(default)]
    pub creation_type: Option<String>,
    /// `PendingAcceptance` or `Accepted`; null for a person who was not invited. By default `Accepted` for a person with
    /// `#EXT#` in the name.
    #[serde(default)]
    pub external_user_state: Option<String>,
    /// The issuers with which a person signs in, beside the tenant itself, for example `ExternalAzureAD`.
    #[serde(default)]
    pub federated_identities: Vec<String>,
    /// Whether the account is synced from an Active Directory; null if it never was.
    #[serde(default)]
    pub on_premises_sync_enabled: Option<bool>,
    /// Whether the person is in a restricted management administrative unit.
    #[serde(default)]
    pub is_management_restricted: Option<bool>,
    /// The authentication methods without the password, which every person has.
    #[serde(default)]
    pub methods: Vec<Method>,
    #[serde(default)]
    pub default_method: Option<DefaultMethod>,
    /// The mail address; by default the user principal name, or none for a person with `#EXT#` in it. An empty text
    /// stands for none.
    #[serde(default)]
    pub mail: Option<String>,
    #[serde(default)]
    pub department: Option<String>,
    #[serde(default)]
    pub job_title: Option<String>,
    #[serde(default)]
    pub company_name: Option<String>,
    #[serde(default)]
    pub employee_id: Option<String>,
    /// At most one: Graph takes no more.
    #[serde(default)]
    pub business_phones: Vec<String>,
    #[serde(default)]
    pub mobile_phone: Option<String>,
    /// In RFC 3339; by default that of all objects of the tenant.
    #[serde(default)]
    pub created_date_time: Option<String>,
    /// In RFC 3339; by default the time at which the account was created.
    #[serde(default)]
    pub last_password_change_date_time: Option<String>,
    /// The object id of the manager.
    #[serde(default)]
    pub manager: Option<Uuid>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    pub id: Uuid,
    pub display_name: String,
    #[serde(default)]
    pub is_assignable_to_role: bool,
    /// `Private`, `Public` or `HiddenMembership`. Apps see who is in a group with hidden membership only with
    /// `Member.Read.Hidden`.
    #[serde(default)]
    pub visibility: Option<String>,
    /// The direct members: people or groups.
    #[serde(default)]
    pub members: Vec<Uuid>,
    #[serde(default)]
    pub owners: Vec<Uuid>,
}

/// That a person or a group has a role.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleAssignment {
    /// A person or a group.
    pub principal_id: Uuid,
    /// The template id of a built-in role, or the id of a custom one.
    pub role_definition_id: Uuid,
    /// `/` for the whole tenant, `/administrativeUnits/{id}` for a part of it.
    #[serde(default = "tenant_wide")]
    pub directory_scope_id: String,
}

/// A role assignment that PIM made.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleSchedule {
    /// A person or a group.
    pub principal_id: Uuid,
    /// The template id of a built-in role, or the id of a custom one.
    pub role_definition_id: Uuid,
    /// `/` for the whole tenant, `/administrativeUnits/{id}` for a part of it.
    #[serde(default = "tenant_wide")]
    pub directory_scope_id: String,
    pub assignment_type: AssignmentType,
    /// In how many hours it begins, if it has not begun.
    #[serde(default)]
    pub starts_in_hours: Option<i64>,
}

/// That a person or a group may activate a role.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleEligibility {
    /// A person or a group.
    pub principal_id: Uuid,
    /// The template id of a built-in role, or the id of a custom one.
    pub role_definition_id: Uuid,
    /// `/` for the whole tenant, `/administrativeUnits/{id}` for a part of it.
    #[serde(default = "tenant_wide")]
    pub directory_scope_id: String,
    /// In how many hours it begins, if it has not begun.
    #[serde(default)]
    pub starts_in_hours: Option<i64>,
}

/// How a role became active
/// (<https://learn.microsoft.com/graph/api/resources/unifiedroleassignmentscheduleinstance>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum AssignmentType {
    /// An eligible person activated it, for some hours.
    Activated,
    /// An administrator assigned it.
    Assigned,
}

/// That a person or a group may activate a membership or an ownership of a group in PIM for Groups.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupEligibility {
    /// A person or a group.
    pub principal_id: Uuid,
    pub group_id: Uuid,
    /// `member` or `owner`.
    pub access_id: String,
    /// In how many hours it begins, if it has not begun.
    #[serde(default)]
    pub starts_in_hours: Option<i64>,
}

fn yes() -> bool {
    true
}

fn member() -> String {
    "Member".to_owned()
}

fn tenant_wide() -> String {
    "/".to_owned()
}
