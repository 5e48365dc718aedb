//! What the directory knows of people: facts, no verdict.

use crate::ids::ObjectId;

/// A person in the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name that all comparisons use.
    pub id: ObjectId,
    /// The user principal name of today, for people to read.
    pub upn: String,
    /// `accountEnabled`.
    pub enabled: bool,
    /// `userType` is Guest: another tenant's MFA may be what counts.
    pub guest: bool,
    /// `isManagementRestricted`: in a restricted management administrative unit.
    pub management_restricted: bool,
}

/// Everything that may make somebody privileged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Groups and roles, also through other groups.
    pub memberships: Vec<Membership>,
    /// Role assignments of any scope, custom roles too.
    pub assignments: Vec<RoleAssignment>,
}

/// One group or role that somebody is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// A directory role that is active.
    Role {
        /// `roleTemplateId`.
        template: String,
        /// For people.
        name: String,
    },
    /// A group.
    Group {
        /// Its object id.
        id: ObjectId,
        /// For people.
        name: String,
        /// `isAssignableToRole`.
        assignable_to_role: bool,
    },
    /// Something whose properties we may not read. It may be anything.
    Unreadable,
    /// Something that gives no rights, such as an administrative unit.
    Other,
}

/// A role that somebody holds directly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignment {
    /// `roleDefinitionId`; of a built-in role the same as its template id.
    pub role: String,
    /// `directoryScopeId`.
    pub scope: String,
}
