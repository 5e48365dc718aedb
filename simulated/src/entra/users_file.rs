//! The file that a tenant is read from: people with their methods, groups, roles and the apps that may
//! ask. Spelled as Graph spells it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::certificates::Certificate;
use super::kinds::DefaultMethod;
use super::methods::Method;

/// A whole tenant, as written down before anything happened in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantFile {
    /// The directory (tenant) id; tokens are asked for under it.
    pub tenant_id: Uuid,
    /// The verified domain, for example `contoso.example`; the login accepts it in the place of the id.
    pub default_domain: String,
    /// The service plans that the tenant pays for. PIM answers only with `AAD_PREMIUM_P2`.
    #[serde(default)]
    pub licences: Vec<String>,
    /// The app registrations.
    pub apps: Vec<App>,
    /// How many lists still show a method after its deletion.
    #[serde(default)]
    pub deletion_lag: u32,
    /// The people.
    pub users: Vec<User>,
    /// The groups.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Active role assignments, to people or to role-assignable groups.
    #[serde(default)]
    pub role_assignments: Vec<RoleAssignment>,
    /// Active role assignments that PIM made, which are role assignments like the others.
    #[serde(default)]
    pub role_assignment_schedules: Vec<RoleSchedule>,
    /// Roles that somebody may activate in PIM.
    #[serde(default)]
    pub role_eligibilities: Vec<RoleAssignment>,
    /// Group memberships and ownerships that somebody may activate in PIM for Groups.
    #[serde(default)]
    pub group_eligibilities: Vec<GroupEligibility>,
}

/// An app registration with its service principal: what is known about a caller.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct App {
    /// The application (client) id.
    pub client_id: Uuid,
    /// The client secret, if it signs in with one.
    #[serde(default)]
    pub secret: Option<String>,
    /// The application permissions that an administrator consented to, for example `User.Read.All`.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The certificates, in PEM, that it may sign a client assertion with.
    #[serde(default)]
    pub certificates: Vec<Certificate>,
    /// The issuers whose word is as good as a secret.
    #[serde(default)]
    pub federated: Vec<Federated>,
    /// Whether it holds a role scoped to the restricted management units, without which nobody in them can
    /// be changed
    /// (<https://learn.microsoft.com/entra/identity/role-based-access-control/admin-units-restricted-management>).
    #[serde(default)]
    pub acts_on_restricted: bool,
}

/// A federated identity credential: an issuer, and which of its tokens an app accepts for itself
/// (<https://learn.microsoft.com/entra/workload-id/workload-identity-federation>).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Federated {
    /// Their `iss`.
    pub issuer: String,
    /// Their `sub`.
    pub subject: String,
    /// Their `aud`, for example `api://AzureADTokenExchange`.
    pub audience: String,
    /// The JWK set that Entra would fetch from the issuer.
    pub jwks: Value,
}

/// A person.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// The object id.
    pub id: Uuid,
    /// The sign-in name.
    pub user_principal_name: String,
    /// The name that people read.
    pub display_name: String,
    /// Whether the account may sign in.
    #[serde(default = "yes")]
    pub account_enabled: bool,
    /// `Member` or `Guest`.
    #[serde(default = "member")]
    pub user_type: String,
    /// Whether it is synced from an Active Directory; null for one that never was.
    #[serde(default)]
    pub on_premises_sync_enabled: Option<bool>,
    /// Whether it is in a restricted management administrative unit.
    #[serde(default)]
    pub is_management_restricted: Option<bool>,
    /// The authentication methods, but for the password, which everybody has.
    #[serde(default)]
    pub methods: Vec<Method>,
    /// The method that the person is asked for by default.
    #[serde(default)]
    pub default_method: Option<DefaultMethod>,
}

/// A group.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    /// The object id.
    pub id: Uuid,
    /// The name that people read.
    pub display_name: String,
    /// Whether roles may be assigned to it.
    #[serde(default)]
    pub is_assignable_to_role: bool,
    /// The direct members: people or groups.
    #[serde(default)]
    pub members: Vec<Uuid>,
    /// The owners.
    #[serde(default)]
    pub owners: Vec<Uuid>,
}

/// A role, somebody who has it, and where.
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
    /// How the role became active.
    pub assignment_type: AssignmentType,
}

/// How a role became active
/// (<https://learn.microsoft.com/graph/api/resources/unifiedroleassignmentscheduleinstance>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum AssignmentType {
    /// Somebody eligible activated it, for hours.
    Activated,
    /// An administrator assigned it.
    Assigned,
}

/// A membership or ownership that somebody may activate in PIM for Groups.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupEligibility {
    /// Who may.
    pub principal_id: Uuid,
    /// In which group.
    pub group_id: Uuid,
    /// `member` or `owner`.
    pub access_id: String,
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
