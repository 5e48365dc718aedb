//! What the directory knows of people: facts, and what may make them privileged.

use crate::approval::ContactEnds;
use crate::clock::Timestamp;
use crate::ids::ObjectId;

/// A person in the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name that all comparisons use.
    pub id: ObjectId,
    /// The user principal name of today, for people to read.
    pub upn: String,
    /// `displayName`, made safe to show; the person or an administrator chose it.
    pub display_name: Option<String>,
    /// `accountEnabled`.
    pub enabled: bool,
    /// They sign in elsewhere, with an account of another organisation or of a third party. Its MFA may be what counts, and
    /// their sessions cannot be revoked here.
    pub external: bool,
    /// `isManagementRestricted`: in a restricted management administrative unit.
    pub management_restricted: bool,
    /// `employeeId`, where the account has one. Two accounts with one are one person.
    pub employee_id: Option<String>,
    /// `onPremisesSyncEnabled`: the account is kept elsewhere. Of others the person may change some contacts.
    pub synced: bool,
    /// `lastPasswordChangeDateTime`.
    pub password: PasswordChange,
    /// What `businessPhones` and `mobilePhone` end in.
    pub contacts: ContactEnds,
}

/// When a password was last changed, as far as the directory says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordChange {
    At(Timestamp),
    /// The directory says that it knows no time.
    NoTime,
    /// The answer lacks it, or it is no time.
    Unreadable,
}

/// Whom the directory calls a person's manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manager {
    pub id: ObjectId,
    /// `displayName`, made safe to show.
    pub name: Option<String>,
}

/// Every fact that may make a person privileged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivilegeFacts {
    /// Groups and roles, also through other groups.
    pub memberships: Vec<Membership>,
    /// What they own.
    pub owned: Vec<Membership>,
    /// Role assignments that are active: of any scope, custom roles too.
    pub assignments: Vec<RoleAssignment>,
    /// What Privileged Identity Management lets them activate.
    pub eligibility: PimEligibility,
    /// A group that the policy calls privileged hides its members from this app, so they may be in it.
    pub hidden: bool,
}

/// What Privileged Identity Management says of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PimEligibility {
    /// Role assignments through PIM that are active, or begin later.
    pub active: Vec<RoleAssignment>,
    /// Roles that they may activate now or later.
    pub roles: Vec<RoleAssignment>,
    /// Groups that make privileged, by name, and that they or a group of theirs may become part of (PIM for Groups).
    pub groups: Vec<String>,
    /// The tenant says that it has no licence for some of this.
    pub unlicensed: bool,
}

/// One group or role that a person is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// A directory role that is active.
    Role {
        /// `roleTemplateId`.
        template: String,
        name: String,
    },
    Group {
        /// Its object id.
        id: ObjectId,
        name: String,
        /// Whether roles can be assigned to it.
        assignable_to_role: bool,
    },
    /// An object whose properties the app may not read. It may be anything.
    Unreadable,
    /// An object that gives no rights, such as an administrative unit.
    Other,
}

impl Membership {
    /// The group's id, if it is a group.
    pub fn group_id(&self) -> Option<ObjectId> {
        match self {
            Membership::Group { id, .. } => Some(*id),
            Membership::Role { .. } | Membership::Unreadable | Membership::Other => None,
        }
    }
}

/// A role that a person holds directly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignment {
    /// `roleDefinitionId`; of a built-in role the same as its template id.
    pub role: String,
    /// `directoryScopeId`, where it can be read.
    pub scope: Option<String>,
}

/// What makes a person privileged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Privilege {
    /// A role, by name where the directory gives it, else by id.
    #[error("holds the role {0}")]
    Role(String),
    /// A role that they may activate.
    #[error("may activate the role {0}")]
    EligibleRole(String),
    /// They own a group that roles can be assigned to.
    #[error("owns the role-assignable group {0}")]
    OwnsGroup(String),
    /// They may become part of a group that roles can be assigned to.
    #[error("may become a member or owner of the role-assignable group {0}")]
    EligibleGroup(String),
    #[error("is in a restricted management administrative unit")]
    RestrictedUnit,
    #[error("is in the role-assignable group {0}")]
    RoleAssignableGroup(String),
    #[error("is in the privileged group {0}")]
    PolicyGroup(String),
    /// The policy names them as an approver or as a key's owner.
    #[error("is an approver")]
    NamedInPolicy,
}
